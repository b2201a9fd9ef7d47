import type { Machine } from '../machine/machine.ts';
import { grubDevice } from './command-line.ts';
import { encode, queryOf } from './ignition-arguments.ts';
import type { BootTarget } from './plan.ts';

/** How a machine asks again: after so many seconds, for the same thing. */
export interface Retry {
  readonly seconds: number;
  /** The last part of the path and the query, percent-encoded: `ipxe?uuid=...`. iPXE takes it beside the script's own URL. */
  readonly reference: string;
  /** The same with a path of its own, for GRUB: `(http,HOST)/grub?...`. */
  readonly file: string;
}

/** What a machine asked for, so that it can ask again. */
export interface Asked {
  readonly target: BootTarget;
  /** The profile that it named; without it the groups select. */
  readonly profileId?: string;
  /** Undefined where what it said could not be read: it starts anew then. */
  readonly machine?: Machine | undefined;
  readonly serviceUrl?: string | undefined;
}

/** How it asks again, with all that it said. */
export function retryOf({ target, profileId, machine, serviceUrl }: Asked, seconds: number): Retry {
  const query = machine === undefined ? '' : queryOf(machine);
  const file = `${grubDevice(serviceUrl) ?? ''}${pathOf(serviceUrl)}/grub${query}`;
  const name = profileId === undefined ? target : encode(profileId);
  const anew = profileId === undefined ? 'boot.ipxe' : '../boot.ipxe';
  return { seconds, reference: machine === undefined ? anew : `${name}${query}`, file };
}

/** The path of the public URL, behind which a proxy may have put the service; only as far as it needs no quotes. */
function pathOf(serviceUrl: string | undefined): string {
  return /^http:\/\/[^/]+((?:\/[\w.%-]+)*)$/.exec(serviceUrl ?? '')?.[1] ?? '';
}

/** What a machine without a boot is told, line by line, and what it does then. */
export interface Notice {
  readonly lines: readonly string[];
  /** It goes on to its next boot device; else it asks again. */
  readonly exits: boolean;
  readonly retry: Retry;
}

/** What the script of a kernel is made of; every text is one word already, and quoted for nothing but its loader. */
export interface BootParts {
  readonly profile: string;
  readonly kernel: string;
  readonly initrds: readonly { readonly flags: readonly string[]; readonly file: string }[];
  readonly args: readonly string[];
  readonly retry: Retry;
}

/** The writer of one boot loader's scripts. */
export interface ScriptWriter {
  /** Boots a kernel; when that fails the machine says so and asks again. */
  boot(parts: BootParts): string;
  /** Says something on the console, and asks again or goes on. */
  notice(notice: Notice): string;
}

/** A line for a console: letters, digits and what no boot loader gives a meaning. */
export function printable(text: string): string {
  return text
    .replace(/[^A-Za-z0-9 .,:/_()=+-]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 200);
}
