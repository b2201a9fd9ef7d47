import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort } from './ports.ts';
import { ask } from './service.ts';

/** A service in a process of its own, as people run it. */
export interface ServiceProcess {
  readonly pid: number;
  /** Base URLs of the two APIs. */
  readonly machine: string;
  readonly operator: string;
  /** False once the process has ended. */
  readonly alive: () => boolean;
  /** Asks the process to stop and waits for it; one that does not is killed. */
  readonly end: () => Promise<void>;
}

/** What a process may be started with. */
export interface ServiceProcessOptions {
  readonly site: string;
  readonly stateDir: string;
  readonly flags?: readonly string[];
  /** Options of Node.js itself. */
  readonly nodeFlags?: readonly string[];
  /** Gets each whole line of the log, which is JSON. */
  readonly onLine?: (line: string) => void;
}

const START_MS = 20_000;
const END_MS = 15_000;

/** Starts the compiled service on loopback and waits until it serves; throws with what it printed when it does not. */
export async function startLoneService(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { site, stateDir, flags = [], nodeFlags = [], onLine = () => undefined } = options;
  const [port, operatorPort] = [await freePort(), await freePort()];
  const listeners = ['--listen', `127.0.0.1:${port}`, '--operator-listen', `127.0.0.1:${operatorPort}`];
  const common = ['--site', site, '--state-dir', stateDir, '--log-format', 'json', ...listeners];
  const node = [`--import=${pathToFileURL('tools/lib/end-with-parent.mjs')}`, ...nodeFlags];
  const child = spawn(process.execPath, [...node, resolve('dist/main.js'), 'serve', ...common, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const ended = once(child, 'exit');
  const last: string[] = [];
  let rest = '';
  const { stderr } = child;
  if (stderr === null) throw new Error('standard error is a pipe');
  stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    last.push(...lines.slice(-20));
    last.splice(0, Math.max(0, last.length - 20));
  });
  const alive = () => child.exitCode === null && child.signalCode === null;
  const end = async () => {
    if (!alive()) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
  };
  const service = {
    pid: child.pid ?? 0,
    machine: `http://127.0.0.1:${port}`,
    operator: `http://127.0.0.1:${operatorPort}`,
    alive,
    end,
  };
  const deadline = performance.now() + START_MS;
  while (alive() && performance.now() < deadline) {
    const ready = await ask(service.operator, '/readyz').catch(() => undefined);
    if (ready?.status === 200) return service;
    await delay(50);
  }
  await end();
  throw new Error(`the service did not start:\n${last.join('\n')}`);
}
