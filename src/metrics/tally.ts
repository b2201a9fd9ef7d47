import type { Counter } from 'prom-client';

/** A series of a counter that costs its events one addition. */
export interface Tally {
  readonly add: () => void;
}

/** Makes tallies, and hands on what they counted. */
export interface Tallies {
  /** A tally of a series, which is there from now on. */
  tally(series: Counter.Internal): Tally;
  /** Hands all that was counted so far to the counters: before every scrape. */
  settle(): void;
}

/** Tallies for series that every request of a rack counts at once, where the counter's own bookkeeping is felt. */
export function createTallies(): Tallies {
  const settlers: (() => void)[] = [];
  return {
    tally(series) {
      let pending = 0;
      series.inc(0);
      settlers.push(() => {
        if (pending > 0) series.inc(pending);
        pending = 0;
      });
      return {
        add() {
          pending += 1;
        },
      };
    },
    settle() {
      for (const settle of settlers) settle();
    },
  };
}
