import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A server in a process of its own. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

const START_TRIES = 600;

/**
 * Starts a Node.js program whose log, on standard error, goes to a file, and waits for the log to say where it listens:
 * a line with `machineAddress`. Throws with the log when the program ends before that.
 */
export async function startServer(args: readonly string[], logFile: string): Promise<Server> {
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', log] });
  closeSync(log);
  const ended = new Promise<void>((fulfil) => child.once('exit', () => fulfil()));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  for (let tries = 0; tries < START_TRIES && child.exitCode === null; tries += 1) {
    const address = /"machineAddress":"([^"]+)"/.exec(await readFile(logFile, 'utf8'))?.[1];
    if (address !== undefined) return { url: `http://${address}`, close };
    await delay(50);
  }
  await close();
  throw new Error(`${args[0]} did not start:\n${await readFile(logFile, 'utf8')}`);
}
