import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { conversationOf, conversationsOf } from '../support/fuzz/conversations.ts';
import { requireProgram } from '../support/programs.ts';

const execute = promisify(execFile);

/** Fixed, so that a failure is one of the change at hand; `npm run fuzz` draws other requests each time. */
const SEED = '1';

test('Nothing that 20,000 odd and damaged requests can say breaks an answer, the log or the process', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const args = ['--enable-source-maps', 'build/test/support/fuzz/main.js', '--short', '--seed', SEED];
  const { stdout } = await execute(process.execPath, args).catch(({ stdout, stderr }) =>
    assert.fail(`the fuzzer found faults:\n${stdout}${stderr}`),
  );
  assert.match(stdout, /^nothing is wrong$/m);
  t.diagnostic(stdout.trim().split('\n').slice(1, -1).join('; '));
});

test('A seed draws the same requests each time, and a number leads to one conversation of them', () => {
  const drawn = conversationsOf(7);
  for (let number = 0; number < 150; number += 1) {
    assert.deepEqual(conversationOf(7, number), drawn.next().value);
  }
  assert.notDeepEqual(conversationOf(7, 0), conversationOf(8, 0));
});
