import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { KeeperOptions } from '../../../src/live/keeper.ts';
import { createKeeper } from '../../../src/live/keeper.ts';
import type { Snapshot } from '../../../src/live/snapshot.ts';
import { smallSnapshot } from './snapshots.ts';

/** A keeper whose writes end when they are told to. */
function setUp(t: TestContext, options: Partial<KeeperOptions> = {}) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const saves: Snapshot[] = [];
  const ends: { fulfil: (bytes: number) => void; reject: (error: Error) => void }[] = [];
  const saved: number[] = [];
  const failures: unknown[] = [];
  const now = { progress: 0, snapshot: smallSnapshot() };
  const keeper = createKeeper({
    store: {
      save(snapshot) {
        saves.push(snapshot);
        return new Promise((fulfil, reject) => ends.push({ fulfil, reject }));
      },
    },
    progress: () => now.progress,
    onSaved: (bytes) => void saved.push(bytes),
    onFailure: (error) => void failures.push(error),
    intervalMs: 1000,
    ...options,
  });
  const end = async (error?: Error) => {
    const first = ends.shift();
    assert.ok(first !== undefined, 'nothing is being written');
    if (error === undefined) first.fulfil(7);
    else first.reject(error);
    await setImmediate();
  };
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await setImmediate();
  };
  const keep = () => keeper.keep(() => now.snapshot);
  return { keeper, keep, saves, saved, failures, now, end, pass };
}

describe('a keeper', () => {
  test('writes at once, and tells how much it was', async (t) => {
    const { keeper, keep, saves, saved, end } = setUp(t);
    void keep();
    assert.equal(saves.length, 1);
    await end();
    assert.deepEqual(saved, [7]);
    await keeper.close();
    assert.equal(saves.length, 1);
  });

  test('makes one write of all that comes while it writes, and takes what is there then', async (t) => {
    const { keep, saves, now, end } = setUp(t);
    void keep();
    void keep();
    void keep();
    const latest = smallSnapshot({ 'fragments/latest.bu': '' });
    now.snapshot = latest;
    assert.equal(saves.length, 1, 'never two at the same time');
    await end();
    assert.equal(saves.length, 2);
    assert.equal(saves[1], latest);
    await end();
    assert.equal(saves.length, 2);
  });

  test('looks from time to time whether more was made, and writes only then', async (t) => {
    const { keep, saves, now, end, pass } = setUp(t);
    void keep();
    await end();
    await pass(5000);
    assert.equal(saves.length, 1);
    now.progress = 3;
    await pass(999);
    assert.equal(saves.length, 1);
    await pass(1);
    assert.equal(saves.length, 2);
    await end();
    await pass(5000);
    assert.equal(saves.length, 2);
  });

  test('notices what is made while it writes', async (t) => {
    const { keep, saves, now, end, pass } = setUp(t);
    now.progress = 1;
    void keep();
    now.progress = 2;
    await end();
    assert.equal(saves.length, 1);
    await pass(1000);
    assert.equal(saves.length, 2);
  });

  test('writes nothing while there is nothing, and then what there is', async (t) => {
    const { keeper, keep, saves, now, end, pass } = setUp(t);
    now.progress = 1;
    await pass(1000);
    assert.equal(saves.length, 0);
    void keep();
    assert.equal(saves.length, 1);
    await end();
    await keeper.close();
  });

  test('tells when what it was given is on disk, or could not be written', async (t) => {
    const { keep, saves, now, end } = setUp(t);
    const told: string[] = [];
    void keep().then(() => told.push('first'));
    now.snapshot = smallSnapshot({ 'fragments/second.bu': '' });
    void keep().then(() => told.push('second'));
    await end();
    assert.deepEqual(told, [], 'what came meanwhile is written as well');
    await end(new Error('the disk is full'));
    assert.deepEqual(told, ['first', 'second']);
    assert.equal(saves.length, 2);
  });

  test('tells of each failure and tries again at the next interval, not at once', async (t) => {
    const { keep, saves, saved, failures, end, pass } = setUp(t);
    void keep();
    for (const times of [1, 2, 3]) {
      await end(new Error('the disk is full'));
      assert.equal(failures.length, times);
      assert.equal(saves.length, times);
      await pass(1000);
    }
    await end();
    assert.deepEqual(saved, [7]);
    await pass(5000);
    assert.equal(saves.length, 4);
  });

  test('writes what is new before it ends, and then nothing more', async (t) => {
    const { keeper, keep, saves, now, end, pass } = setUp(t);
    void keep();
    await end();
    now.progress = 1;
    const closed = keeper.close();
    await setImmediate();
    assert.equal(saves.length, 2);
    await end();
    await closed;
    now.progress = 2;
    await pass(5000);
    assert.equal(saves.length, 2);
  });

  test('ends although nothing can be written', async (t) => {
    const { keeper, keep, saves, failures, end } = setUp(t);
    void keep();
    const closed = keeper.close();
    await end(new Error('the disk is full'));
    await end(new Error('the disk is full'));
    await closed;
    assert.deepEqual([saves.length, failures.length], [2, 2]);
  });

  test('that has nothing to keep writes nothing when it ends', async (t) => {
    const { keeper, saves } = setUp(t);
    await keeper.close();
    assert.equal(saves.length, 0);
  });
});
