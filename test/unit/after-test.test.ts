import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { afterTest, type Ending, killAfterTest } from '../support/after-test.ts';

/** Runs what a test registers, and then its end. */
async function endTest(body: (t: Ending) => void): Promise<void> {
  const hooks: (() => Promise<void>)[] = [];
  body({ after: (hook) => hooks.push(hook) });
  for (const hook of hooks) await hook();
}

test('what was set up last is undone first, and all of it whatever fails', async () => {
  const undone: string[] = [];
  const ended = endTest((t) => {
    afterTest(t, () => undone.push('first'));
    afterTest(t, async () => {
      await delay(5);
      undone.push('second');
      throw new Error('the second fails');
    });
    afterTest(t, () => {
      throw new Error('the third fails');
    });
  });
  await assert.rejects(ended, /the third fails\n.*the second fails/);
  assert.deepEqual(undone, ['second', 'first']);
});

test('one fault is told as it is', async () => {
  const fault = new Error('just this');
  const ended = endTest((t) => afterTest(t, () => Promise.reject(fault)));
  await assert.rejects(ended, (error) => error === fault);
});

test('a process is gone before what it used is removed', async () => {
  const child = spawn('sleep', ['60']);
  let gone = false;
  await endTest((t) => {
    afterTest(t, () => {
      gone = child.signalCode === 'SIGKILL';
    });
    killAfterTest(t, child);
  });
  assert.ok(gone);
});

test('a process that has ended is left alone', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  await endTest((t) => killAfterTest(t, child));
  assert.equal(child.exitCode, 0);
});
