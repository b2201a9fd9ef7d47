import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { afterTest } from './after-test.ts';
import { requireProgram, requireRoot } from './programs.ts';

/** The two Ignition releases of the tests: an old one that fleets still run, and the one that tools/ignition pins. */
export type IgnitionRelease = 'debian-2.14' | 'module-2.27';

/** Both releases, for tests that hold for each. */
export const ignitionReleases: readonly IgnitionRelease[] = ['debian-2.14', 'module-2.27'];

/** What a machine that boots is told. */
export interface Boot {
  /** The value of `ignition.config.url` on the kernel command line; without it the platform has to have a config. */
  readonly url?: string;
  /** The id of the platform that it runs on; `metal` unless told. */
  readonly platform?: string;
  /** What has to stand before a command so that it runs on the machine. */
  readonly launcher?: readonly string[];
  /** Variables of the machine's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends a stage that runs for so long, with exit code 137. */
  readonly patienceSeconds?: number;
  /** How long Ignition tries to get the config before it gives up; 20 unless told. */
  readonly timeoutSeconds?: number;
  /** Ends the client early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a run of Ignition ended. */
export interface IgnitionRun {
  /** 0 when every stage succeeded, else that of the first stage that failed. */
  readonly exitCode: number;
  /** The log of all stages that ran, in their order. */
  readonly output: string;
  /** The final config in Ignition's own current spec, after merges; absent when the fetch failed. */
  readonly config?: unknown;
}

/** A run that was carried out on a disk. */
export interface AppliedRun extends IgnitionRun {
  /** The folder that stands for the machine's root file system; removed after the test. */
  readonly root: string;
}

interface Machine {
  readonly root: string;
  /** A folder that comes first in PATH. */
  readonly programs: string;
  readonly cmdline: string;
  readonly empty: string;
  readonly cache: string;
  readonly state: string;
  readonly neednet: string;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

type Client = (machine: Machine, args: readonly string[]) => Command;

/**
 * Has the real Ignition fetch its config as a booting machine does, and change nothing. Resolves to undefined when the
 * test is skipped because the release is not installed here. Never rejects because of what Ignition answers.
 */
export async function fetchConfig(
  t: TestContext,
  release: IgnitionRelease,
  boot: Boot,
): Promise<IgnitionRun | undefined> {
  const client = clients[release](t);
  if (client === undefined) return undefined;
  return await runStages(client, await createMachine(t), boot, ['fetch-offline', 'fetch']);
}

/**
 * Has the real Ignition fetch its config and then write files, links, units and users below a scratch root, as on the
 * first boot. Disks are not touched. Needs root. Resolves to undefined when the test is skipped.
 */
export async function fetchAndApply(
  t: TestContext,
  release: IgnitionRelease,
  boot: Boot,
): Promise<AppliedRun | undefined> {
  const client = clients[release](t);
  if (client === undefined || !requireRoot(t) || requireProgram(t, 'useradd') === undefined) return undefined;
  const machine = await createMachine(t);
  return { ...(await runStages(client, machine, boot, ['fetch-offline', 'fetch', 'files'])), root: machine.root };
}

/** How each release is told its kernel command line, and kept from reading the configs of the host it runs on. */
const clients: Readonly<Record<IgnitionRelease, (t: TestContext) => Client | undefined>> = {
  'debian-2.14': (t) => {
    const ignition = requireProgram(t, 'ignition-2.14');
    const unshare = ignition && requireProgram(t, 'unshare');
    if (!ignition || !unshare || !requireRoot(t)) return undefined;
    // It knows no other place than /proc/cmdline, so it gets a mount namespace in which that is our file.
    const script = 'mount --bind "$1" /proc/cmdline && shift && exec "$@"';
    return ({ cmdline }, args) => ({
      file: unshare,
      args: ['--mount', 'sh', '-c', script, 'sh', cmdline, ignition, ...args],
      env: {},
    });
  },
  'module-2.27': (t) => {
    const ignition = requireProgram(t, 'ignition');
    if (ignition === undefined) return undefined;
    return ({ cmdline, empty }, args) => ({
      file: ignition,
      args,
      env: {
        IGNITION_KERNEL_CMDLINE_PATH: cmdline,
        IGNITION_SYSTEM_CONFIG_DIR: empty,
        IGNITION_SYSTEM_RUNTIME_CONFIG_DIR: empty,
        IGNITION_SYSTEM_LOCAL_CONFIG_DIR: empty,
      },
    });
  },
};

async function createMachine(t: TestContext): Promise<Machine> {
  const scratch = await mkdtemp(join(tmpdir(), 'pilotlight-machine-'));
  afterTest(t, () => rm(scratch, { recursive: true, force: true }));
  // Ignition writes SSH keys as the user they are for, who must be able to come this way.
  await chmod(scratch, 0o755);
  const root = join(scratch, 'root');
  await mkdir(join(root, 'etc/selinux'), { recursive: true });
  await mkdir(join(scratch, 'empty'));
  // useradd and groupadd, which Ignition runs with --root, refuse a root without these.
  for (const file of ['passwd', 'group', 'shadow']) await writeFile(join(root, 'etc', file), '');
  // Ignition labels what it wrote for SELinux and fails where there is nothing to do that with. No policy is installed
  // here and labels are not what is tested, so it gets a labeller that agrees with everything.
  await writeFile(join(root, 'etc/selinux/config'), 'SELINUX=disabled\nSELINUXTYPE=targeted\n');
  const programs = join(scratch, 'bin');
  await mkdir(programs);
  await writeFile(join(programs, 'setfiles'), '#!/bin/sh\nexec cat >/dev/null\n', { mode: 0o755 });
  return {
    root,
    programs,
    cmdline: join(scratch, 'cmdline'),
    empty: join(scratch, 'empty'),
    cache: join(scratch, 'config.json'),
    state: join(scratch, 'state'),
    neednet: join(scratch, 'neednet'),
  };
}

async function runStages(
  client: Client,
  machine: Machine,
  boot: Boot,
  stages: readonly string[],
): Promise<IgnitionRun> {
  const { url, platform = 'metal', launcher = [], environment = {}, timeoutSeconds = 20 } = boot;
  const config = url === undefined ? '' : ` ignition.config.url=${url}`;
  await writeFile(machine.cmdline, `ignition.firstboot ignition.platform.id=${platform}${config}\n`);
  let output = '';
  for (const stage of stages) {
    const args = [
      ...['-platform', platform, '-stage', stage, '-root', machine.root, '-config-cache', machine.cache],
      ...['-state-file', machine.state, '-neednet', machine.neednet],
      ...['-log-to-stdout', '-fetch-timeout', `${timeoutSeconds}s`],
    ];
    const command = client(machine, args);
    const [file = command.file, ...rest] = [...launcher, command.file, ...command.args];
    const searchPath = [machine.programs, process.env.PATH ?? '', '/usr/sbin'].join(delimiter);
    const env = { ...command.env, ...environment, PATH: searchPath };
    const run = await runToEnd({ file, args: rest, env }, boot);
    output += run.output;
    if (run.exitCode !== 0) return { exitCode: run.exitCode, output, ...(await cachedConfig(machine)) };
  }
  return { exitCode: 0, output, ...(await cachedConfig(machine)) };
}

/** The exit code of a shell for a command that SIGKILL ended. */
const KILLED = 137;

function runToEnd({ file, args, env }: Command, { signal, patienceSeconds }: Boot): Promise<IgnitionRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
      ...(patienceSeconds === undefined ? {} : { timeout: patienceSeconds * 1000 }),
    });
    const printed: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
    child.once('error', (error) => reject(signal?.aborted ? signal.reason : error));
    child.once('close', (code) => resolve({ exitCode: code ?? KILLED, output: Buffer.concat(printed).toString() }));
  });
}

/** The ids of the platforms that a release knows, as its usage lists them; undefined when the test is skipped. */
export function platformsOf(t: TestContext, release: IgnitionRelease): readonly string[] | undefined {
  const program = requireProgram(t, release === 'debian-2.14' ? 'ignition-2.14' : 'ignition');
  if (program === undefined) return undefined;
  const { stderr } = spawnSync(program, ['-help'], { encoding: 'utf8' });
  return /current platform\. \[([^\]]+)\]/.exec(stderr)?.[1]?.split(' ') ?? [];
}

async function cachedConfig({ cache }: Machine): Promise<{ readonly config?: unknown }> {
  try {
    return { config: JSON.parse(await readFile(cache, 'utf8')) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
