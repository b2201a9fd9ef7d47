import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ProvisioningError } from '../errors.ts';
import type { BoundedProcess, BoundedResult, BoundedRun } from './bounded-process.ts';
import { startBounded } from './bounded-process.ts';
import type { Butane, ButaneIdentity, RunOutcome, TranslateRequest, Translation } from './butane.ts';
import { ButaneReplaced } from './butane.ts';
import { always, createFairQueue } from './fair-queue.ts';
import { parseReport } from './report.ts';
import { createSpawner } from './spawner-process.ts';

/** How much butane may use. */
export interface ButaneLimits {
  /** Documents translated at the same time; one butane keeps one core busy. */
  readonly concurrency: number;
  /** Documents that may wait for their turn. */
  readonly maxQueued: number;
  /** A document whose turn would come later than this is refused at once. */
  readonly maxWaitMs: number;
  /** From the start of one process to its end; waiting does not count. */
  readonly wallMs: number;
  /** Writable memory of one process, where the system has `prlimit`; 0 sets no limit. */
  readonly memoryBytes: number;
  readonly inputBytes: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** How long `close` lets running translations go on when it is not told. */
  readonly closeMs: number;
}

const MIB = 1024 * 1024;

/** What holds unless something else is asked for. */
export const DEFAULT_BUTANE_LIMITS: ButaneLimits = Object.freeze({
  concurrency: availableParallelism(),
  maxQueued: 256,
  // Whoever asks for a config gives up after ten seconds.
  maxWaitMs: 8000,
  wallMs: 5000,
  memoryBytes: 512 * MIB,
  inputBytes: MIB,
  stdoutBytes: 32 * MIB,
  stderrBytes: 2 * MIB,
  closeMs: 5000,
});

/** More threads only cost time: one butane per core is the fastest way through many documents. */
const ENVIRONMENT: Readonly<Record<string, string>> = { GOMAXPROCS: '1' };

/** How butane is started: the program, what stands before butane's own arguments, and who starts it. */
interface Command {
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
  const sha256 = await digest(program);
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

/** Tells whether a file is the same as before without reading it. */
async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function createCommand(program: string, wrap: readonly string[], helped: number | undefined): Command {
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

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return hash.digest('hex');
}

/** Whoever asks for a config is not told where things are on this host. */
function sayLess(error: unknown): never {
  if (!(error instanceof ProvisioningError)) throw error;
  throw new ProvisioningError(error.code, 'butane is away, or cannot be read; ask again', { cause: error });
}

function unreadable(path: string, cause: unknown): ProvisioningError {
  const missing = cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
  const code = missing ? 'butane-missing' : 'butane-failed';
  return new ProvisioningError(code, `butane cannot be read at ${path}`, { cause });
}

const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'];
const CHRT = ['/usr/bin/chrt', '/bin/chrt'];

/**
 * What may stand before a command line, best first. A system may have a program and not let us use it, so there is always
 * a next one, down to none.
 */
function wrapsFor(limits: ButaneLimits, helper: boolean): readonly (readonly string[])[] {
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

function askVersion(command: Command, limits: ButaneLimits): Promise<BoundedResult> {
  return start(command, ['-V'], Buffer.alloc(0), { ...limits, wallMs: START_MS }).result;
}

/** The first start reads the program from disk, perhaps on a machine that is booting itself. */
const START_MS = 15_000;

function isDone(result: BoundedResult): boolean {
  return result.cut === undefined && result.exitCode === 0;
}

/** A build without a version says `Butane was not built properly`, which is no sign of a bad one. */
function versionIn(result: BoundedResult): string {
  const match = /^(?:butane )?v?(\d[\w.+~-]{0,99})\s*$/i.exec(result.stdout.toString('utf8'));
  return match?.[1] ?? 'unknown';
}

function start(command: Command, args: readonly string[], input: Buffer, limits: ButaneLimits): BoundedProcess {
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
    const sha256 = await digest(path).catch(sayLess);
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
    const child = start(command, argumentsFor(request), input, limits);
    running.add(child);
    try {
      const result = await child.result;
      observers.onRun(outcomeOf(result), result.durationMs);
      return readResult(result, limits);
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

function shuttingDown(): ProvisioningError {
  return new ProvisioningError('not-ready', 'the service is shutting down');
}

function outcomeOf({ cut, exitCode, signal, stderr, startFault }: BoundedResult): RunOutcome {
  if (cut === 'wall') return 'timeout';
  if (cut === 'stopped' || signal !== undefined) return 'killed';
  if (cut !== undefined || startFault !== undefined || exitCode === undefined) return 'failed';
  if (exitCode > 1) return isCrash(stderr) ? 'panic' : 'failed';
  return exitCode === 0 ? 'ok' : 'refused';
}

function argumentsFor({ strict, filesDir }: TranslateRequest): readonly string[] {
  const local = filesDir === undefined ? [] : ['--files-dir', resolve(filesDir)];
  return [...(strict ? ['--strict'] : []), '--raw', '--raw-errors', ...local];
}

function tooLarge(size: number, limit: number): Translation {
  const failure = `the document is too large for butane: ${size} bytes, and ${limit} are allowed`;
  return { ok: false, failure, entries: [{ severity: 'error', message: failure }], yamlFaults: [], durationMs: 0 };
}

/** Exit code 1 is butane's judgement of a document, as long as it says so; 2 is a crash or wrong usage, so ours. */
function readResult(result: BoundedResult, limits: ButaneLimits): Translation {
  if (result.cut === 'wall') {
    throw new ProvisioningError('render-timeout', `butane took longer than ${limits.wallMs} ms and was stopped`);
  }
  if (result.cut === 'stopped') throw shuttingDown();
  if (result.cut !== undefined || result.exitCode === undefined || result.exitCode > 1) {
    throw failed('butane failed', result);
  }
  const { durationMs } = result;
  const { entries, failure, yamlFaults } = parseReport(result.stderr.toString('utf8'));
  if (result.exitCode === 0) return { ok: true, ignition: result.stdout.toString('utf8'), entries, durationMs };
  if (failure === undefined) throw failed('butane failed without a reason', result);
  return { ok: false, failure, entries, yamlFaults, durationMs };
}

/** What butane printed stays out of the message: a crash can quote the document, and with it a secret. */
function failed(what: string, result: BoundedResult): ProvisioningError {
  return new ProvisioningError('butane-failed', `${what}: ${reasonOf(result)}`);
}

function reasonOf(result: BoundedResult): string {
  const { cut, signal, exitCode, startFault } = result;
  if (startFault !== undefined) return `it could not be started (${startFault})`;
  if (cut === 'stdout' || cut === 'stderr') return `it wrote too much to ${cut}`;
  if (cut === 'wall') return 'it did not end in time';
  if (signal !== undefined) return `it was killed by ${signal}`;
  if (isCrash(result.stderr)) return `it crashed (exit code ${exitCode})`;
  return `exit code ${exitCode}`;
}

function isCrash(stderr: Buffer): boolean {
  return /^(?:panic|fatal error|runtime): /m.test(stderr.toString('utf8')) || stderr.includes('\ngoroutine ');
}
