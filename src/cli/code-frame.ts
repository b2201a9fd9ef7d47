import type { Diagnostic, Severity } from '../diagnostic.ts';
import { printable, styled } from './terminal.ts';

const SEVERITY_STYLE: Readonly<Record<Severity, 'red' | 'yellow' | 'blue'>> = {
  error: 'red',
  warning: 'yellow',
  info: 'blue',
};

/** A wider line than this is cut around the column. */
const MAX_WIDTH = 160;

/** How a diagnostic is shown to a person. */
export interface FrameOptions {
  /** The text of the site's documents. */
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly colour: boolean;
  /** Shows the source lines around the place. */
  readonly frame: boolean;
  /** What the diagnostic came up for, such as `profile worker, group node1`. */
  readonly about?: string;
}

/** A diagnostic as text: severity and message, place, source lines with a caret, hint. Ends with a line feed. */
export function formatDiagnostic(diagnostic: Diagnostic, options: FrameOptions): string {
  const { severity, message, origin, path, hint } = diagnostic;
  const { colour } = options;
  const lines = [
    `${styled(severity, SEVERITY_STYLE[severity], colour)}: ${styled(printable(message), 'bold', colour)}`,
  ];
  if (origin !== undefined) {
    const where = `${printable(origin.file)}:${origin.line}:${origin.column}`;
    const details = [path === undefined ? undefined : printable(path), options.about].filter(
      (each) => each !== undefined,
    );
    lines.push(`  ${styled('-->', 'blue', colour)} ${where}${details.length === 0 ? '' : ` (${details.join('; ')})`}`);
    const text = options.documents.get(origin.file)?.toString('utf8');
    if (options.frame && text !== undefined) lines.push(...frame(text, origin.line, origin.column, colour));
  } else if (options.about !== undefined) lines.push(`  (${options.about})`);
  if (hint !== undefined) lines.push(`  ${styled('hint:', 'cyan', colour)} ${printable(hint)}`);
  return `${lines.join('\n')}\n`;
}

function frame(text: string, line: number, column: number, colour: boolean): readonly string[] {
  const source = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const first = Math.max(1, line - 2);
  const last = Math.min(source.length, line + 2);
  const width = String(last).length;
  const lines: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const full = [...(source[number - 1] ?? '')];
    const from = number === line && column > MAX_WIDTH ? column - MAX_WIDTH / 2 : 0;
    const shown = full.slice(from, from + MAX_WIDTH);
    const gutter = styled(`${String(number).padStart(width + 2)} |`, 'dim', colour);
    lines.push(`${gutter} ${printable(shown.join(''))}`.trimEnd());
    if (number !== line) continue;
    const before = printable(shown.slice(0, Math.max(0, column - 1 - from)).join(''));
    lines.push(
      `${styled(`${' '.repeat(width + 2)} |`, 'dim', colour)} ${' '.repeat([...before].length)}${styled('^', 'red', colour)}`,
    );
  }
  return lines;
}
