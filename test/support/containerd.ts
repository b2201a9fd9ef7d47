import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { parse } from '@iarna/toml';
import type { JsonObject, JsonValue } from '../../src/ignition/json.ts';
import { isList, isObject } from '../../src/ignition/json.ts';
import type { Machine, MachineDaemon } from './machine-root.ts';
import { requireProgram } from './programs.ts';
import { eventually } from './service.ts';
import { readUnit } from './unit-file.ts';

/** A containerd that runs on a machine. */
export interface RunningContainerd {
  readonly daemon: MachineDaemon;
  /** The file that its command line names. */
  readonly configFile: string;
  /** Its plugins as it lists them, `TYPE.ID`, with the state of each: `ok`, `skip`, `error`. */
  readonly plugins: () => Promise<ReadonlyMap<string, string>>;
  /** The snapshotter whose disk usage CRI watches, as the daemon logs it: the one that it unpacks images with. */
  readonly criSnapshotter: () => string | undefined;
  /** What it set for itself, or wanted to set where this host grants nobody a lower score. */
  readonly oomScore: () => Promise<number>;
}

/** What a containerd makes of its config, in one shape for all versions. */
export interface EffectiveConfig {
  readonly oomScore: number;
  readonly selinux: boolean;
  /** What CRI takes for images and containers that ask for nothing else. */
  readonly snapshotter: string;
  /** While it is true, CRI does not tell the snapshotter which image it unpacks, so nothing is lazy. */
  readonly disableSnapshotAnnotations: boolean;
  readonly defaultRuntime: string;
  readonly runtimes: Readonly<Record<string, RuntimeConfig>>;
  readonly proxyPlugins: Readonly<Record<string, ProxyPlugin>>;
}

/** How CRI treats the containers of one runtime. */
export interface RuntimeConfig {
  readonly systemdCgroup: boolean;
  readonly binaryName: string;
  /** What containers are made with; empty for the default. */
  readonly snapshotter: string;
  /** What images are unpacked with for it; empty for the default. */
  readonly pullSnapshotter: string;
}

/** A plugin that containerd talks to over a socket. */
export interface ProxyPlugin {
  readonly type: string;
  readonly address: string;
  readonly exports: Readonly<Record<string, string>>;
}

const CTR = '/opt/overlaybd/snapshotter/ctr';
const SOCKET = '/run/containerd/containerd.sock';
const CRI_IMAGES = /Get image filesystem path \S*io\.containerd\.snapshotter\.v1\.(\w+)/;
const CANNOT_LOWER = /failed to change OOM score to (-?\d+)/;

/**
 * The releases that tests run against: what PILOTLIGHT_CONTAINERDS says (`all`, or some, like `1.7,2.2`), and those of
 * the default set without it.
 */
export function chosenContainerds(): readonly string[] {
  const known: Readonly<Record<string, readonly string[]>> = JSON.parse(
    readFileSync('tools/go/containerds.json', 'utf8'),
  );
  const asked = process.env.PILOTLIGHT_CONTAINERDS || 'default';
  if (asked === 'all') return [...(known.debian ?? []), ...(known.built ?? [])];
  return asked === 'default' ? (known.default ?? []) : asked.split(',');
}

/** Where programs of containerd and OverlayBD are on a Flatcar machine; undefined when the test is skipped. */
export function containerdPrograms(t: TestContext, release: string): Readonly<Record<string, string>> | undefined {
  const containerd = requireProgram(t, `containerd-${release}`);
  const ctr = containerd && requireProgram(t, 'overlaybd-ctr');
  const snapshotter = ctr && requireProgram(t, 'overlaybd-snapshotter');
  if (containerd === undefined || ctr === undefined || snapshotter === undefined) return undefined;
  const folder = '/usr/local/overlaybd/snapshotter';
  return {
    '/usr/bin/containerd': containerd,
    [`${folder}/ctr`]: ctr,
    [`${folder}/overlaybd-snapshotter`]: snapshotter,
  };
}

/** Starts containerd as its unit and the drop-ins say, and waits until it listens. It ends with the machine. */
export async function startContainerd(machine: Machine): Promise<RunningContainerd> {
  const { commands, env } = await readUnit(machine.path(''), 'containerd.service');
  const [argv, ...more] = commands.ExecStart;
  assert.ok(argv !== undefined && more.length === 0, 'the unit of containerd has one ExecStart');
  const daemon = await machine.start({ argv, env });
  await eventually(async () => {
    assert.ok(daemon.isUp(), `containerd ended: ${daemon.printed()}`);
    return await isListening(machine.path(SOCKET));
  }, 20_000);
  return {
    daemon,
    configFile: argv[argv.indexOf('--config') + 1] ?? '',
    plugins: () => listPlugins(machine),
    criSnapshotter: () => CRI_IMAGES.exec(daemon.printed())?.[1],
    oomScore: async () => Number(CANNOT_LOWER.exec(daemon.printed())?.[1] ?? (await oomScoreOf(daemon.pid))),
  };
}

