import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTurns } from '../../../src/assets/turns.ts';

test('Work takes turns, so many at once, and in the order in which it came', async () => {
  const turns = createTurns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = [0, 1, 2, 3].map((number) =>
    turns(() => {
      begun.push(number);
      return new Promise<number>((resolve) => ends.push(() => resolve(number)));
    }),
  );
  await setImmediate();
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.();
  await setImmediate();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const number of [0, 2]) ends[number]?.();
  await setImmediate();
  ends[3]?.();
  assert.deepEqual(await Promise.all(work), [0, 1, 2, 3]);
});

test('Work that fails gives its place free', async () => {
  const turns = createTurns(1);
  const fault = new Error('x');
  await assert.rejects(
    turns(() => Promise.reject(fault)),
    fault,
  );
  assert.equal(await turns(async () => 'next'), 'next');
});
