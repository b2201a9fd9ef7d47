import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { SiteFaults } from '../live/site-faults.ts';
import { checkSite, type Labels } from '../render/check.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Revision } from '../site/revision.ts';
import { count } from './count.ts';
import { queryOf } from './labels.ts';
import type { CliReport } from './report-formats.ts';
import { REPORT_FORMATS } from './report-formats.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `lint`. */
export interface LintFlags {
  readonly format: string;
  /** What each machine says besides the labels that it is selected by. */
  readonly label?: readonly string[];
}

/**
 * Reports everything that is wrong with a site: text on standard error, the other formats on standard output. Throws
 * `label-invalid` for a label that cannot be said, or that a group selects by.
 */
export async function lintCommand(
  config: Config,
  { format, label = [] }: LintFlags,
  terminal: Terminal,
  version: string,
): Promise<number> {
  endOnSignals();
  const { reports, documents, checked } = await findReports(config, queryOf({ label }), terminal);
  const sorted = [...reports].sort(byPlace);
  const text =
    REPORT_FORMATS[format]?.(sorted, {
      documents,
      colour: terminal.colour,
      version,
      site: config.site.replace(/\/+$/, ''),
    }) ?? '';
  if (format === 'text') terminal.err(text);
  else await terminal.out(text);
  const errors = sorted.filter(({ diagnostic }) => diagnostic.severity === 'error').length;
  const warnings = sorted.filter(({ diagnostic }) => diagnostic.severity === 'warning').length;
  if (format === 'text')
    terminal.err(`${text === '' ? '' : '\n'}${checked}: ${count(errors, 'error')}, ${count(warnings, 'warning')}\n`);
  return errors > 0 ? 1 : 0;
}

interface Found {
  readonly reports: readonly CliReport[];
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly checked: string;
}

async function findReports(config: Config, said: Labels, terminal: Terminal): Promise<Found> {
  try {
    const workshop = await openWorkshop(config);
    try {
      const { revision } = workshop.served;
      refuseSelectedLabels(revision, said);
      const { complete, reports, unanswered } = await checkSite(workshop.served, workshop.renderer, {
        concurrency: 4,
        said,
        onProgress: (done, total) => {
          if (terminal.onTerminal) terminal.err(`\r\u001b[K${done === total ? '' : `rendering ${done} of ${total}`}`);
        },
      });
      const sizes = `${count(revision.profiles.size, 'profile')}, ${count(revision.groups.size, 'group')}`;
      const checked = complete ? sizes : `${sizes}; not everything could be checked`;
      return { reports: [...reports, ...unanswered], documents: revision.documents, checked };
    } finally {
      await workshop.close();
    }
  } catch (error) {
    if (!(error instanceof SiteFaults)) throw error;
    return {
      reports: error.diagnostics.map((diagnostic) => ({ diagnostic })),
      documents: error.documents,
      checked: 'the site cannot be loaded',
    };
  }
}

/** A label that a group selects by would make another machine of those that the check thinks of. */
function refuseSelectedLabels({ format, groups }: Revision, said: Labels): void {
  describedMachine(format, said);
  for (const { selector, file } of groups.values()) {
    const key = Object.keys(said).find((each) => selector.has(each));
    if (key === undefined) continue;
    const message = `--label ${key}: ${file} selects by it, and each group is checked with the labels that it selects by`;
    throw new ProvisioningError('label-invalid', message);
  }
}

function byPlace(a: CliReport, b: CliReport): number {
  const key = ({ diagnostic: { origin, message }, profile, group }: CliReport) =>
    [
      origin?.file ?? '',
      String(origin?.line ?? 0).padStart(8),
      String(origin?.column ?? 0).padStart(8),
      message,
      profile ?? '',
      group ?? '',
    ].join('\0');
  return key(a) < key(b) ? -1 : 1;
}
