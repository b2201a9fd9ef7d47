import { LRUCache } from 'lru-cache';
import { always } from '../butane/fair-queue.ts';

/** What a cache holds and how often it helped. */
export interface CacheStatistics {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly maxBytes: number;
}

/**
 * A content-addressed cache, bounded in bytes, in which one key is computed once however many ask for it at the same
 * time. A computation that throws is not kept.
 */
export interface ContentCache<T extends object> {
  /** The value if it is there; does not compute. */
  peek(key: string): T | undefined;
  /**
   * The value, computed when it is not there. `compute` is given a function that tells whether any of those who wait for
   * the value still wants it.
   */
  get(key: string, compute: (wanted: () => boolean) => Promise<T>, wanted?: () => boolean): Promise<T>;
  /** Puts a value there that was computed before. */
  put(key: string, value: T): void;
  /** What is there, the most recently used first. */
  entries(): Iterable<readonly [string, T]>;
  statistics(): CacheStatistics;
}

interface UnderWay<T> {
  readonly value: Promise<T>;
  readonly wanted: (() => boolean)[];
}

/** A cache of at most `maxBytes`, where `sizeOf` tells what one value weighs. */
export function createContentCache<T extends object>(maxBytes: number, sizeOf: (value: T) => number): ContentCache<T> {
  const values = new LRUCache<string, T>({ maxSize: maxBytes, sizeCalculation: (value) => Math.max(1, sizeOf(value)) });
  const underWay = new Map<string, UnderWay<T>>();
  let hits = 0;
  let misses = 0;
  return {
    peek(key) {
      const value = values.get(key);
      if (value !== undefined) hits += 1;
      return value;
    },
    get(key, compute, wanted = always) {
      const value = values.get(key);
      if (value !== undefined) {
        hits += 1;
        return Promise.resolve(value);
      }
      const running = underWay.get(key);
      if (running !== undefined) {
        running.wanted.push(wanted);
        return running.value;
      }
      misses += 1;
      const all = [wanted];
      const started = compute(() => all.some((each) => each()))
        .then((computed) => {
          values.set(key, computed);
          return computed;
        })
        .finally(() => underWay.delete(key));
      underWay.set(key, { value: started, wanted: all });
      return started;
    },
    put: (key, value) => void values.set(key, value),
    entries: () => values.entries(),
    statistics: () => ({ entries: values.size, bytes: values.calculatedSize, maxBytes, hits, misses }),
  };
}
