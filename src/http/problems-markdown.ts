import { effectOf } from './problem-kind.ts';
import { PROBLEMS } from './problems.ts';

const HEAD = `# Problems

Every error of the HTTP APIs carries a code, in \`code\` and at the end of \`type\` (\`/problems#CODE\`, where both APIs show
what follows as a page). This page has one section for each. "The machine" is Ignition fetching its first config: 4xx
stops it at once, in the emergency shell; 503 makes it ask again for up to two minutes, and without end when another
config refers to ours.

The detail says what is wrong in this case. For a fault in the site it names no line, since a machine may read it; ask
\`pilotlight lint\`, \`GET /v1/reports\` or the log for that, by the \`instance\`, which the log has as \`reqId\`.

The table \`PROBLEMS\` of the source is the origin of this page. \`UPDATE_GOLDEN=1 npm test -- unit/docs\` writes it anew.
`;

/** The page docs/problems.md: every row of the table, in its order, in lines of at most 120 characters. */
export function problemsMarkdown(): string {
  const problems = Object.entries(PROBLEMS);
  const rows = problems.map(([code, { status, fault }]) => `| [\`${code}\`](#${code}) | ${status} | ${fault} |\n`);
  const sections = problems.map(([code, problem]) => {
    const { status, title, meaning, remedy, see = [] } = problem;
    const links = see.map(([name, target]) => `[${name}](${target})`).join(', ');
    const paragraphs = [
      `**${title}.** Status ${status}. ${effectOf(problem)}`,
      meaning,
      remedy,
      ...(links === '' ? [] : [`See ${links}.`]),
    ];
    return `\n## ${code}\n${paragraphs.map((text) => `\n${wrap(text)}\n`).join('')}`;
  });
  return `${HEAD}\n| code | status | whose fault |\n|---|---|---|\n${rows.join('')}${sections.join('')}`;
}

const LINE = 120;

/** Breaks a paragraph at spaces; a word that is longer than a line has one of its own. */
function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
