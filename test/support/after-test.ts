import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Undoes something that a test set up. */
export type Undo = () => unknown;

/** A test of node:test, as far as its end is concerned. */
export interface Ending {
  after(hook: () => Promise<void>): void;
}

const undosOf = new WeakMap<Ending, Undo[]>();

/**
 * Runs `undo` after the test: the last registered first, since what was set up later may use what was there before, and
 * each of them, whether or not another fails. The hooks of node:test run in the order in which they were registered,
 * and none of them after one that fails: a directory would be removed below a service that still writes into it, and
 * that service, never ended then, would keep the whole file from ending.
 */
export function afterTest(t: Ending, undo: Undo): void {
  const known = undosOf.get(t);
  if (known !== undefined) {
    known.push(undo);
    return;
  }
  const undos = [undo];
  undosOf.set(t, undos);
  t.after(() => undoAll(undos));
}

/** Kills a process after the test, if it still runs, and waits until it is gone. */
export function killAfterTest(t: Ending, child: ChildProcess): void {
  afterTest(t, async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
}

async function undoAll(undos: Undo[]): Promise<void> {
  const faults: unknown[] = [];
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 1) throw new AggregateError(faults, faults.map(String).join('\n'));
  if (faults.length === 1) throw faults[0];
}
