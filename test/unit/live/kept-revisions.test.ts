import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { KeptRevision } from '../../../src/live/kept-revisions.ts';
import { createKeptRevisions } from '../../../src/live/kept-revisions.ts';
import type { FilesCopy } from '../../../src/site/files-copy-file.ts';
import type { Revision } from '../../../src/site/revision.ts';
import { fileTree } from '../../support/nodes.ts';
import { PLAIN, revisionOf } from '../site/parsed-site.ts';

const MIB = 1024 * 1024;

/** Kept revisions on a clock of the test, and the copies that were removed. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const removed: string[] = [];
  const copyOf = (name: string): FilesCopy => ({
    directory: name,
    fallback: false,
    remove: async () => void removed.push(name),
  });
  const make = (name: string, copy: FilesCopy, more: Partial<Revision> = {}): KeptRevision => {
    const files = fileTree({ name: copy.directory });
    const revision = { ...revisionOf({ 'profiles/web.bu': `# ${name}\n${PLAIN}` }, files), ...more };
    return { served: { revision, filesDir: copy.directory }, copy, outcomes: new Map() };
  };
  const kept = createKeptRevisions();
  const isThere = (each: KeptRevision) => kept.find(each.served.revision.id) !== undefined;
  return { kept, removed, copyOf, make, isThere };
}

describe('kept revisions', () => {
  test('are eight at most, the served one among them, and the oldest goes first', (t) => {
    const { kept, make, copyOf, isThere } = setUp(t);
    const copy = copyOf('copy');
    const served = make('served', copy);
    kept.keep(served, { served: true });
    const refused = Array.from({ length: 10 }, (_, index) => make(`refused ${index}`, copy));
    for (const each of refused) {
      kept.keep(each, { served: false });
      assert.ok(isThere(served) && isThere(each));
    }
    assert.deepEqual(
      refused.map((each) => isThere(each)),
      [false, false, false, true, true, true, true, true, true, true],
    );
  });

  test('that were served before go like any other', (t) => {
    const { kept, make, copyOf, isThere } = setUp(t);
    const copy = copyOf('copy');
    const all = Array.from({ length: 9 }, (_, index) => make(`served ${index}`, copy));
    for (const each of all) kept.keep(each, { served: true });
    assert.deepEqual(all.map(isThere), [false, ...Array.from({ length: 8 }, () => true)]);
  });

  test('take 128 MiB at most, what they share counted once; the served one stays however large it is', (t) => {
    const { kept, make, copyOf, isThere } = setUp(t);
    const copy = copyOf('copy');
    const large = (name: string, bytes: number, shared = Buffer.alloc(0)) =>
      make(name, copy, {
        documents: new Map([
          ['a', Buffer.alloc(bytes)],
          ['b', shared],
        ]),
      });
    const served = large('served', 60 * MIB);
    kept.keep(served, { served: true });
    const [one, two] = [large('one', 60 * MIB), large('two', 60 * MIB)];
    kept.keep(one, { served: false });
    kept.keep(two, { served: false });
    assert.deepEqual([served, one, two].map(isThere), [true, false, true]);
    const small = large('small', 8 * MIB);
    kept.keep(small, { served: false });
    assert.deepEqual([served, two, small].map(isThere), [true, true, true]);

    const shared = Buffer.alloc(50 * MIB);
    const sharing = ['x', 'y', 'z'].map((name) => large(name, 1, shared));
    for (const each of sharing) kept.keep(each, { served: true });
    assert.deepEqual(sharing.map(isThere), [true, true, true]);
    const huge = large('huge', 200 * MIB);
    kept.keep(huge, { served: true });
    assert.deepEqual([huge, ...sharing].map(isThere), [true, false, false, false]);
  });

  test('that come again are there once, with what is known of them now', (t) => {
    const { kept, make, copyOf } = setUp(t);
    const one = make('one', copyOf('copy'));
    kept.keep(one, { served: true });
    const outcomes = new Map([['web//', 'digest']]);
    kept.keep({ ...one, outcomes }, { served: true });
    assert.equal(kept.find(one.served.revision.id)?.outcomes, outcomes);
    for (let index = 0; index < 7; index += 1) kept.keep(make(`${index}`, one.copy), { served: false });
    assert.ok(kept.find(one.served.revision.id) !== undefined);
  });
});

describe('the copy of files/', () => {
  test('of a revision that goes is removed once nobody can be reading it', (t) => {
    const { kept, make, copyOf, removed } = setUp(t);
    for (let index = 0; index < 9; index += 1) kept.keep(make(`${index}`, copyOf(`copy ${index}`)), { served: true });
    t.mock.timers.tick(29_999);
    assert.deepEqual(removed, []);
    t.mock.timers.tick(1);
    assert.deepEqual(removed, ['copy 0']);
  });

  test('stays as long as any kept revision has it', (t) => {
    const { kept, make, copyOf, removed } = setUp(t);
    const shared = copyOf('shared');
    const first = make('first', shared);
    kept.keep(first, { served: true });
    for (let index = 0; index < 20; index += 1) kept.keep(make(`${index}`, copyOf(`copy ${index}`)), { served: false });
    kept.keep(make('last', shared), { served: true });
    for (let index = 20; index < 27; index += 1)
      kept.keep(make(`${index}`, copyOf(`copy ${index}`)), { served: false });
    assert.equal(kept.find(first.served.revision.id), undefined);
    t.mock.timers.tick(60_000);
    assert.ok(!removed.includes('shared'));
  });

  test('is found for equal files, and stays when it is wanted again in time', (t) => {
    const { kept, make, copyOf, removed } = setUp(t);
    const one = make('one', copyOf('copy'));
    kept.keep(one, { served: true });
    const { filesDigest } = one.served.revision;
    assert.equal(kept.findCopy(filesDigest), one.copy);
    assert.equal(kept.findCopy('0'.repeat(64)), undefined);
    const others = Array.from({ length: 8 }, (_, index) => make(`${index}`, copyOf(`copy ${index}`)));
    for (const each of others) kept.keep(each, { served: true });
    assert.equal(kept.findCopy(filesDigest), undefined, 'it is on its way out');
    t.mock.timers.tick(20_000);
    kept.keep(make('again', one.copy), { served: true });
    t.mock.timers.tick(60_000);
    assert.ok(!removed.includes('copy'));
  });

  test('of a revision that there is no room for is removed as well', (t) => {
    const { kept, make, copyOf, removed } = setUp(t);
    kept.keep(make('served', copyOf('served')), { served: true });
    const huge = make('huge', copyOf('huge'), { documents: new Map([['a', Buffer.alloc(129 * MIB)]]) });
    kept.keep(huge, { served: false });
    assert.equal(kept.find(huge.served.revision.id), undefined);
    t.mock.timers.tick(30_000);
    assert.deepEqual(removed, ['huge']);
  });

  test('is removed at the end, each once, whether it is kept or on its way out', async (t) => {
    const { kept, make, copyOf, removed } = setUp(t);
    const shared = copyOf('shared');
    kept.keep(make('a', shared), { served: true });
    kept.keep(make('b', shared), { served: true });
    for (let index = 0; index < 8; index += 1) kept.keep(make(`${index}`, copyOf(`copy ${index}`)), { served: false });
    await kept.close();
    assert.deepEqual(
      [...removed].sort(),
      ['shared', ...Array.from({ length: 8 }, (_, index) => `copy ${index}`)].sort(),
    );
    t.mock.timers.tick(60_000);
    assert.equal(removed.length, 9);
  });
});
