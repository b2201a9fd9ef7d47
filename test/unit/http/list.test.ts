import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import { checkListQuery, listQuery, type PageQuery, pageById, pageByPosition } from '../../../src/http/list.ts';

const IDS = ['a', 'b', 'b.1', 'c', 'd'].map((id) => ({ id }));

describe('a list by id', () => {
  test('is walked to its end, each entry once', () => {
    for (const limit of [1, 2, 3, 5, 6]) {
      const seen: string[] = [];
      let query: PageQuery = { limit };
      for (;;) {
        const { items, about } = pageById(IDS, query);
        assert.equal(about.total, IDS.length);
        seen.push(...items.map(({ id }) => id));
        if (about.next === undefined) break;
        query = { limit, after: about.next };
      }
      assert.deepEqual(seen, ['a', 'b', 'b.1', 'c', 'd'], `limit ${limit}`);
    }
  });

  test('goes on behind an entry that is gone', () => {
    const { items } = pageById(IDS, { after: 'b.0' });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['b.1', 'c', 'd'],
    );
  });

  test('has nothing behind its end, and nothing when it is empty', () => {
    assert.deepEqual(pageById(IDS, { after: 'd' }), { items: [], about: { total: 5 } });
    assert.deepEqual(pageById([], {}), { items: [], about: { total: 0 } });
  });

  test('has a hundred entries on a page unless more are asked for', () => {
    const many = Array.from({ length: 250 }, (_, index) => ({ id: String(index).padStart(3, '0') }));
    assert.equal(pageById(many, {}).items.length, 100);
    assert.equal(pageById(many, {}).about.next, '099');
    assert.equal(pageById(many, { limit: 1000 }).items.length, 250);
  });
});

describe('a list by position', () => {
  const list = Array.from({ length: 10 }, (_, index) => index);
  const even = (item: number) => item % 2 === 0;

  test('is walked to its end, each entry that passes once', () => {
    const first = pageByPosition(list, 'a1.9', even, { limit: 3 });
    assert.deepEqual([first.items, first.about.total], [[0, 2, 4], 5]);
    const second = pageByPosition(list, 'a1.9', even, { limit: 3, ...after(first.about.next) });
    assert.deepEqual([second.items, second.about], [[6, 8], { total: 5 }]);
  });

  test('has its cursor in the whole list, so another filter goes on where it was', () => {
    const { about } = pageByPosition(list, 'a1.9', even, { limit: 3 });
    assert.deepEqual(pageByPosition(list, 'a1.9', () => true, after(about.next)).items, [5, 6, 7, 8, 9]);
  });

  test('refuses the cursor of another list, and says what to do', () => {
    const { about } = pageByPosition(list, 'a1.9', even, { limit: 3 });
    assert.throws(() => pageByPosition(list, 'a2.9', even, after(about.next)), gone(/has changed.*without it/));
  });

  for (const cursor of ['x', '5', 'a1.9.', 'a1.9.-1', 'a1.9.1e3', 'a1.9.99999999999', '.5', 'a1.9.5 ']) {
    test(`refuses ${cursor}, which is no cursor`, () => {
      assert.throws(() => pageByPosition(list, 'a1.9', even, { after: cursor }), gone(/has changed/));
    });
  }

  test('has nothing behind its end', () => {
    assert.deepEqual(pageByPosition(list, 'a1.9', even, { after: 'a1.9.999999999' }), {
      items: [],
      about: { total: 5 },
    });
  });
});

function gone(says: RegExp) {
  return (error: unknown) =>
    error instanceof ProvisioningError && error.code === 'revision-not-found' && says.test(error.message);
}

function after(next: string | undefined): PageQuery {
  assert.ok(next !== undefined);
  return { after: next };
}

test('A query of a list is checked as text, and numbers become numbers', () => {
  const check = checkListQuery({ schema: listQuery({}), method: 'GET', url: '/', httpPart: 'querystring' });
  const read = (query: Record<string, unknown>) => (check(query) === true ? query : 'refused');
  assert.deepEqual(read({ limit: '7', after: 'x' }), { limit: 7, after: 'x' });
  assert.deepEqual(read({}), {});
  for (const limit of ['0', '1001', '-1', '1.5', '', 'ten', '1e4', 'NaN', 'Infinity', ['1', '2']]) {
    assert.equal(read({ limit }), 'refused', String(limit));
  }
  for (const query of [
    { after: '' },
    { after: 'x'.repeat(257) },
    { after: ['a', 'b'] },
    { page: '2' },
    { Limit: '1' },
  ]) {
    assert.equal(read(query), 'refused', JSON.stringify(query));
  }
});
