import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { afterTest } from '../after-test.ts';
import { requireProgram, requireRoot } from '../programs.ts';
import { scratchDirectory } from '../site.ts';

/** A host of the network: the programs that are started there see only this network, and an empty `/srv`. */
export interface Host {
  readonly address: string;
  /** What has to stand before a command so that it becomes a program of this host, and ends with the test. */
  readonly launcher: readonly string[];
  /** Runs a command to its end and gives what it prints; rejects when it fails. */
  readonly run: (command: readonly string[]) => Promise<string>;
  /** Starts a command that runs on, until the test ends at the latest. */
  readonly start: (command: readonly string[]) => Daemon;
}

/** A host that no cable reaches yet. */
export interface LoneHost extends Host {
  /** A process that lives in its namespaces. */
  readonly pid: number;
  /** The program that sets its network up. */
  readonly ip: string;
}

/** A program that runs on. */
export interface Daemon {
  readonly isUp: () => boolean;
  /** All that it has printed so far. */
  readonly printed: () => string;
  /** Ends it at once. */
  readonly stop: () => Promise<void>;
}

/** An Ethernet segment with a boot server and a router, to which machines can be plugged. */
export interface Network {
  /** Where the service and the boot server's dnsmasq run; the segment is a bridge of this host. */
  readonly server: Host;
  readonly router: Host;
  /** Makes a socket for one more machine, and gives the name of its tap device on the server. */
  readonly plug: () => Promise<string>;
}

/** What the server and the router call their interface on the segment. */
const INTERFACE = 'eth0';

const run = promisify(execFile);

/**
 * Makes a host of its own, out of nothing but namespaces: no process, mount or device of it outlives the test, nor the
 * process that runs the test. Needs root. Resolves to undefined when the test is skipped.
 */
export async function startHost(t: TestContext, address: string): Promise<LoneHost | undefined> {
  const ip = requireRoot(t) ? requireProgram(t, 'ip') : undefined;
  const [unshare, nsenter] = ip === undefined ? [] : [requireProgram(t, 'unshare'), requireProgram(t, 'nsenter')];
  const setpriv = nsenter && requireProgram(t, 'setpriv');
  if (ip === undefined || unshare === undefined || nsenter === undefined || setpriv === undefined) return undefined;
  const pid = await holdNamespaces(t, unshare);
  // A process that is started in the namespaces is a child of the test, and the kernel kills it when the test is gone.
  const launcher = [
    ...[nsenter, `--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`, `--wd=${process.cwd()}`, '--'],
    ...[setpriv, '--pdeathsig', 'KILL', '--'],
  ];
  return { ...createHost(t, address, launcher), pid, ip };
}

/** Makes a network of its own with such hosts. Needs root. Resolves to undefined when the test is skipped. */
export async function startNetwork(t: TestContext): Promise<Network | undefined> {
  const server = await startHost(t, '192.0.2.10');
  const router = server && (await startHost(t, '192.0.2.1'));
  if (server === undefined || router === undefined) return undefined;
  const { ip } = server;
  const routerPid = router.pid;

  await addBridge(server, INTERFACE);
  const cable = ['link', 'add', 'router', 'type', 'veth', 'peer', 'name', INTERFACE, 'netns', `${routerPid}`];
  await server.run([ip, ...cable]);
  await attach(server, ip, 'router');
  for (const host of [server, router]) {
    await host.run([ip, 'address', 'add', `${host.address}/24`, 'dev', INTERFACE]);
    await host.run([ip, 'link', 'set', INTERFACE, 'up']);
  }
  await router.run([ip, 'address', 'add', '2001:db8::1/64', 'dev', INTERFACE, 'nodad']);

  let plugged = 0;
  const plug = async () => {
    const tap = `machine${plugged}`;
    plugged += 1;
    await server.run([ip, 'tuntap', 'add', tap, 'mode', 'tap']);
    await attach(server, ip, tap);
    return tap;
  };
  return { server, router, plug };
}

