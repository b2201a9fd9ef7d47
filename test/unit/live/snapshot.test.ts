import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { FileTreeEntry } from '../../../src/fragment/file-tree.ts';
import type { KeptContent, Snapshot } from '../../../src/live/snapshot.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../src/live/snapshot.ts';
import { digestTree } from '../../../src/site/source-tree.ts';
import { anyText } from '../any-text.ts';
import { smallSnapshot } from './snapshots.ts';

async function encode(snapshot: Snapshot): Promise<Buffer> {
  return Buffer.concat(await encodeSnapshot(snapshot));
}

/** A file with the header that a writer of anything would put before it. */
function sealed(rest: Buffer, indexSize: number): Buffer {
  const digest = createHash('sha256').update(rest).digest('hex');
  return Buffer.concat([Buffer.from(`pilotlight-state 1 ${digest} ${indexSize}\n`), rest]);
}

describe('a snapshot is read back as it was', () => {
  test('with all that it holds', async () => {
    const snapshot = smallSnapshot();
    const { revision, ...decoded } = decodeSnapshot(await encode(snapshot));
    assert.deepEqual(decoded, snapshot);
    assert.equal(revision, digestTree(snapshot.tree));
  });

  test('with nothing in it', async () => {
    const tree = { format: 'matchbox', documents: new Map(), files: new Map(), diagnostics: [] } as const;
    const snapshot = { site: '', tree, outcomes: new Map(), contents: [], reports: [] };
    const { revision: _, ...decoded } = decodeSnapshot(await encode(snapshot));
    assert.deepEqual(decoded, snapshot);
  });

  test('whatever names and bytes it is made of', async () => {
    const name = fc.oneof(anyText(8), fc.constantFrom('__proto__', 'constructor', 'a b', 'a\nb', ''));
    const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
    const entry: fc.Arbitrary<FileTreeEntry> = fc.oneof(
      fc.tuple(fc.boolean(), bytes).map(([executable, content]) => ({ kind: 'file' as const, executable, content })),
      name.map((target) => ({ kind: 'link' as const, target })),
      fc.constant({ kind: 'directory' as const }),
    );
    const map = <T>(value: fc.Arbitrary<T>) =>
      fc.array(fc.tuple(name, value), { maxLength: 5 }).map((all) => new Map(all));
    const content = fc.record(
      {
        ok: fc.constant(true as const),
        body: bytes,
        specVersion: fc.constant('3.4.0'),
        sha512: name,
        entries: fc.constant([]),
      },
      { noNullPrototype: true },
    );
    const snapshots = fc.record(
      {
        site: fc.string(),
        tree: fc.record(
          {
            format: fc.constantFrom('pilotlight', 'matchbox'),
            documents: map(bytes),
            files: map(entry),
            diagnostics: fc.constant([]),
          },
          { noNullPrototype: true },
        ),
        outcomes: map(fc.option(name, { nil: undefined })),
        contents: fc.array(fc.tuple(name, content), { maxLength: 3 }),
        reports: fc.array(fc.tuple(name, fc.constant([])), { maxLength: 3 }),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(snapshots, async (snapshot) => {
        const { revision: _, ...decoded } = decodeSnapshot(await encode(snapshot));
        assert.deepEqual(decoded, snapshot);
      }),
      { numRuns: 100 },
    );
  });

  test('and its pieces do not hold the whole of it in memory', async () => {
    const { tree } = decodeSnapshot(await encode(smallSnapshot({ 'fragments/large.bu': 'x'.repeat(100_000) })));
    const large = tree.documents.get('fragments/large.bu');
    assert.ok(large !== undefined && large.buffer.byteLength < 110_000);
  });
});

describe('a snapshot is refused', () => {
  test('when any byte of it is another one', async () => {
    const good = await encode(smallSnapshot());
    for (let at = 0; at < good.length; at += 1) {
      for (const mask of [0x01, 0x10, 0x20, 0x80, 0xff]) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ mask;
        assert.throws(() => decodeSnapshot(bad), Error, `byte ${at} with ${mask}`);
      }
    }
  });

  test('when the size of its index is another one, also where what follows looks like a part of it', async () => {
    for (const blank of ['\n', '  ', '\t\n\t\n\t\n\t\n']) {
      const good = await encode(smallSnapshot({ 'fragments/a.bu': blank.repeat(30) }));
      const end = good.indexOf('\n');
      const head = good.toString('latin1', 0, end);
      const size = Number(head.split(' ')[3]);
      for (const other of [0, 1, size - 1, size + 1, size + 8, size + 10, size * 10, 9_999_999_999]) {
        const bad = Buffer.concat([Buffer.from(head.replace(/\d+$/, String(other))), good.subarray(end)]);
        assert.throws(() => decodeSnapshot(bad), Error, `${other} instead of ${size}`);
      }
    }
  });

  test('when it is cut off anywhere, or goes on', async () => {
    const good = await encode(smallSnapshot());
    for (let length = 0; length < good.length; length += 1) {
      assert.throws(() => decodeSnapshot(good.subarray(0, length)), Error, `the first ${length} bytes`);
    }
    assert.throws(() => decodeSnapshot(Buffer.concat([good, Buffer.from('\n')])));
    assert.throws(() => decodeSnapshot(Buffer.concat([good, good])));
  });

  test('when another version wrote it, or something else altogether', async () => {
    const good = await encode(smallSnapshot());
    const texts = ['', '\n', 'pilotlight-state', '{}', 'x'.repeat(10_000), '\u0000'.repeat(300)];
    for (const bad of texts.map((text) => Buffer.from(text))) assert.throws(() => decodeSnapshot(bad), /version/);
    for (const version of ['0', '2', '11', '']) {
      const text = good.toString('latin1').replace('pilotlight-state 1', `pilotlight-state ${version}`);
      assert.throws(() => decodeSnapshot(Buffer.from(text, 'latin1')), /version/);
    }
    assert.throws(() => decodeSnapshot(Buffer.concat([Buffer.from('\ufeff'), good])), /version/);
  });

  test('when its index is no index, though the digest is right', () => {
    for (const text of ['', 'null', '[]', '{', '{}', '7']) {
      assert.throws(() => decodeSnapshot(sealed(Buffer.from(text), text.length)), Error, text);
    }
  });
});

