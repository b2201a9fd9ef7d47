import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BareButaneOrder } from './bare-butane-process.ts';

const PROGRAM = fileURLToPath(new URL('bare-butane-process.js', import.meta.url));

/** Runs butane by itself in a process of its own; gives documents per second. */
export async function runBareButane(order: BareButaneOrder): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, JSON.stringify(order)]);
  return Number(stdout);
}
