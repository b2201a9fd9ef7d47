import { GRUB } from '../boot/grub.ts';
import { IPXE } from '../boot/ipxe.ts';
import type { BootTarget } from '../boot/plan.ts';
import type { Retry } from '../boot/retry.ts';
import type { ErrorCode, ProvisioningError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import type { BootScriptOutcome } from '../metrics/metrics.ts';
import { PROBLEMS } from './problems.ts';

/** Why a machine gets no boot. */
export type BootFault = Exclude<BootScriptOutcome, 'ok' | 'discovery'>;

/** What every error is to a boot loader; the rest passes by itself. */
const FAULTS: Partial<Readonly<Record<ErrorCode, BootFault>>> = {
  'machine-unknown': 'unknown',
  'profile-not-found': 'unknown',
  'boot-missing': 'unknown',
  'parameter-missing': 'unknown',
  'profile-broken': 'broken',
  'boot-broken': 'broken',
  'selection-ambiguous': 'broken',
  'label-invalid': 'invalid',
};

/** What an error is to a boot loader. */
export function bootFaultOf({ code }: ProvisioningError): BootFault {
  return FAULTS[code] ?? 'waiting';
}

/** What somebody at the console can do about it. */
const REMEDIES: Readonly<Record<BootFault, string>> = {
  unknown: 'To boot it, match it in a group of the site whose profile has a boot, and give it what it needs.',
  broken: 'The site has a fault. "pilotlight lint" shows where, and the machine boots once it is mended.',
  waiting: 'Nothing to do: this passes by itself, or the log of the service tells more.',
  invalid: 'Mend the URL that the boot loader is given.',
};

/** What a boot loader is to say and do instead of booting. */
export interface BootNotice {
  readonly target: BootTarget;
  readonly fault: BootFault;
  readonly error: ProvisioningError;
  readonly machine: Machine | undefined;
  readonly exits: boolean;
  readonly retry: Retry;
  readonly requestId: string;
}

/** A script that says on the console what is wrong, never with anything rendered or secret, and does what it can. */
export function writeNotice({ target, fault, error, machine, exits, retry, requestId }: BootNotice): string {
  const { mac, uuid, ip } = machine?.known ?? {};
  const who = Object.entries({ mac, uuid, ip }).flatMap(([key, value]) =>
    value === undefined ? [] : `${key} ${value}`,
  );
  const lines = [
    `${PROBLEMS[error.code].title}.`,
    error.message,
    `Code ${error.code}, request ${requestId}`,
    ...(who.length === 0 ? [] : [`This machine is ${who.join(', ')}`]),
    REMEDIES[fault],
  ];
  const writer = target === 'ipxe' ? IPXE : GRUB;
  return writer.notice({ lines, exits, retry });
}
