import { type CodePointRanges, NAME_CHARACTERS, PRINTABLE } from './unicode-tables.ts';

/** Whether Go prints a code point as it is, where it quotes. */
export const isPrintable: (codePoint: number) => boolean = membership(PRINTABLE);

/** Whether a code point may be part of a name in a template. */
export const isNameCharacter: (codePoint: number) => boolean = membership(NAME_CHARACTERS);

function membership({ lines }: CodePointRanges): (codePoint: number) => boolean {
  // Each entry is where the answer changes: from no to yes at even indexes, and back at odd ones.
  const changes: number[] = [];
  let end = 0;
  for (const part of lines.join(' ').split(' ')) {
    end += Number.parseInt(part, 36);
    changes.push(end);
  }
  return (codePoint) => {
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((changes[middle] ?? 0) <= codePoint) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  };
}
