import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { afterTest } from './after-test.ts';
import { requireProgram, requireRoot } from './programs.ts';
import { eventually } from './service.ts';

/** What a machine is made of. */
export interface MachineParts {
  /** A folder with what is on the machine's disk, as from the root directory; it is copied. */
  readonly tree: string;
  /** Programs of this host, by the absolute paths under which the machine has them. */
  readonly programs: Readonly<Record<string, string>>;
}

/** A program with its arguments; the path is that on the machine. */
export interface MachineCommand {
  readonly argv: readonly string[];
  /** All of the environment but PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a command ended. */
export interface MachineRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs on. */
export interface MachineDaemon {
  /** Its process id outside of the machine. */
  readonly pid: number;
  /** Whether it still runs. */
  readonly isUp: () => boolean;
  /** All that it has printed so far. */
  readonly printed: () => string;
  /** Ends it with SIGTERM, and with SIGKILL when it takes longer than ten seconds. */
  readonly stop: () => Promise<void>;
}

/** A process of a machine, as the kernel shows it. */
export interface MachineProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/**
 * A root of its own in a mount namespace of its own, and a pid namespace in which everything ends with it. The network is
 * the one of this host.
 */
export interface Machine {
  /** Where an absolute path of the machine is found from outside. An absolute link on its way leads out of the machine. */
  readonly path: (path: string) => string;
  /** Runs a command to its end; one that takes longer than a minute is killed. */
  readonly run: (command: MachineCommand) => Promise<MachineRun>;
  /** Starts a command that runs on, until the machine ends at the latest. */
  readonly start: (command: MachineCommand) => Promise<MachineDaemon>;
  /** The processes that run there just now. */
  readonly processes: () => Promise<readonly MachineProcess[]>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LONGEST_RUN_MS = 60_000;
const PATIENCE_MS = 10_000;

/**
 * Starts a machine whose disk is a tree, over the /usr of this host. No process and no mount of it outlives the test, nor
 * the process that runs the test, however either ends. Resolves to undefined when the test is skipped.
 */
export async function startMachine(t: TestContext, { tree, programs }: MachineParts): Promise<Machine | undefined> {
  if (!requireRoot(t)) return undefined;
  const unshare = requireProgram(t, 'unshare');
  const nsenter = unshare && requireProgram(t, 'nsenter');
  if (unshare === undefined || nsenter === undefined || requireProgram(t, 'mount') === undefined) return undefined;

  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  const places = Object.entries(programs).flatMap(([place, program]) => [program, place]);
  const root = await mkdtemp(join(tmpdir(), 'pilotlight-root-'));
  const script = ['sh', 'test/support/machine-root.sh', root, tree, ...places];
  const outer = spawn(unshare, [...namespaces, ...script], { stdio: 'pipe', env: { PATH } });
  const printed = collect(outer.stderr);
  const ended = once(outer, 'close');
  // The end of its input ends the first process, and with that the kernel ends all others and drops the mounts.
  afterTest(t, async () => {
    outer.stdin.end();
    await ended;
    await rmdir(root);
  });
  const ready = await Promise.race([once(outer.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready) throw new Error(`the machine did not start: ${printed()}`);
  const init = await onlyChild(outer.pid);

  const enter = ['--target', String(init), '--mount', '--pid'];
  const launch = ({ argv, env = {} }: MachineCommand): Child =>
    spawn(nsenter, [...enter, '--', ...argv], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, ...env } });

  return {
    path: (path) => `/proc/${init}/root${path}`,
    run: (command) => runToEnd(launch(command)),
    start: (command) => startDaemon(launch(command), command.argv),
    processes: () => processesBeside(init),
  };
}

async function runToEnd(child: Child): Promise<MachineRun> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  // nsenter passes no signals on, so its child gets it.
  const late = setTimeout(async () => {
    for (const pid of await childrenOf(child.pid)) process.kill(pid, 'SIGKILL');
  }, LONGEST_RUN_MS);
  const [code] = await once(child, 'close');
  clearTimeout(late);
  return { exitCode: code ?? 1, stdout: stdout(), stderr: stderr() };
}

async function startDaemon(child: Child, argv: readonly string[]): Promise<MachineDaemon> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const printed = () => stdout() + stderr();
  const isUp = () => child.exitCode === null && child.signalCode === null;
  const ended = once(child, 'close');
  // nsenter has to fork for the pid namespace: its child is the program.
  const pid = await onlyChild(child.pid).catch((cause: unknown) => {
    throw new Error(`${argv[0]} did not start: ${printed()}`, { cause });
  });
  return {
    pid,
    isUp,
    printed,
    async stop() {
      if (!isUp()) return;
      process.kill(pid, 'SIGTERM');
      const late = setTimeout(() => process.kill(pid, 'SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

async function onlyChild(parent: number | undefined): Promise<number> {
  let found: readonly number[] = [];
  await eventually(async () => {
    found = await childrenOf(parent);
    return found.length > 0;
  });
  const [pid] = found;
  if (pid === undefined) throw new Error(`process ${parent} has no child`);
  return pid;
}

async function childrenOf(parent: number | undefined): Promise<readonly number[]> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  return text
    .split(' ')
    .filter((each) => each !== '')
    .map(Number);
}

async function processesBeside(init: number): Promise<readonly MachineProcess[]> {
  const space = await readlink(`/proc/${init}/ns/pid`);
  const found: MachineProcess[] = [];
  for (const pid of (await readdir('/proc')).map(Number).filter(Number.isInteger)) {
    // One that has ended meanwhile has neither.
    const other = await readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
    if (other !== space) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid, argv: line.split('\0').slice(0, -1) });
  }
  return found;
}
