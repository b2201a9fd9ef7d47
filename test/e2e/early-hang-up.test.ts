import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { killAfterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import { EXAMPLE_SITE, scratchDirectory } from '../support/site.ts';

/** Numbers of signals, as signal(7) has them. */
const [SIGHUP, SIGQUIT] = [1, 3];

/** Begins a start that nothing but a signal reloads, with a butane that takes its time to say its version. */
async function beginStart(
  t: TestContext,
): Promise<{ readonly child: ChildProcess; readonly operator: string } | undefined> {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return undefined;
  const slow = join(await scratchDirectory(t), 'butane');
  await writeFile(slow, `#!/bin/sh\n[ "$1" != -V ] || sleep 1\nexec '${butane}' "$@"\n`, { mode: 0o755 });
  const port = await freePort();
  const listeners = ['--listen', '127.0.0.1:0', '--operator-listen', `127.0.0.1:${port}`];
  const places = ['--site', EXAMPLE_SITE, '--butane', slow, '--state-dir', await scratchDirectory(t)];
  const flags = ['serve', ...listeners, ...places, '--watch', 'off'];
  const child = spawn(process.execPath, [resolve('dist/main.js'), ...flags], { stdio: 'ignore' });
  killAfterTest(t, child);
  return { child, operator: `http://127.0.0.1:${port}` };
}

/** The signals that a process has a handler for. */
async function caughtBy({ pid }: ChildProcess): Promise<(signal: number) => boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mask = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return (signal) => ((mask >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Sends SIGHUP to a start for as long as nothing else is caught, and tells how often that was. */
async function hangUpEarly(child: ChildProcess): Promise<number> {
  for (let sent = 0; ; await delay(2)) {
    const isCaught = await caughtBy(child);
    // The command that runs the service catches both.
    if (isCaught(SIGQUIT)) return sent;
    if (isCaught(SIGHUP) && child.kill('SIGHUP')) sent += 1;
  }
}

test('SIGHUP ends no start, also where it comes before the program is loaded', async (t) => {
  // A busy machine may look too late.
  for (let starts = 0; starts < 5; starts += 1) {
    const begun = await beginStart(t);
    if (begun === undefined) return;
    const sent = await hangUpEarly(begun.child);
    assert.deepEqual([begun.child.exitCode, begun.child.signalCode], [null, null]);
    if (sent > 0) return;
  }
  assert.fail('SIGHUP was never caught earlier than anything else');
});

test('a reload that is asked for during a start is made after it', async (t) => {
  const begun = await beginStart(t);
  if (begun === undefined) return;
  const { child, operator } = begun;
  const isReady = async () => (await ask(operator, '/readyz').catch(() => undefined))?.status;
  await eventually(async () => (await isReady()) === 503);
  child.kill('SIGHUP');
  await eventually(async () => (await isReady()) === 200);
  await eventually(async () => {
    const { body } = await ask(operator, '/metrics');
    return /^pilotlight_reloads_total\{outcome="unchanged"\} 1$/m.test(body.toString());
  });
});
