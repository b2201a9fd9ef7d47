import type { Parsed } from '../diagnostic.ts';

/** The text of a file in UTF-8, with its byte order mark if it has one; the first byte that is none is a fault. */
export function decodeText(content: Buffer, file: string): Parsed<string> {
  const value = content.toString('utf8');
  const again = Buffer.from(value);
  if (again.equals(content)) return { value, diagnostics: [] };
  let bad = 0;
  while (content[bad] === again[bad]) bad += 1;
  // What comes before may end in the middle of a character.
  const before = content
    .subarray(0, bad)
    .toString('utf8')
    .replace(/\ufffd$/, '')
    .split('\n');
  const origin = { file, line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
  return { diagnostics: [{ severity: 'error', code: 'encoding', message: 'the file is not UTF-8', origin }] };
}
