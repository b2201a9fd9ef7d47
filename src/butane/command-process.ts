import { existsSync } from 'node:fs';
import type { BoundedProcess, BoundedRun } from './bounded-process.ts';
import { startBounded } from './bounded-process.ts';
import type { ButaneLimits } from './limits-process.ts';
import { createSpawner } from './spawner-process.ts';

/** More threads only cost time: one butane per core is the fastest way through many documents. */
const ENVIRONMENT: Readonly<Record<string, string>> = { GOMAXPROCS: '1' };

/** How butane is started: the program, what stands before butane's own arguments, and who starts it. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly start: (run: BoundedRun) => BoundedProcess;
  /** Runs that may be handed over beyond those that go on, so that a core is never without work. */
  readonly ahead: number;
  /** Stops those of them that have not begun. */
  readonly refuseWaiting: () => void;
  /** Ends what was made for starting it. */
  readonly close: () => void;
}

/** How a program is started with something before it: by itself, or by a helper that starts so many runs at once. */
export function createCommand(program: string, wrap: readonly string[], helped: number | undefined): Command {
  if (helped === undefined) {
    const [first = program, ...rest] = [...wrap, program];
    const nothing = () => undefined;
    return { program: first, args: rest, ahead: 0, start: startBounded, refuseWaiting: nothing, close: nothing };
  }
  const spawner = createSpawner(wrap, helped);
  return {
    program,
    args: [],
    ahead: helped,
    start: (run) => spawner.start(run),
    refuseWaiting: () => spawner.refuseWaiting(),
    close: () => spawner.close(),
  };
}

const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'];
const CHRT = ['/usr/bin/chrt', '/bin/chrt'];

/**
 * What may stand before a command line, best first. A system may have a program and not let us use it, so there is always
 * a next one, down to none.
 */
export function wrapsFor(limits: ButaneLimits, helper: boolean): readonly (readonly string[])[] {
  const limit = limitsFor(limits, helper);
  const batch = helper ? batchPolicy() : undefined;
  return [...(batch === undefined ? [] : [[...batch, ...limit]]), ...(limit.length === 0 ? [] : [limit]), []];
}

/**
 * Translations are batch work to the scheduler: one that becomes ready does not push aside what runs, so the service keeps
 * answering and a translation runs to its end on a warm core.
 */
function batchPolicy(): readonly string[] | undefined {
  const chrt = CHRT.find((candidate) => existsSync(candidate));
  return chrt === undefined ? undefined : [chrt, '--batch', '0'];
}

/**
 * The limit is on writable memory, not on address space: Go reserves more than half a GiB of addresses before `main`. The
 * limit on processor time is for a butane whose parent died and can no longer watch the clock; a helper sees to that.
 */
function limitsFor(limits: ButaneLimits, helper: boolean): readonly string[] {
  const prlimit = PRLIMIT.find((candidate) => existsSync(candidate));
  if (prlimit === undefined || limits.memoryBytes === 0) return [];
  const seconds = Math.ceil(limits.wallMs / 1000) + 2;
  return [prlimit, `--data=${limits.memoryBytes}`, '--core=0', ...(helper ? [] : [`--cpu=${seconds}`]), '--'];
}

/** Starts butane with its own arguments. */
export function startButane(
  command: Command,
  args: readonly string[],
  input: Buffer,
  limits: ButaneLimits,
): BoundedProcess {
  const { wallMs, stdoutBytes, stderrBytes } = limits;
  return command.start({
    program: command.program,
    args: [...command.args, ...args],
    env: ENVIRONMENT,
    input,
    wallMs,
    stdoutBytes,
    stderrBytes,
  });
}
