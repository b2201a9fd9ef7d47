import type { Config } from '../config.ts';
import { readSiteRevision } from '../service/workshop-process.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Explanation, GroupVerdict } from '../site/outcome.ts';
import { explain } from '../site/selection.ts';
import { formatDiagnostic } from './code-frame.ts';
import type { LabelFlags } from './labels.ts';
import { queryOf } from './labels.ts';
import { tellLeftOut } from './left-out.ts';
import type { Terminal } from './terminal.ts';
import { printable, styled } from './terminal.ts';

const VERDICTS: Readonly<Record<GroupVerdict['verdict'], string>> = {
  decides: 'decides the profile',
  contributes: 'contributes parameters',
  contradicts: 'contradicts another one',
  'less-specific': 'matches, but is less specific',
  'other-profile': 'matches, but names another profile',
  'does-not-match': 'does not match',
};

const MARKS: Readonly<Partial<Record<GroupVerdict['verdict'], string>>> = {
  decides: '*',
  contributes: '+',
  contradicts: '!',
};

/** Tells what a machine gets and why; exit 1 when it gets nothing. */
export async function explainCommand(config: Config, flags: LabelFlags, terminal: Terminal): Promise<number> {
  const query = queryOf(flags);
  const revision = await readSiteRevision(config.site, config.siteFormat);
  const machine = describedMachine(revision.format, query);
  const explanation = explain(revision, machine);
  const { colour } = terminal;
  const labels = machine.entries.map(([key, value]) => `${key}=${value}`);
  const given = `machine: ${labels.length === 0 ? 'no labels' : labels.join(' ')}`;
  const lines = [given, ...outcomeLines(explanation)].map(printable);
  lines.push('groups:');
  for (const { group, verdict, mismatches } of explanation.groups) {
    const why = mismatches
      .map(({ key, reason }) => (reason === 'absent' ? `${key} is not given` : `${key} is another`))
      .join(', ');
    const mark = MARKS[verdict] ?? ' ';
    lines.push(
      `  ${mark} ${styled(group.id, 'bold', terminal.outOnTerminal && colour)}: ${VERDICTS[verdict]}${why === '' ? '' : ` (${printable(why)})`}`,
    );
  }
  if (explanation.groups.length === 0) lines.push('  none');
  await terminal.out(`${lines.join('\n')}\n`);
  tellLeftOut(revision, terminal);
  if (explanation.outcome.ok) return 0;
  for (const diagnostic of explanation.outcome.error.diagnostics) {
    terminal.err(
      `${formatDiagnostic(diagnostic, { documents: revision.documents, colour, frame: terminal.onTerminal })}\n`,
    );
  }
  return 1;
}

function outcomeLines({ outcome }: Explanation): readonly string[] {
  if (!outcome.ok) return [`profile: none, because ${outcome.error.message}`];
  const { profile, group, contributions } = outcome.selection;
  return [
    `profile: ${profile.id}${group === undefined ? '' : ` (group ${group.id})`}`,
    ...[...contributions].map(([name, { source }]) => `parameter: ${name} from ${source}`),
  ];
}
