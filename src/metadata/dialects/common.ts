import type { Instance } from '../instance.ts';

/** What most dialects have in common. */
export const COMMON = { address: '169.254.169.254', refusesForwarded: 'never', unknown: 'wait' } as const;

/** Keys, one in a line. */
export const KEYS = ({ sshKeys }: Instance): string | undefined =>
  sshKeys.length === 0 ? undefined : sshKeys.join('\n');
