import { compareText } from '../diagnostic.ts';

/** Names the nearest of the allowed words, or all of them. */
export function suggest(word: string, allowed: readonly string[]): string | undefined {
  if (allowed.length === 0) return undefined;
  const meant = nearest(word, allowed);
  if (meant !== undefined) return `did you mean \`${meant}\`?`;
  return `expected one of ${allowed.map((each) => `\`${each}\``).join(', ')}`;
}

/** Nobody misspells a longer word, and comparing one takes time. */
const MAX_WORD = 100;

/** The allowed word that a misspelt one must have meant, if it is near enough to any. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const ranked = allowed
    .map((each) => ({ each, distance: editDistance(word, each) }))
    .sort((a, b) => a.distance - b.distance || compareText(a.each, b.each));
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.each : undefined;
}

/** The number of slips between two short words: a letter too many, too few or wrong, or two that changed places. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
