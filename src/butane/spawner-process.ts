import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BoundedProcess, BoundedResult, BoundedRun } from './bounded-process.ts';
import { neverStarted } from './bounded-process.ts';

/** What the helper process is told. */
export type ToSpawner =
  | { readonly kind: 'start'; readonly id: number; readonly run: BoundedRun }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'refuse-waiting' };

/** What it answers, once for each start. */
export interface FromSpawner {
  readonly id: number;
  readonly result: BoundedResult;
}

/** Starts programs in a helper process; see {@link createSpawner}. */
export interface Spawner {
  /** The same as `startBounded`. A helper that died meanwhile counts as a program that could not be started. */
  start(run: BoundedRun): BoundedProcess;
  /** Stops every run that has not begun. */
  refuseWaiting(): void;
  /** Ends the helper, and with it all that it started. */
  close(): void;
}

const HELPER = fileURLToPath(new URL('./spawner-child-process.js', import.meta.url));

/**
 * A small heap: the helper holds what programs read and write, and nothing for long. Since Node.js 22 its compiler sets
 * more memory aside for code than a limit leaves the helper, so it does without there.
 */
const NODE_FLAGS = [
  '--max-old-space-size=128',
  ...(Number.parseInt(process.versions.node, 10) >= 22 ? ['--jitless'] : []),
];

interface Waiting {
  readonly finish: (result: BoundedResult) => void;
  readonly startedAt: number;
}

/**
 * Starting a program copies the page tables of the process that does it, and the event loop stands still meanwhile: some
 * milliseconds in a service that holds a fleet's configs. So a small process of our own does it. It is started at the
 * first use, and again when it has died. `wrap` is what stands before its own command line; limits that it sets are those
 * of every program as well. At most `concurrency` programs run at the same time, and others wait.
 */
export function createSpawner(wrap: readonly string[], concurrency: number): Spawner {
  const waiting = new Map<number, Waiting>();
  let helper: ChildProcess | undefined;
  let lastId = 0;
  let closed = false;

  function open(): ChildProcess {
    if (helper !== undefined) return helper;
    const [program = '', ...args] = [...wrap, process.execPath, ...NODE_FLAGS, HELPER, String(concurrency)];
    const child = spawn(program, args, {
      // Not in the terminal's group: a Ctrl-C is for the service, which ends its helper when it is done.
      detached: true,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    helper = child;
    child.on('message', ({ id, result }: FromSpawner) => {
      const { stdout, stderr } = result;
      settle(id, { ...result, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) });
    });
    const lost = () => {
      if (helper === child) helper = undefined;
      for (const id of [...waiting.keys()]) settle(id, lostRun(waiting.get(id)));
    };
    child.once('error', lost);
    child.once('exit', lost);
    hold(child, false);
    return child;
  }

  function settle(id: number, result: BoundedResult): void {
    const { finish } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (waiting.size === 0 && helper !== undefined) hold(helper, false);
    finish?.(result);
  }

  /** An idle helper keeps no process from ending; one that works does, and so does one that has just died at work. */
  function hold(child: ChildProcess, held: boolean): void {
    for (const handle of [child, child.channel]) {
      if (held) handle?.ref();
      else handle?.unref();
    }
  }

  function tell(message: ToSpawner): void {
    const child = open();
    child.send(message, (error) => {
      if (error !== null && 'id' in message) settle(message.id, lostRun(waiting.get(message.id)));
    });
  }

  return {
    start(run) {
      lastId += 1;
      const id = lastId;
      const result = new Promise<BoundedResult>((finish) => waiting.set(id, { finish, startedAt: performance.now() }));
      if (closed) settle(id, lostRun(waiting.get(id)));
      else {
        hold(open(), true);
        tell({ kind: 'start', id, run });
      }
      return { result, stop: () => (waiting.has(id) ? tell({ kind: 'stop', id }) : undefined) };
    },
    refuseWaiting: () => (waiting.size > 0 ? tell({ kind: 'refuse-waiting' }) : undefined),
    close() {
      closed = true;
      if (helper?.connected) helper.disconnect();
    },
  };
}

function lostRun(waiting: Waiting | undefined): BoundedResult {
  const durationMs = waiting === undefined ? 0 : performance.now() - waiting.startedAt;
  return neverStarted('not-started', 'the process that starts it has ended', durationMs);
}
