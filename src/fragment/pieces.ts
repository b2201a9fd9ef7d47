/** A stretch of a text that was filled in: what the author wrote, or what came of an expression. */
export interface Piece {
  readonly text: string;
  readonly by: 'author' | 'value';
}

/** Noncharacters of Unicode, which stand around values while a text is filled in. */
const OPEN = '\ufdd0';
const CLOSE = '\ufdd1';
const MARKS = /[\ufdd0\ufdd1]/g;

/** True for a text that holds what values are marked with. */
export function holdsMarks(text: string): boolean {
  return text.includes(OPEN) || text.includes(CLOSE);
}

/** Marks a value, so that {@link readPieces} can tell it from its author's text. Marks in the value itself are dropped. */
export function markValue(text: string): string {
  return `${OPEN}${text.replace(MARKS, '')}${CLOSE}`;
}

/** The pieces of a text in which every value was marked. */
export function readPieces(marked: string): readonly Piece[] {
  return marked
    .split(/(\ufdd0[^\ufdd1]*\ufdd1)/)
    .map((part): Piece => {
      const by = part.startsWith(OPEN) ? 'value' : 'author';
      return { text: part.replace(MARKS, ''), by };
    })
    .filter(({ text }) => text !== '');
}
