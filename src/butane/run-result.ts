import { ProvisioningError } from '../errors.ts';
import type { RunOutcome } from '../run-outcome.ts';
import type { BoundedResult } from './bounded-process.ts';
import type { Translation } from './butane.ts';
import { parseReport } from './report.ts';

/** True for a run that ended well. */
export function isDone(result: BoundedResult): boolean {
  return result.cut === undefined && result.exitCode === 0;
}

/**
 * The version that butane tells, or `unknown`: a build without a version says `Butane was not built properly`, which is no
 * sign of a bad one.
 */
export function versionIn(result: BoundedResult): string {
  const match = /^(?:butane )?v?(\d[\w.+~-]{0,99})\s*$/i.exec(result.stdout.toString('utf8'));
  return match?.[1] ?? 'unknown';
}

/** The error of whoever asks while the service ends. */
export function shuttingDown(): ProvisioningError {
  return new ProvisioningError('not-ready', 'the service is shutting down');
}

/** What became of a run, for the metrics. */
export function outcomeOf({ cut, exitCode, signal, stderr, startFault }: BoundedResult): RunOutcome {
  if (cut === 'wall') return 'timeout';
  if (cut === 'stopped' || signal !== undefined) return 'killed';
  if (cut !== undefined || startFault !== undefined || exitCode === undefined) return 'failed';
  if (exitCode > 1) return isCrash(stderr) ? 'panic' : 'failed';
  return exitCode === 0 ? 'ok' : 'refused';
}

/** The judgement of a document that butane is not even given. */
export function tooLarge(size: number, limit: number): Translation {
  const failure = `the document is too large for butane: ${size} bytes, and ${limit} are allowed`;
  return { ok: false, failure, entries: [{ severity: 'error', message: failure }], yamlFaults: [], durationMs: 0 };
}

/**
 * What a run gave. Exit code 1 is butane's judgement of a document, as long as it says so; 2 is a crash or wrong usage, so
 * ours, and is thrown as everything else that is.
 */
export function readResult(result: BoundedResult, wallMs: number): Translation {
  if (result.cut === 'wall') {
    throw new ProvisioningError('render-timeout', `butane took longer than ${wallMs} ms and was stopped`);
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

/**
 * The error of a run that gave nothing. What butane printed stays out of the message: a crash can quote the document, and
 * with it a secret.
 */
export function failed(what: string, result: BoundedResult): ProvisioningError {
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
