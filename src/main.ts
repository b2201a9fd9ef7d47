#!/usr/bin/env node
// The first of all, since modules run in the order in which they are named.
import './service/early-hang-up-process.ts';

import { runCommandLine } from './cli/command-line.ts';
import type { Terminal } from './cli/terminal.ts';
import { readVersion } from './service/package-file.ts';

const onTerminal = process.stderr.isTTY === true;

/** A reader that went away, as `head` does, is no fault of ours. */
function write(data: string | Buffer): Promise<void> {
  return new Promise((fulfil, reject) => {
    process.stdout.write(data, (error) => {
      if (error && !('code' in error && error.code === 'EPIPE')) reject(error);
      else fulfil();
    });
  });
}

process.stdout.on('error', () => undefined);

const terminal: Terminal = {
  out: write,
  err: (text) => void process.stderr.write(text),
  environment: process.env,
  onTerminal,
  outOnTerminal: process.stdout.isTTY === true,
  onHangUp: (handle) => void process.on('SIGHUP', handle),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  colour: onTerminal && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
};

process.exitCode = await runCommandLine(process.argv.slice(2), terminal, await readVersion());
