import type { CodePointRange } from './oracle.ts';

const LINE_LENGTH = 110;

const HEAD = `/**
 * Ranges of code points, as Unicode 15.0 has them: for each range, in base 36, how far it begins after the end of the one
 * before, and how long it is. Go's unicode package is of that version, and Node.js moves on to newer ones.
 */
export interface CodePointRanges {
  readonly lines: readonly string[];
}

`;

/** The source of src/go-template/unicode-tables.ts for what Go says. */
export function renderTables(printable: readonly CodePointRange[], name: readonly CodePointRange[]): string {
  return [
    HEAD,
    '/** Letters, marks, numbers, punctuation, symbols and the ASCII space: what Go prints without escaping it. */\n',
    `export const PRINTABLE: CodePointRanges = {\n  lines: [\n${renderLines(printable)}  ],\n};\n\n`,
    '/** Letters, decimal digits and `_`: what a name in a template may consist of. */\n',
    `export const NAME_CHARACTERS: CodePointRanges = {\n  lines: [\n${renderLines(name)}  ],\n};\n`,
  ].join('');
}

function renderLines(ranges: readonly CodePointRange[]): string {
  const lines: string[] = [];
  let line = '';
  let end = 0;
  for (const [first, last] of ranges) {
    for (const part of [first - end, last + 1 - first].map((length) => length.toString(36))) {
      if (line.length + part.length >= LINE_LENGTH) {
        lines.push(line);
        line = '';
      }
      line += line === '' ? part : ` ${part}`;
    }
    end = last + 1;
  }
  return [...lines, line].map((text) => `    '${text}',\n`).join('');
}
