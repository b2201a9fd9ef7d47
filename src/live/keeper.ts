import type { Snapshot } from './snapshot.ts';
import type { StateStore } from './state-file.ts';

/** Keeps the last good revision up to date on disk. */
export interface Keeper {
  /**
   * Writes what `snapshot` gives, and from now on again whenever there is more worth keeping. Resolves when it is on disk,
   * or could not be written; calls that come while one is written are one.
   */
  keep(snapshot: () => Snapshot): Promise<void>;
  /** Writes what was not written yet, and ends. */
  close(): Promise<void>;
}

/** What a keeper is made from. */
export interface KeeperOptions {
  readonly store: Pick<StateStore, 'save'>;
  /** A number that grows with what would be worth keeping: configs that were made since. */
  readonly progress: () => number;
  readonly onSaved: (bytes: number) => void;
  /** The state could not be written; called at each failure. */
  readonly onFailure: (error: unknown) => void;
  /** How often it is looked whether there is something new. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 30_000;

/** A keeper that has kept nothing yet. A write that fails is tried again at the next interval. */
export function createKeeper(options: KeeperOptions): Keeper {
  let source: (() => Snapshot) | undefined;
  let writing: Promise<void> | undefined;
  let isDirty = false;
  let keptProgress = 0;

  async function write(): Promise<void> {
    while (isDirty && source !== undefined) {
      isDirty = false;
      const progress = options.progress();
      try {
        options.onSaved(await options.store.save(source()));
        keptProgress = progress;
      } catch (error) {
        isDirty = true;
        options.onFailure(error);
        return;
      }
    }
  }

  function begin(): Promise<void> {
    isDirty = true;
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  const timer = setInterval(() => {
    if (isDirty || options.progress() !== keptProgress) void begin();
  }, options.intervalMs ?? INTERVAL_MS);
  timer.unref();

  return {
    keep(snapshot) {
      source = snapshot;
      return begin();
    },
    async close() {
      clearInterval(timer);
      await writing;
      if (isDirty || options.progress() !== keptProgress) await begin();
    },
  };
}
