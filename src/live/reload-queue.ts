import type { Reloaded } from './reloaded.ts';

/** How a reload is to be done. */
export interface ReloadOrder {
  /** Take a revision that breaks something. */
  readonly force: boolean;
  /** There was a sign of an edit. */
  readonly edited: boolean;
}

/** Reloads of one site, which never go on side by side. */
export interface ReloadQueue {
  /** One that waits was asked for because of an edit. */
  readonly awaitsEdit: boolean;
  /** Resolves to the outcome of a reload that begins after this call, for all who ask meanwhile. */
  add(order: ReloadOrder): Promise<Reloaded>;
  /** Resolves when what goes on and what waits now has ended. */
  settle(): Promise<void>;
}

/** A queue of at most two: the reload that goes on, which `run` does, and one after it. */
export function createReloadQueue(run: (order: ReloadOrder) => Promise<Reloaded>): ReloadQueue {
  let going: Promise<Reloaded> | undefined;
  let next: { force: boolean; edited: boolean; readonly result: Promise<Reloaded> } | undefined;

  function begin(order: ReloadOrder): Promise<Reloaded> {
    const result = run(order).finally(() => {
      going = undefined;
    });
    going = result;
    return result;
  }

  return {
    get awaitsEdit() {
      return next?.edited === true;
    },
    add({ force, edited }) {
      // Also in between, when one has ended and the next has not begun: two at once would serve the older edit last.
      if (next !== undefined) {
        next.force ||= force;
        next.edited ||= edited;
        return next.result;
      }
      if (going === undefined) return begin({ force, edited });
      const result = going.then(() => {
        const asked = next;
        next = undefined;
        return begin({ force: asked?.force ?? false, edited: asked?.edited ?? false });
      });
      next = { force, edited, result };
      return result;
    },
    async settle() {
      await Promise.allSettled([going, next?.result]);
    },
  };
}
