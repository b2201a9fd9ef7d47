import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createContentCache } from '../../../src/render/content-cache.ts';

interface Sized {
  readonly name: string;
  readonly bytes: number;
}

function cacheOf(maxBytes: number) {
  return createContentCache<Sized>(maxBytes, ({ bytes }) => bytes);
}

function sized(name: string, bytes = 1): Sized {
  return { name, bytes };
}

/** A computation that ends when it is told to. */
function controlled<T>() {
  let fulfil: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, refuse) => {
    fulfil = resolve;
    reject = refuse;
  });
  return { promise, fulfil, reject };
}

describe('one key is computed once', () => {
  test('however many ask for it at the same time', async () => {
    const cache = cacheOf(100);
    const { promise, fulfil } = controlled<Sized>();
    let runs = 0;
    const asked = Array.from({ length: 50 }, () =>
      cache.get('a', () => {
        runs += 1;
        return promise;
      }),
    );
    const value = sized('a');
    fulfil(value);
    for (const got of await Promise.all(asked)) assert.equal(got, value);
    assert.equal(runs, 1);
    assert.deepEqual(cache.statistics(), { entries: 1, bytes: 1, maxBytes: 100, hits: 0, misses: 1 });
  });

  test('and another key for itself', async () => {
    const cache = cacheOf(100);
    const [a, b] = await Promise.all([
      cache.get('a', async () => sized('a')),
      cache.get('__proto__', async () => sized('b')),
    ]);
    assert.deepEqual([a.name, b.name], ['a', 'b']);
  });

  test('as long as it is kept', async () => {
    const cache = cacheOf(100);
    const first = await cache.get('a', async () => sized('a'));
    assert.equal(await cache.get('a', () => assert.fail('it is there')), first);
    assert.equal(cache.peek('a'), first);
    assert.deepEqual(cache.statistics(), { entries: 1, bytes: 1, maxBytes: 100, hits: 2, misses: 1 });
  });
});

test('a look into the cache computes nothing', () => {
  const cache = cacheOf(100);
  assert.equal(cache.peek('a'), undefined);
  assert.deepEqual(cache.statistics(), { entries: 0, bytes: 0, maxBytes: 100, hits: 0, misses: 0 });
});

test('what was computed elsewhere can be put there', async () => {
  const cache = cacheOf(100);
  cache.put('a', sized('a'));
  assert.equal((await cache.get('a', () => assert.fail('it is there'))).name, 'a');
  assert.deepEqual(
    [...cache.entries()].map(([key, { name }]) => [key, name]),
    [['a', 'a']],
  );
});

test('a computation knows whether any of those who wait still wants it', async () => {
  const cache = cacheOf(100);
  const { promise, fulfil } = controlled<Sized>();
  let isWanted = () => false;
  const wanting = [true, true];
  const compute = (wanted: () => boolean) => {
    isWanted = wanted;
    return promise;
  };
  const first = cache.get('a', compute, () => wanting[0] === true);
  const second = cache.get('a', compute, () => wanting[1] === true);
  assert.ok(isWanted());
  wanting[0] = false;
  assert.ok(isWanted());
  wanting[1] = false;
  assert.ok(!isWanted());
  const third = cache.get('a', compute);
  assert.ok(isWanted());
  fulfil(sized('a'));
  await Promise.all([first, second, third]);
});

test('a look does not see what is under way', async () => {
  const cache = cacheOf(100);
  const { promise, fulfil } = controlled<Sized>();
  const got = cache.get('a', () => promise);
  assert.equal(cache.peek('a'), undefined);
  fulfil(sized('a'));
  await got;
  assert.equal(cache.peek('a')?.name, 'a');
});

describe('a failure', () => {
  test('reaches all who waited for it, and is not kept', async () => {
    const cache = cacheOf(100);
    const { promise, reject } = controlled<Sized>();
    const waiting = Promise.allSettled([cache.get('a', () => promise), cache.get('a', () => promise)]);
    const error = new Error('too busy');
    reject(error);
    for (const outcome of await waiting) assert.equal(outcome.status === 'rejected' && outcome.reason, error);
    assert.equal((await cache.get('a', async () => sized('second try'))).name, 'second try');
    assert.deepEqual(cache.statistics(), { entries: 1, bytes: 1, maxBytes: 100, hits: 0, misses: 2 });
  });

  test('of one key leaves the others alone', async () => {
    const cache = cacheOf(100);
    await cache.get('a', async () => sized('a'));
    await assert.rejects(cache.get('b', () => Promise.reject(new Error('no'))));
    assert.equal(cache.peek('a')?.name, 'a');
  });
});

describe('what is kept is bounded in bytes:', () => {
  test('what was not used for longest goes first', async () => {
    const cache = cacheOf(100);
    for (const name of ['a', 'b', 'c']) await cache.get(name, async () => sized(name, 30));
    cache.peek('a');
    await cache.get('d', async () => sized('d', 30));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].filter((name) => cache.peek(name) !== undefined),
      ['a', 'c', 'd'],
    );
    assert.equal(cache.statistics().bytes, 90);
  });

  test('a value that is larger than the whole cache is given and not kept', async () => {
    const cache = cacheOf(100);
    await cache.get('a', async () => sized('a', 30));
    assert.equal((await cache.get('b', async () => sized('b', 101))).name, 'b');
    assert.equal(cache.peek('b'), undefined);
    assert.equal(cache.peek('a')?.name, 'a');
  });

  test('a value that weighs nothing counts as one byte, so that they end too', async () => {
    const cache = cacheOf(10);
    for (let index = 0; index < 50; index += 1) await cache.get(`k${index}`, async () => sized('x', 0));
    assert.equal(cache.statistics().entries, 10);
  });

  test('always', async () => {
    const cache = cacheOf(1000);
    for (let index = 0; index < 200; index += 1) {
      await cache.get(`k${index % 37}`, async () => sized('x', 1 + ((index * 97) % 400)));
      assert.ok(cache.statistics().bytes <= 1000);
    }
  });
});