/**
 * Makes a host that is on no network, and has two addresses of its own: what it asks at the one comes from the other, as it
 * would from a machine. Needs root. Resolves to undefined when the test is skipped.
 */
export async function startLoneHost(t: TestContext, service: string, machine: string): Promise<Host | undefined> {
  const host = await startHost(t, service);
  if (host === undefined) return undefined;
  for (const address of [service, machine]) {
    await host.run([host.ip, 'address', 'add', `${address}/32`, 'dev', 'lo']);
  }
  await host.run([host.ip, 'route', 'replace', 'table', 'local', 'local', service, 'dev', 'lo', 'src', machine]);
  return host;
}

/** What a bridge is known by on its segment. */
const BRIDGE_MAC = '52:54:00:00:01:00';

/**
 * Gives a host a bridge. Without an address of its own it takes the lowest of its ports', so a port that joins later can
 * change it, and what the other machines send to the old one is lost until they forget it, which takes up to a minute.
 * Without a delay of 0 it drops what a machine sends in its first 15 seconds.
 */
export async function addBridge({ run, ip }: LoneHost, name: string): Promise<void> {
  await run([ip, 'link', 'add', name, 'address', BRIDGE_MAC, 'type', 'bridge', 'forward_delay', '0']);
}

/** Gives a host a name for an address that no DNS server tells it. */
export async function addName({ run }: Host, t: TestContext, address: string, name: string): Promise<void> {
  const hosts = join(await scratchDirectory(t), 'hosts');
  await writeFile(hosts, `127.0.0.1 localhost\n${address} ${name}\n`);
  await run(['mount', '--bind', hosts, '/etc/hosts']);
}

/** Gives a host what systemd-networkd leaves of a DHCP lease of a device, and an empty `/run` for it. */
export async function addLease({ run }: Host, t: TestContext, device: string, server: string): Promise<void> {
  const lease = join(await scratchDirectory(t), 'lease');
  await writeFile(lease, `SERVER_ADDRESS=${server}\n`);
  const [index = ''] = (await run(['ip', '-oneline', 'link', 'show', device])).split(':');
  await run(['mount', '-t', 'tmpfs', 'run', '/run']);
  await run(['mkdir', '--parents', '/run/systemd/netif/leases']);
  await run(['cp', lease, `/run/systemd/netif/leases/${index}`]);
}

async function attach(server: Host, ip: string, device: string): Promise<void> {
  await server.run([ip, 'link', 'set', device, 'master', INTERFACE, 'up']);
}

/** Gives the id of a process that lives in namespaces of its own until the test ends. */
async function holdNamespaces(t: TestContext, unshare: string): Promise<number> {
  const script = ['sh', 'test/support/network-boot/network.sh'];
  const holder = spawn(unshare, ['--net', '--mount', ...script], { stdio: 'pipe' });
  const complaints = collect(holder.stderr);
  const ended = once(holder, 'close');
  afterTest(t, async () => {
    holder.stdin.end();
    await ended;
  });
  const ready = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready || holder.pid === undefined) throw new Error(`the network did not start: ${complaints()}`);
  return holder.pid;
}

function createHost(t: TestContext, address: string, launcher: readonly string[]): Host {
  const [file = '', ...first] = launcher;
  return {
    address,
    launcher,
    async run(command) {
      return (await run(file, [...first, ...command])).stdout;
    },
    start(command) {
      const daemon = watchDaemon(spawn(file, [...first, ...command], { stdio: ['ignore', 'pipe', 'pipe'] }));
      afterTest(t, () => daemon.stop());
      return daemon;
    },
  };
}

function watchDaemon(child: ChildProcessByStdio<null, Readable, Readable>): Daemon {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = once(child, 'close');
  const isUp = () => child.exitCode === null && child.signalCode === null;
  return {
    isUp,
    printed: () => stdout() + stderr(),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
