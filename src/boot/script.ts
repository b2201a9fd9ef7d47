import type { Diagnostic, Parsed } from '../diagnostic.ts';
import type { Written } from './command-line.ts';
import { grubDevice, MAX_COMMAND_LINE, splitInitrd, writeArgument, writeFileName } from './command-line.ts';
import { GRUB } from './grub.ts';
import type { IgnitionMode } from './ignition-arguments.ts';
import { ignitionArguments, keyOf, MAX_URL_LENGTH } from './ignition-arguments.ts';
import { IPXE } from './ipxe.ts';
import type { BootPlan, BootTarget, BootText } from './plan.ts';
import { textOf } from './plan.ts';
import type { Retry } from './retry.ts';
import { faultInText } from './word-faults.ts';

/** What a script says beside what is booted. */
export interface ScriptContext {
  readonly mode: IgnitionMode;
  /** Where the machine finds its config; undefined where nobody knows the service's URL. */
  readonly ignitionUrl: string | undefined;
  readonly serviceUrl: string | undefined;
  /** Ids, for people who read the script. */
  readonly profile: string;
  readonly retry: Retry;
}

/** Writes what a machine boots as a script for one boot loader; every fault is at the text that it comes from. */
export function writeBootScript(plan: BootPlan, target: BootTarget, context: ScriptContext): Parsed<string> {
  if (plan.kind === 'script') return writeOwnScript(plan.script, target);
  const diagnostics: Diagnostic[] = [];
  const take = (text: BootText, { path }: { readonly path: string }, written: Written): string => {
    if (written.ok) return written.text;
    diagnostics.push(bootFault(text, `${nameOf(path)} ${written.fault}${target === 'grub' ? ' (for GRUB)' : ''}`));
    return '';
  };
  const device = grubDevice(context.serviceUrl);
  const kernel = take(plan.kernel, plan.kernel, writeFileName(plan.kernel, target, device));
  const initrds = plan.initrds.map((initrd) => {
    const { file, flags, name } = splitInitrd(initrd);
    return { flags, name, file: take(initrd, initrd, writeFileName(file, target, device)) };
  });
  const own = plan.args.map((arg) => take(arg, arg, writeArgument(arg, target)));
  const { mode, ignitionUrl = '' } = context;
  const added = ignitionArguments(mode, ignitionUrl, own);
  const needsUrl = added.some((argument) => argument.endsWith(`=${ignitionUrl}`));
  if (needsUrl) diagnostics.push(...faultsOfUrl(context.ignitionUrl, plan.kernel));
  const named = initrds.map(({ name }) => name);
  // The EFI stub of an older kernel looks for its initrd by this name; every other one passes it over.
  const names =
    target === 'ipxe' && !own.some((argument) => keyOf(argument) === 'initrd') && !named.includes(undefined)
      ? named.map((name) => `initrd=${name}`)
      : [];
  const args = [...names, ...own, ...added];
  const line = (target === 'grub' ? [`BOOT_IMAGE=${kernel}`, ...args] : args).join(' ');
  if (Buffer.byteLength(line) > MAX_COMMAND_LINE) {
    const message = `the kernel's command line has ${Buffer.byteLength(line)} bytes, and a kernel takes ${MAX_COMMAND_LINE}`;
    diagnostics.push(bootFault(plan.kernel, message, 'say less in `args`, or have the machine ask with fewer labels'));
  }
  if (diagnostics.length > 0) return { diagnostics };
  const parts = { profile: context.profile, kernel, initrds, args, retry: context.retry };
  return { value: target === 'ipxe' ? IPXE.boot(parts) : GRUB.boot(parts), diagnostics };
}

function faultsOfUrl(url: string | undefined, { origin }: BootText): readonly Diagnostic[] {
  const at = { origin, path: '$.boot' };
  if (url === undefined) {
    const hint = 'the service listens on every address: name the one that machines use with --public-url';
    return [{ severity: 'error', code: 'boot', message: 'the URL of the Ignition config is not known', ...at, hint }];
  }
  if (!PLAIN_URL.test(url)) {
    const message = 'the public URL of the service holds a character that has a meaning to a boot loader';
    return [{ severity: 'error', code: 'boot', message, ...at, hint: 'choose another --public-url' }];
  }
  if (url.length <= MAX_URL_LENGTH) return [];
  const message = `the URL of the Ignition config has ${url.length} characters, and ${MAX_URL_LENGTH} is the limit`;
  const hint = 'have the machine ask with fewer labels, or choose a shorter --public-url';
  return [{ severity: 'error', code: 'boot', message, ...at, hint }];
}

/** A URL of which every character means itself to boot loaders; whatever a machine said is percent-encoded in it. */
const PLAIN_URL = /^https?:\/\/[\w.:[\]/%?&=@,+-]+$/;

const SCRIPT_START = '#!ipxe';

function writeOwnScript(script: BootText, target: BootTarget): Parsed<string> {
  if (target === 'grub') {
    return { diagnostics: [bootFault(script, 'the boot is a script for iPXE, which GRUB cannot read')] };
  }
  const text = textOf(script.pieces);
  const fault = faultInText(script.pieces, target) ?? faultOfValues(script);
  if (fault !== undefined) return { diagnostics: [bootFault(script, `the script ${fault}`)] };
  const started = text.startsWith(SCRIPT_START) ? text : `${SCRIPT_START}\n${text}`;
  return { value: started.endsWith('\n') ? started : `${started}\n`, diagnostics: [] };
}

/** A value may not be a word of the language: an operator, a comment, a label, or the command itself. */
function faultOfValues({ pieces }: BootText): string | undefined {
  let line = '';
  for (const [index, { text, by }] of pieces.entries()) {
    const before = /[^\s]*$/.exec(line)?.[0] ?? '';
    const after =
      /^[^\s]*/.exec(
        pieces
          .slice(index + 1)
          .map((piece) => piece.text)
          .join(''),
      )?.[0] ?? '';
    if (by === 'value') {
      if (/^\s*$/.test(line.slice(line.lastIndexOf('\n') + 1))) return 'has a value where a command is expected';
      if (/^(?:\|\||&&|;)$|^#|\\$/.test(`${before}${text}${after}`))
        return 'has a value that iPXE takes for an operator';
    }
    line += text;
  }
  return undefined;
}

function bootFault({ origin, path }: BootText, message: string, hint?: string): Diagnostic {
  return { severity: 'error', code: 'boot', message, path, origin, ...(hint === undefined ? {} : { hint }) };
}

/** `$.boot.args.2` is the argument 3. */
function nameOf(path: string): string {
  const [, key = '', index] = /^\$\.boot\.([a-z]+)(?:\.(\d+))?/.exec(path) ?? [];
  const names: Readonly<Record<string, string>> = { args: 'the argument', initrd: 'the initrd', kernel: 'the kernel' };
  return index === undefined ? `${names[key] ?? key}` : `${names[key] ?? key} ${Number(index) + 1}`;
}
