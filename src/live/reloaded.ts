import type { CheckReport, CheckResult } from '../render/check.ts';
import type { Served } from '../render/served.ts';
import type { FilesCopy } from '../site/files-copy-file.ts';
import type { Broken } from './broken.ts';
import type { Changes } from './changes.ts';

/** The revision that is served; replaced whole, by one assignment. */
export interface Current {
  readonly served: Served;
  readonly copy: FilesCopy;
  /** Where it was read: the site directory, or the state directory after a restart. */
  readonly source: 'site' | 'state';
  readonly loadedAt: Date;
  /** What is wrong with it; incomplete until every profile was rendered for every group. */
  readonly check: Pick<CheckResult, 'complete' | 'reports' | 'outcomes' | 'unanswered'>;
}

/** A revision that was not taken. */
export interface Refusal {
  /** Absent when the site could not be read or does not parse. */
  readonly id?: string;
  readonly since: Date;
  /** `invalid`: it does not parse; `breaks`: something that is served would not render. */
  readonly reason: 'invalid' | 'breaks';
  readonly broken: readonly Broken[];
  readonly reports: readonly CheckReport[];
}

/** How a reload ended. */
export type Reloaded =
  | { readonly outcome: 'served' | 'unchanged'; readonly revision: string }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  /** The service could not find out; it tries again by itself. */
  | { readonly outcome: 'failed'; readonly reason: string };

/** What happens to a live site, for the log and the metrics. */
export interface LiveSiteEvents {
  /** `changes` is absent for the first revision. */
  readonly onServed: (current: Current, changes: Changes | undefined, forced: boolean) => void;
  readonly onRefused: (refusal: Refusal) => void;
  readonly onFailed: (reason: string) => void;
  /** The site is as it is served again, after something else was refused. */
  readonly onTakenBack: (current: Current) => void;
  /** After every reload, also those that changed nothing. */
  readonly onReloaded: (outcome: Reloaded['outcome']) => void;
  readonly onChecked: (result: CheckResult) => void;
  /** The check itself failed, which it never should. */
  readonly onFault: (error: unknown) => void;
}

/** Whether a revision was refused for the same as before, so that nobody has to be told again. */
export function isSameRefusal(before: Refusal, now: Omit<Refusal, 'since'>): boolean {
  const texts = ({ id, reason, broken, reports }: Omit<Refusal, 'since'>) =>
    JSON.stringify([id, reason, broken, reports]);
  return texts(before) === texts(now);
}
