import { availableParallelism } from 'node:os';

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
