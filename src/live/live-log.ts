import type { Diagnostic } from '../diagnostic.ts';
import type { CheckReport, CheckResult } from '../render/check.ts';
import type { Changes, NameChanges } from './changes.ts';
import type { Current, LiveSiteEvents, Refusal } from './reloaded.ts';

/** What events are written to; pino's logger is one. */
export interface LiveLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Reports in the log after one reload; the operator API has them all. */
const LOGGED_REPORTS = 100;

/** Names in one line of the log. */
const LOGGED_NAMES = 20;

/** Writes what happens to a live site into the log: ids and places, never what stands there. */
export function logEvents(logger: LiveLogger): Omit<LiveSiteEvents, 'onReloaded'> {
  return {
    onServed({ served, source }: Current, changes: Changes | undefined, forced: boolean) {
      const { id, profiles, groups } = served.revision;
      const counts = { profiles: profiles.size, groups: groups.size };
      logger.info(
        { revision: id, source, forced, ...counts, ...(changes && { changes: summarise(changes) }) },
        'revision served',
      );
    },
    onRefused({ id, reason, broken, reports }: Refusal) {
      logReports(logger, reports, 'the refused revision has a fault');
      for (const each of broken.slice(0, LOGGED_REPORTS)) logger.error({ ...each }, 'the refused revision breaks this');
      const counts = { broken: broken.length, reports: reports.length };
      logger.error({ revision: id, reason, ...counts }, 'revision refused; the served one stays');
    },
    onFailed(reason: string) {
      logger.error({ reason }, 'the site could not be reloaded; trying again');
    },
    onTakenBack({ served }: Current) {
      logger.info({ revision: served.revision.id }, 'the site is as it is served again');
    },
    onChecked({ complete, reports, unanswered }: CheckResult) {
      const errors = reports.filter((report) => report.diagnostic.severity === 'error');
      logReports(logger, errors, 'the site has a fault');
      const counts = { reports: reports.length, errors: errors.length, unanswered: unanswered.length };
      logger[complete ? 'info' : 'warn']({ complete, ...counts }, 'the site was checked');
    },
    onFault(error: unknown) {
      logger.error({ err: error }, 'the check of the site failed');
    },
  };
}

function logReports(logger: LiveLogger, reports: readonly CheckReport[], message: string): void {
  for (const { profile, group, diagnostic } of reports.slice(0, LOGGED_REPORTS)) {
    const { code, path } = diagnostic;
    // What concerns the directory itself has no place, and quotes nothing that anybody wrote.
    const detail = diagnostic.origin === undefined && code === 'site-file' ? { detail: diagnostic.message } : {};
    logger.error({ profile, group, code, path, at: placeOf(diagnostic), ...detail }, message);
  }
}

function placeOf({ origin }: Diagnostic): string | undefined {
  return origin === undefined ? undefined : `${origin.file}:${origin.line}:${origin.column}`;
}

/** Only what there is of each, and of long lists the first few. */
function summarise({ settings, ...names }: Changes): Readonly<Record<string, unknown>> {
  const shown = Object.entries(names).flatMap(([what, changes]) => {
    const some = summariseNames(changes);
    return Object.keys(some).length === 0 ? [] : [[what, some] as const];
  });
  return { ...Object.fromEntries(shown), ...(settings ? { settings } : {}) };
}

function summariseNames(changes: NameChanges): Readonly<Record<string, unknown>> {
  const lists = Object.entries(changes).filter(([, names]) => names.length > 0);
  return Object.fromEntries(
    lists.map(([how, names]) => [how, names.length <= LOGGED_NAMES ? names : `${names.length} of them`]),
  );
}
