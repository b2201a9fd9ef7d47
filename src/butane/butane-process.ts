import { resolve } from 'node:path';
import { ProvisioningError } from '../errors.ts';
import type { RunOutcome } from '../run-outcome.ts';
import type { BoundedProcess, BoundedResult } from './bounded-process.ts';
import type { Butane, ButaneIdentity, TranslateRequest, Translation } from './butane.ts';
import { ButaneReplaced } from './butane.ts';
import type { Command } from './command-process.ts';
import { createCommand, startButane, wrapsFor } from './command-process.ts';
import { always, createFairQueue } from './fair-queue.ts';
import type { ButaneLimits } from './limits-process.ts';
import { DEFAULT_BUTANE_LIMITS } from './limits-process.ts';
import { digestProgram, markOf, sayLess } from './program-file.ts';
import { failed, isDone, outcomeOf, readResult, shuttingDown, tooLarge, versionIn } from './run-result.ts';

/** How a butane is opened. */
export interface OpenButaneOptions extends Partial<ButaneLimits> {
  /** Runs are started by a small process of their own: worth it for a service, whose own memory grows. */
  readonly helper?: boolean;
  /** Called after each run. */
  readonly onRun?: (outcome: RunOutcome, durationMs: number) => void;
  /** Called when the program was replaced by another one. */
  readonly onReplaced?: (identity: ButaneIdentity) => void;
}

/**
 * Gets a butane ready: hashes the program and asks for its version. Throws `butane-missing` when there is no such file,
 * and `butane-failed` when it cannot be run. Every translation is one process, with the limits given.
 */
export async function openButane(path: string, options: OpenButaneOptions = {}): Promise<Butane> {
  const { helper = false, onRun = ignore, onReplaced = ignore, ...limits } = options;
  const bounds: ButaneLimits = { ...DEFAULT_BUTANE_LIMITS, ...limits };
  const program = resolve(path);
  const mark = await markOf(program);
  const sha256 = await digestProgram(program);
  for (const wrap of wrapsFor(bounds, helper)) {
    const command = createCommand(program, wrap, helper ? bounds.concurrency : undefined);
    const answer = await askVersion(command, bounds);
    if (isDone(answer)) {
      const identity = { path: program, version: versionIn(answer), sha256 };
      return createButane(command, { identity, mark }, bounds, { onRun, onReplaced });
    }
    command.close();
    if (wrap.length === 0) throw failed('butane cannot be run', answer);
  }
  throw new ProvisioningError('butane-failed', 'butane cannot be run');
}

function ignore(): void {}

function askVersion(command: Command, limits: ButaneLimits): Promise<BoundedResult> {
  return startButane(command, ['-V'], Buffer.alloc(0), { ...limits, wallMs: START_MS }).result;
}

/** The first start reads the program from disk, perhaps on a machine that is booting itself. */
const START_MS = 15_000;

/** A program that was looked at, and the mark of its file then. */
interface Known {
  readonly identity: ButaneIdentity;
  readonly mark: string;
}

type Observers = Required<Pick<OpenButaneOptions, 'onRun' | 'onReplaced'>>;

function createButane(command: Command, first: Known, limits: ButaneLimits, observers: Observers): Butane {
  const { concurrency, maxWaitMs } = limits;
  const { ahead } = command;
  // What is handed over ahead waits as well, only somewhere else.
  const maxQueued = Math.max(0, limits.maxQueued - ahead);
  const queue = createFairQueue({ concurrency, handedOut: concurrency + ahead, maxQueued, maxWaitMs });
  const running = new Set<BoundedProcess>();
  let known = first;
  let looking: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  /** The program may be replaced at any time, as by an upgrade. What it then gives has to go under its own name. */
  async function lookAgain(): Promise<void> {
    const mark = await markOf(first.identity.path).catch(sayLess);
    if (mark === known.mark) return;
    looking ??= identify(mark).finally(() => {
      looking = undefined;
    });
    await looking;
  }

  async function identify(mark: string): Promise<void> {
    const { path } = first.identity;
    const sha256 = await digestProgram(path).catch(sayLess);
    const answer = await askVersion(command, limits);
    if (!isDone(answer)) throw failed('butane was replaced and cannot be run', answer);
    const replaced = sha256 !== known.identity.sha256;
    known = { identity: Object.freeze({ path, version: versionIn(answer), sha256 }), mark };
    if (replaced) observers.onReplaced(known.identity);
  }

  async function run(request: TranslateRequest, input: Buffer): Promise<Translation> {
    refuseWhenClosing();
    await lookAgain();
    // What was only handed out ahead has not begun.
    if (closing !== undefined && running.size >= concurrency) throw shuttingDown();
    if (request.by !== undefined && request.by !== known.identity.sha256) throw new ButaneReplaced();
    const child = startButane(command, argumentsFor(request), input, limits);
    running.add(child);
    try {
      const result = await child.result;
      observers.onRun(outcomeOf(result), result.durationMs);
      return readResult(result, limits.wallMs);
    } finally {
      running.delete(child);
    }
  }

  function refuseWhenClosing(): void {
    if (closing !== undefined) throw shuttingDown();
  }

  async function close(graceMs: number): Promise<void> {
    queue.refuseWaiting(shuttingDown());
    command.refuseWaiting();
    const deadline = setTimeout(() => {
      for (const child of running) child.stop();
    }, graceMs);
    await queue.onIdle();
    clearTimeout(deadline);
    command.close();
  }

  return {
    get identity() {
      return known.identity;
    },
    async translate(request) {
      refuseWhenClosing();
      const input = typeof request.source === 'string' ? Buffer.from(request.source) : request.source;
      if (input.length > limits.inputBytes) return tooLarge(input.length, limits.inputBytes);
      const { lane = '', wanted = always } = request;
      return queue.add({ lane, wanted, run: () => run(request, input) });
    },
    load() {
      const { running: handedOut, queued } = queue.load();
      const running = Math.min(handedOut, concurrency);
      return { running, queued: queued + handedOut - running };
    },
    close(graceMs = limits.closeMs) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

function argumentsFor({ strict, filesDir }: TranslateRequest): readonly string[] {
  const local = filesDir === undefined ? [] : ['--files-dir', resolve(filesDir)];
  return [...(strict ? ['--strict'] : []), '--raw', '--raw-errors', ...local];
}