describe('what does not fit is left out', () => {
  const contentOf = (name: string, size: number): KeptContent => [
    name,
    { ok: true, body: Buffer.alloc(size, name), specVersion: '3.4.0', sha512: name, entries: [] },
  ];

  test('of the contents: the least useful ones', async () => {
    const mib = 1024 * 1024;
    const contents = [contentOf('a', 30 * mib), contentOf('b', 34 * mib), contentOf('c', 1), contentOf('d', 0)];
    const decoded = decodeSnapshot(await encode({ ...smallSnapshot(), contents }));
    assert.deepEqual(
      decoded.contents.map(([key, { body }]) => [key, body.length]),
      [
        ['a', 30 * mib],
        ['b', 34 * mib],
      ],
    );
  });

  test('of the reports: the least useful ones', async () => {
    const reports = ['a', 'b', 'c'].map((key) => {
      const message = key.repeat(4 * 1024 * 1024 - 200);
      return [key, [{ severity: 'warning', code: 'site-file', message }]] as const;
    });
    const decoded = decodeSnapshot(await encode({ ...smallSnapshot(), reports }));
    assert.deepEqual(
      decoded.reports.map(([key]) => key),
      ['a', 'b'],
    );
  });
});

test('a large snapshot is made in turns, so that machines are answered in between', async () => {
  const documents = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`fragments/${index}.bu`, Buffer.alloc(1024 * 1024, index)]),
  );
  let turns = 0;
  const count = setInterval(() => {
    turns += 1;
  }, 0);
  await encodeSnapshot(smallSnapshot(documents));
  clearInterval(count);
  assert.ok(turns >= 5, `${turns} turns`);
});
