/** Does work when its turn comes, and gives what it gives. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets at most so much work go on at once; what waits takes turns in the order in which it came. */
export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let going = 0;
  return async (work) => {
    if (going < atOnce) going += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Who is next takes this place over, so that nobody comes between.
      if (next === undefined) going -= 1;
      else next();
    }
  };
}
