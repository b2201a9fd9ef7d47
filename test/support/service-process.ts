import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { killAfterTest } from './after-test.ts';
import { requireProgram } from './programs.ts';
import { eventually, type LogLine } from './service.ts';
import { scratchDirectory } from './site.ts';

/** A service that runs as a process of its own, as it does for its users. */
export interface ServiceProcess {
  readonly pid: number;
  /** Base URLs of the two APIs. */
  readonly machine: string;
  readonly operator: string;
  /** What was logged, up to a size that a test can hold. */
  log(): readonly LogLine[];
  /** True until the process ends. */
  alive(): boolean;
  /** Resident memory in MiB, of the service without its helper: now, and the most it ever was. */
  memory(): Promise<{ readonly now: number; readonly peak: number }>;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Asks it to stop, and resolves when it has. */
  stop(): Promise<void>;
}

/** What a start is given; everything else is as by default. */
export interface ServiceProcessOptions {
  readonly site: string;
  /** Another program than the real butane. */
  readonly butane?: string;
  /** Kept across restarts; one that is removed after the test by default. */
  readonly stateDir?: string;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
  /** A program with its arguments that becomes the service, in a namespace of its own for example. */
  readonly launcher?: readonly string[];
}

/** What a test keeps of the log. */
const LOG_BYTES = 4 * 1024 * 1024;

/** Starts a service and waits until it serves; undefined, and the test skipped, when there is no butane. */
export async function startServiceProcess(
  t: TestContext,
  options: ServiceProcessOptions,
): Promise<ServiceProcess | undefined> {
  const started = await spawnService(t, options);
  if (started === undefined) return undefined;
  const { child, ended, log } = started;
  const serving = () => log().find((line) => line.msg === 'serving');
  await eventually(() => serving() !== undefined || child.exitCode !== null);
  const line = serving();
  if (line === undefined) throw new Error(`the service did not start: ${JSON.stringify(log())}`);
  return {
    pid: child.pid ?? 0,
    machine: `http://${String(line.machineAddress)}`,
    operator: `http://${String(line.operatorAddress)}`,
    log,
    alive: () => child.exitCode === null && child.signalCode === null,
    memory: () => memoryOf(child.pid ?? 0),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** How a start ended that has to fail. */
export interface RefusedStart {
  readonly exitCode: number | null;
  readonly log: readonly LogLine[];
  /** The reports of the site's faults. */
  readonly reports: readonly Readonly<Record<string, unknown>>[];
}

/** Starts a service whose site is no good and waits until it ends; undefined when there is no butane. */
export async function startRefused(t: TestContext, options: ServiceProcessOptions): Promise<RefusedStart | undefined> {
  const started = await spawnService(t, options);
  if (started === undefined) return undefined;
  const { child, ended, log } = started;
  await Promise.race([ended, eventually(() => log().some((line) => line.msg === 'serving'))]);
  if (child.exitCode === null) await eventually(() => child.exitCode !== null).catch(() => undefined);
  const reports = log().flatMap((line) => (Array.isArray(line.reports) ? line.reports : []));
  return { exitCode: child.exitCode, log: log(), reports };
}

async function spawnService(t: TestContext, options: ServiceProcessOptions) {
  const { site, butane, flags: more = [], launcher = [] } = options;
  const stateDir = options.stateDir ?? (await scratchDirectory(t));
  const program = butane ?? requireProgram(t, 'butane');
  if (program === undefined) return undefined;
  const any = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0'];
  const flags = ['--site', site, '--butane', program, '--state-dir', stateDir, ...any, ...more];
  const logFile = join(await scratchDirectory(t), 'log');
  const descriptor = openSync(logFile, 'w');
  // Those that npm start gives.
  const { serviceFlags, serviceEnvironment } = await import(resolve('tools/lib/service-flags.mjs'));
  const service = [process.execPath, ...serviceFlags, resolve('dist/main.js'), 'serve', ...flags];
  const [file = process.execPath, ...args] = [...launcher, ...service];
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', descriptor],
    env: { ...serviceEnvironment, ...process.env },
  });
  closeSync(descriptor);
  const ended = once(child, 'exit');
  killAfterTest(t, child);
  return { child, ended, log: () => readLog(logFile) };
}

/** The log goes to a file, so that the service never waits for a test that is busy. */
function readLog(file: string): readonly LogLine[] {
  const buffer = Buffer.alloc(LOG_BYTES);
  const descriptor = openSync(file, 'r');
  const text = buffer.toString('utf8', 0, readSync(descriptor, buffer));
  closeSync(descriptor);
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap(parseLine);
}

/** A line of the log; what Node.js itself says is a line like any other. */
function parseLine(line: string): readonly LogLine[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line)];
  } catch {
    return [{ msg: line }];
  }
}

async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { now: kib('VmRSS') / 1024, peak: kib('VmHWM') / 1024 };
}
