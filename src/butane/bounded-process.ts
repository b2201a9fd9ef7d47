import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/** What to run, and how much of everything it may use. */
export interface BoundedRun {
  /** Absolute path of the program; no shell is involved. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  readonly input: Buffer;
  /** Counted from the start of the process. */
  readonly wallMs: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

/** Why a process was ended early, or never began. */
export type Cut = 'wall' | 'stdout' | 'stderr' | 'stopped' | 'not-started';

/** How a run ended. `stdout` and `stderr` are whole only when `cut` is undefined. */
export interface BoundedResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Undefined when a signal ended the process, or when it never began. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly cut: Cut | undefined;
  /** The system's word for why the program could not be started: `ENOENT`, `EACCES`. */
  readonly startFault: string | undefined;
  readonly durationMs: number;
}

/** A process on its way. */
export interface BoundedProcess {
  /** Always fulfilled, at the latest a moment after the wall limit, even when something keeps the pipes open. */
  readonly result: Promise<BoundedResult>;
  /** Kills the process and all that it started. */
  stop(): void;
}

/** How long output may still arrive after the process has ended, and how long a killed one is waited for. */
const GRACE_MS = 250;

/**
 * Starts a program in a process group of its own, in the root directory and with nothing but the given environment. The
 * whole group is killed when a limit is reached, and when something of it outlives the program with the pipes in hand.
 */
export function startBounded(run: BoundedRun): BoundedProcess {
  const startedAt = performance.now();
  const spawned = trySpawn(run);
  if (typeof spawned === 'string') {
    const result = neverStarted('not-started', spawned, performance.now() - startedAt);
    return { result: Promise.resolve(result), stop: () => undefined };
  }
  const child: ChildProcess = spawned;
  killWithUs(child);
  const stdout = new Collector(run.stdoutBytes);
  const stderr = new Collector(run.stderrBytes);
  let cut: Cut | undefined;
  let startFault: string | undefined;
  let grace: NodeJS.Timeout | undefined;
  let finish: () => void = () => undefined;

  function end(reason: Cut | undefined): void {
    cut ??= reason;
    killGroup(child);
    grace ??= setTimeout(finish, GRACE_MS);
  }
  const wall = setTimeout(() => end('wall'), run.wallMs);

  const result = new Promise<BoundedResult>((resolve) => {
    finish = () => {
      clearTimeout(wall);
      clearTimeout(grace);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      resolve({
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
        exitCode: child.exitCode ?? undefined,
        signal: child.signalCode ?? undefined,
        cut,
        startFault,
        durationMs: performance.now() - startedAt,
      });
    };
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      startFault = codeOf(error);
      cut = 'not-started';
      finish();
    });
    child.once('close', finish);
    child.once('exit', () => {
      grace ??= setTimeout(() => {
        killGroup(child);
        finish();
      }, GRACE_MS);
    });
  });

  child.stdout?.on('data', (chunk: Buffer) => {
    if (!stdout.add(chunk)) end('stdout');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (!stderr.add(chunk)) end('stderr');
  });
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', ignoreBrokenPipe);
  child.stdin?.end(run.input);
  return { result, stop: () => end('stopped') };
}

const living = new Set<ChildProcess>();

/** A child has a group of its own, so it would outlive a process that ends in a hurry. */
function killWithUs(child: ChildProcess): void {
  if (living.size === 0) process.once('exit', killAll);
  living.add(child);
  child.once('close', () => {
    living.delete(child);
    if (living.size === 0) process.removeListener('exit', killAll);
  });
}

function killAll(): void {
  for (const child of living) killGroup(child);
}

function trySpawn(run: BoundedRun): ChildProcess | string {
  try {
    return spawn(run.program, run.args, { cwd: '/', env: run.env, detached: true, stdio: 'pipe' });
  } catch (error) {
    return codeOf(error);
  }
}

/** The result of a run that never began. `startFault` is the system's word for why, where it was the system. */
export function neverStarted(cut: Cut, startFault?: string, durationMs = 0): BoundedResult {
  const nothing = Buffer.alloc(0);
  return { stdout: nothing, stderr: nothing, exitCode: undefined, signal: undefined, cut, startFault, durationMs };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** A program that ends without reading its input breaks the pipe; its exit code says all there is to say. */
function ignoreBrokenPipe(): void {}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** Keeps the first bytes of a stream, up to a limit. */
class Collector {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False once there is more than the limit; what is over it is not kept. */
  add(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#limit) return false;
    this.#chunks.push(chunk);
    return true;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