async function oomScoreOf(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/oom_score_adj`, 'utf8');
}

/** Whether something accepts connections at a Unix socket. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => socket.end(() => resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

/** What the machine's containerd makes of a config file; fails with what it prints when it refuses the file. */
export async function effectiveConfig(machine: Machine, file: string): Promise<EffectiveConfig> {
  const argv = ['/usr/bin/containerd', '--config', file, 'config', 'dump'];
  const { exitCode, stdout, stderr } = await machine.run({ argv });
  assert.equal(exitCode, 0, stderr);
  // The parsed document has only what JSON has: containerd dumps neither dates nor numbers beyond it.
  const dump = JSON.parse(JSON.stringify(parse(stdout))) as JsonValue;
  const readable = READERS[String(at(dump, 'version'))];
  assert.ok(readable !== undefined, `containerd dumps a config of version ${String(at(dump, 'version'))}`);
  return readable(dump);
}

/** Version 2 keeps all of CRI in one plugin. */
function readVersion2(dump: JsonValue): EffectiveConfig {
  const cri = at(dump, 'plugins', 'io.containerd.grpc.v1.cri');
  const containerd = at(cri, 'containerd');
  const pull = (name: string) => text(at(containerd, 'runtimes', name, 'snapshotter'));
  return readCommon(dump, { runtime: cri, images: containerd, pull });
}

/** Versions 3 and 4 tell images from containers. */
function readVersion3(dump: JsonValue): EffectiveConfig {
  const images = at(dump, 'plugins', 'io.containerd.cri.v1.images');
  const pull = (name: string) => text(at(images, 'runtime_platforms', name, 'snapshotter'));
  return readCommon(dump, { runtime: at(dump, 'plugins', 'io.containerd.cri.v1.runtime'), images, pull });
}

const READERS: Readonly<Record<string, (dump: JsonValue) => EffectiveConfig>> = {
  2: readVersion2,
  3: readVersion3,
  4: readVersion3,
};

interface CriTables {
  readonly runtime: JsonValue | undefined;
  readonly images: JsonValue | undefined;
  readonly pull: (runtime: string) => string;
}

function readCommon(dump: JsonValue, { runtime, images, pull }: CriTables): EffectiveConfig {
  const runtimes = entries(at(runtime, 'containerd', 'runtimes')).map(([name, table]) => [
    name,
    {
      systemdCgroup: at(table, 'options', 'SystemdCgroup') === true,
      binaryName: text(at(table, 'options', 'BinaryName')),
      snapshotter: text(at(table, 'snapshotter')),
      pullSnapshotter: pull(name),
    },
  ]);
  const proxies = entries(at(dump, 'proxy_plugins')).map(([name, table]) => [
    name,
    {
      type: text(at(table, 'type')),
      address: text(at(table, 'address')),
      exports: Object.fromEntries(entries(at(table, 'exports')).map(([key, value]) => [key, text(value)])),
    },
  ]);
  return {
    oomScore: Number(at(dump, 'oom_score')),
    selinux: at(runtime, 'enable_selinux') === true,
    snapshotter: text(at(images, 'snapshotter')),
    disableSnapshotAnnotations: at(images, 'disable_snapshot_annotations') === true,
    defaultRuntime: text(at(runtime, 'containerd', 'default_runtime_name')),
    runtimes: Object.fromEntries(runtimes),
    proxyPlugins: Object.fromEntries(proxies),
  };
}

async function listPlugins(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const { exitCode, stdout, stderr } = await machine.run({ argv: [CTR, 'plugins', 'ls'] });
  assert.equal(exitCode, 0, stderr);
  const rows = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  return new Map(rows.flatMap(([type, id, , state]) => (state === undefined ? [] : [[`${type}.${id}`, state]])));
}

function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((table, key) => (isObject(table) ? table[key] : undefined), value);
}

function entries(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return isObject(value) ? Object.entries(value as JsonObject) : [];
}

function text(value: JsonValue | undefined): string {
  return value === undefined || isList(value) || isObject(value) ? '' : String(value);
}
