import { LRUCache } from 'lru-cache';

/** What a cache holds and how often it helped. */
export interface CacheStatistics {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

/**
 * A content-addressed cache, bounded in bytes, in which one key is computed once however many ask for it at the same
 * time. A computation that throws is not kept.
 */
export interface ContentCache<T extends object> {
  /** The value if it is there; does not compute. */
  peek(key: string): T | undefined;
  /** The value, computed when it is not there. */
  get(key: string, compute: () => Promise<T>): Promise<T>;
  statistics(): CacheStatistics;
}

/** A cache of at most `maxBytes`, where `sizeOf` tells what one value weighs. */
export function createContentCache<T extends object>(maxBytes: number, sizeOf: (value: T) => number): ContentCache<T> {
  const values = new LRUCache<string, T>({ maxSize: maxBytes, sizeCalculation: (value) => Math.max(1, sizeOf(value)) });
  const underWay = new Map<string, Promise<T>>();
  let hits = 0;
  let misses = 0;
  return {
    peek(key) {
      const value = values.get(key);
      if (value !== undefined) hits += 1;
      return value;
    },
    get(key, compute) {
      const value = values.get(key);
      if (value !== undefined) {
        hits += 1;
        return Promise.resolve(value);
      }
      const running = underWay.get(key);
      if (running !== undefined) return running;
      misses += 1;
      const started = compute()
        .then((computed) => {
          values.set(key, computed);
          return computed;
        })
        .finally(() => underWay.delete(key));
      underWay.set(key, started);
      return started;
    },
    statistics: () => ({ entries: values.size, bytes: values.calculatedSize, hits, misses }),
  };
}
