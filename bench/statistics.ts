/** One figure of both sides, measured one right after the other, so that both met the same machine. */
export interface Pair {
  readonly ours: number;
  readonly bare: number;
}

/** The middle value; the mean of the two middle ones of an even number. Throws for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new Error('there is no median of nothing');
  return (lower + upper) / 2;
}

/** What a comparison comes to. The ratio is the median of the rounds' own ratios, which a busy neighbour moves least. */
export interface Summary {
  readonly ours: number;
  readonly bare: number;
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Sums up the rounds of one figure. */
export function summarise(rounds: readonly Pair[]): Summary {
  const ratios = rounds.map(({ ours, bare }) => ours / bare);
  return {
    ours: median(rounds.map(({ ours }) => ours)),
    bare: median(rounds.map(({ bare }) => bare)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
