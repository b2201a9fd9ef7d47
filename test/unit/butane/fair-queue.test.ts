import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { FairQueueOptions } from '../../../src/butane/fair-queue.ts';
import { createFairQueue } from '../../../src/butane/fair-queue.ts';
import { ProvisioningError } from '../../../src/errors.ts';

/** A queue whose jobs end when they are told to, and the order in which they began. */
function setUp(options: Partial<FairQueueOptions> = {}) {
  const clock = { ms: 0 };
  const queue = createFairQueue(
    { handedOut: 1, concurrency: 1, maxQueued: 100, maxWaitMs: 8000, ...options },
    () => clock.ms,
  );
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const add = (lane: string, name: string, wanted = () => true) =>
    queue.add({
      lane,
      wanted,
      run: () => {
        begun.push(name);
        return new Promise<string>((fulfil) => ends.push(() => fulfil(name)));
      },
    });
  /** Ends what began first, `tookMs` later. */
  const endOne = async (tookMs = 0) => {
    clock.ms += tookMs;
    ends.shift()?.();
    await setImmediate();
  };
  const endAll = async () => {
    while (ends.length > 0) await endOne();
  };
  return { queue, add, begun, endOne, endAll };
}

function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof ProvisioningError ? error.code : String(error)),
  );
}

test('lanes take turns, and each keeps its own order', async () => {
  const { add, begun, endAll } = setUp();
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => add(name.charAt(0), name));
  await endAll();
  await Promise.all(all);
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
});

test('no more run at once than are handed out', async () => {
  const { add, begun, queue, endOne, endAll } = setUp({ handedOut: 2 });
  const all = ['a1', 'a2', 'a3'].map((name) => add('a', name));
  assert.deepEqual(begun, ['a1', 'a2']);
  assert.deepEqual(queue.load(), { running: 2, queued: 1 });
  await endOne();
  assert.deepEqual(begun, ['a1', 'a2', 'a3']);
  await endAll();
  await Promise.all(all);
  assert.deepEqual(queue.load(), { running: 0, queued: 0 });
});

describe('a full queue', () => {
  test('refuses the lane that filled it', async () => {
    const { add, endAll } = setUp({ maxQueued: 2 });
    const all = ['a1', 'a2', 'a3'].map((name) => add('a', name));
    assert.equal(await codeOf(add('a', 'a4')), 'queue-full');
    await endAll();
    assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3']);
  });

  test('makes room for another lane by giving up the newest of the longest', async () => {
    const { add, begun, endAll } = setUp({ maxQueued: 3 });
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => codeOf(add('a', name)));
    const other = codeOf(add('b', 'b1'));
    await endAll();
    assert.deepEqual(await Promise.all(all), ['done', 'done', 'done', 'queue-full']);
    assert.equal(await other, 'done');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
  });
});

describe('a job that would wait too long', () => {
  test('is refused at once, by what earlier ones took', async () => {
    const { add, endOne, endAll } = setUp({ maxWaitMs: 8000 });
    const first = add('a', 'a1');
    await endOne(3000);
    assert.equal(await first, 'a1');
    const all = ['a2', 'a3', 'a4'].map((name) => codeOf(add('a', name)));
    assert.equal(await codeOf(add('a', 'a5')), 'queue-full');
    const other = codeOf(add('b', 'b1'));
    await endAll();
    assert.deepEqual(await Promise.all(all), ['done', 'done', 'done']);
    assert.equal(await other, 'done', 'the turn of another lane comes sooner');
  });

  test('is taken again when runs are quick again', async () => {
    const { add, endOne } = setUp({ maxWaitMs: 100 });
    const slow = add('a', 'slow');
    await endOne(1000);
    await slow;
    for (let index = 0; index < 60; index += 1) {
      const quick = codeOf(add('a', 'quick'));
      await endOne(1);
      assert.equal(await quick, 'done', 'an idle queue refuses nothing');
    }
    const two = [codeOf(add('a', 'x')), codeOf(add('a', 'y'))];
    await endOne(1);
    await endOne(1);
    assert.deepEqual(await Promise.all(two), ['done', 'done']);
  });
});

test('what nobody waits for any more is not begun', async () => {
  const { add, begun, endAll } = setUp();
  let wanted = true;
  const first = codeOf(add('a', 'a1'));
  const left = codeOf(add('a', 'a2', () => wanted));
  const last = codeOf(add('a', 'a3'));
  wanted = false;
  await endAll();
  assert.deepEqual(await Promise.all([first, left, last]), ['done', 'not-ready', 'done']);
  assert.deepEqual(begun, ['a1', 'a3']);
});

test('a stop refuses what waits and lets what runs end', async () => {
  const { queue, add, endAll } = setUp();
  const running = codeOf(add('a', 'a1'));
  const waiting = [codeOf(add('a', 'a2')), codeOf(add('b', 'b1'))];
  queue.refuseWaiting(new ProvisioningError('not-ready', 'no'));
  assert.deepEqual(await Promise.all(waiting), ['not-ready', 'not-ready']);
  const idle = queue.onIdle();
  await endAll();
  await idle;
  assert.equal(await running, 'done');
});

test('a job that fails gives its turn on', async () => {
  const { queue } = setUp();
  const failing = queue.add({ lane: 'a', wanted: () => true, run: () => Promise.reject(new Error('no')) });
  const next = queue.add({ lane: 'a', wanted: () => true, run: async () => 'next' });
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'next');
});
