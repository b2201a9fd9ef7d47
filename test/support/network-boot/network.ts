import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram, requireRoot } from '../programs.ts';

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

type Enter = (pid: number) => readonly string[];

const run = promisify(execFile);

/**
 * Makes a network of its own, out of nothing but namespaces: no process, mount or device of it outlives the test, nor the
 * process that runs the test. Needs root. Resolves to undefined when the test is skipped.
 */
export async function startNetwork(t: TestContext): Promise<Network | undefined> {
  const ip = requireRoot(t) ? requireProgram(t, 'ip') : undefined;
  const [unshare, nsenter] = ip === undefined ? [] : [requireProgram(t, 'unshare'), requireProgram(t, 'nsenter')];
  const setpriv = nsenter && requireProgram(t, 'setpriv');
  if (ip === undefined || unshare === undefined || nsenter === undefined || setpriv === undefined) return undefined;
  // A process that is started in the namespaces is a child of the test, and the kernel kills it when the test is gone.
  const enter: Enter = (pid) => [
    ...[nsenter, `--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`, `--wd=${process.cwd()}`, '--'],
    ...[setpriv, '--pdeathsig', 'KILL', '--'],
  ];
  const [serverPid, routerPid] = [await holdNamespaces(t, unshare), await holdNamespaces(t, unshare)];
  const server = createHost(t, '192.0.2.10', enter(serverPid));
  const router = createHost(t, '192.0.2.1', enter(routerPid));

  // Without a delay of 0 the bridge drops what a machine sends in its first 15 seconds.
  await server.run([ip, 'link', 'add', INTERFACE, 'type', 'bridge', 'forward_delay', '0']);
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

async function attach(server: Host, ip: string, device: string): Promise<void> {
  await server.run([ip, 'link', 'set', device, 'master', INTERFACE, 'up']);
}

/** Gives the id of a process that lives in namespaces of its own until the test ends. */
async function holdNamespaces(t: TestContext, unshare: string): Promise<number> {
  const script = ['sh', 'test/support/network-boot/network.sh'];
  const holder = spawn(unshare, ['--net', '--mount', ...script], { stdio: 'pipe' });
  const complaints = collect(holder.stderr);
  const ended = once(holder, 'close');
  t.after(async () => {
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
      t.after(() => daemon.stop());
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
