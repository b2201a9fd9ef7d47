import type { Origin } from '../diagnostic.ts';

/** Tells where in a file something stands. */
export interface Places {
  /** The place of an offset in UTF-16 units. */
  at(offset: number): Origin;
  /** The place of a line, from 1, and an offset in it, in UTF-16 units from 0. */
  in(line: number, offset: number): Origin;
}

/**
 * Lines and columns of a text. A column counts code points, as butane's do. One look takes time that grows with the
 * logarithm of the text's length, so that a long text on a single line costs no more than another.
 */
export function createPlaces(text: string, file: string): Places {
  const lines = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  const wide = [...text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)].map(({ index }) => index);

  function at(offset: number): Origin {
    const bounded = Math.min(Math.max(offset, 0), text.length);
    const line = countUpTo(lines, bounded);
    const start = lines[line - 1] ?? 0;
    const halves = countUpTo(wide, bounded - 1) - countUpTo(wide, start - 1);
    return { file, line, column: bounded - start - halves + 1 };
  }

  return { at, in: (line, offset) => at((lines[line - 1] ?? text.length) + offset) };
}

/** How many of the sorted numbers are at most `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
