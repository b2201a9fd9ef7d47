import type { Config } from '../config.ts';
import { SiteFaults } from '../live/site-faults.ts';
import { checkSite } from '../render/check.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import { count } from './count.ts';
import type { CliReport } from './report-formats.ts';
import { REPORT_FORMATS } from './report-formats.ts';
import type { Terminal } from './terminal.ts';

/** Reports everything that is wrong with a site: text on standard error, the other formats on standard output. */
export async function lintCommand(
  config: Config,
  format: string,
  terminal: Terminal,
  version: string,
): Promise<number> {
  endOnSignals();
  const { reports, documents, checked } = await findReports(config, terminal);
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

async function findReports(config: Config, terminal: Terminal): Promise<Found> {
  try {
    const workshop = await openWorkshop(config);
    try {
      const { revision } = workshop.served;
      const { complete, reports, unanswered } = await checkSite(workshop.served, workshop.renderer, {
        concurrency: 4,
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
