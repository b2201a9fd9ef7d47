import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { JsonValue } from '../../../src/ignition/json.ts';
import { differencesInEffect } from '../../../src/ignition/same-effect.ts';

interface Contents {
  readonly [key: string]: JsonValue;
}

function file(contents: Contents): JsonValue {
  return { storage: { files: [{ path: '/a', contents }] } };
}

const TEXT = 'hello, wörld\n'.repeat(20);
const BASE64 = Buffer.from(TEXT).toString('base64');
const PERCENT = encodeURIComponent(TEXT);
const GZIP = gzipSync(TEXT).toString('base64');

const SAME: readonly { readonly title: string; readonly a: JsonValue; readonly b: JsonValue }[] = [
  { title: 'the spec version', a: { ignition: { version: '3.4.0' } }, b: { ignition: { version: '3.3.0' } } },
  { title: 'null and absent', a: { storage: { files: null } }, b: {} },
  { title: 'an empty list and an empty object', a: { storage: { files: [] } }, b: { storage: {} } },
  {
    title: 'a replace that replaces nothing',
    a: { ignition: { config: { replace: { source: null, verification: {} } } } },
    b: { ignition: {} },
  },
  {
    title: 'no compression, said or not',
    a: file({ source: 'https://x/', compression: '' }),
    b: file({ source: 'https://x/' }),
  },
  {
    title: 'percent-escapes and base64',
    a: file({ source: `data:,${PERCENT}` }),
    b: file({ source: `data:;base64,${BASE64}` }),
  },
  {
    title: 'plain and gzip contents',
    a: file({ source: `data:,${PERCENT}`, compression: '' }),
    b: file({ source: `data:;base64,${GZIP}`, compression: 'gzip' }),
  },
  {
    title: 'two gzip encoders',
    a: file({ source: `data:;base64,${gzipSync(TEXT, { level: 1 }).toString('base64')}`, compression: 'gzip' }),
    b: file({ source: `data:;base64,${GZIP}`, compression: 'gzip' }),
  },
  {
    title: 'an escaped and a plain character of base64',
    a: file({ source: `data:;base64,${encodeURIComponent(BASE64)}` }),
    b: file({ source: `data:;base64,${BASE64}` }),
  },
  { title: 'empty contents', a: file({ source: 'data:,' }), b: file({ source: 'data:;base64,' }) },
  {
    title: 'the order of keys',
    a: { passwd: {}, systemd: { units: [{ name: 'a', enabled: true }] } },
    b: { systemd: { units: [{ enabled: true, name: 'a' }] } },
  },
];

for (const { title, a, b } of SAME) {
  test(`a machine does not see a difference in ${title}`, () => {
    assert.deepEqual(differencesInEffect(a, b), []);
    assert.deepEqual(differencesInEffect(b, a), []);
  });
}

const BROKEN_GZIP = 'data:;base64,AAAA';

const DIFFERENT: readonly {
  readonly title: string;
  readonly a: JsonValue;
  readonly b: JsonValue;
  readonly paths: readonly string[];
}[] = [
  {
    title: 'a key that the older version lost',
    a: { kernelArguments: { shouldExist: ['quiet'] } },
    b: {},
    paths: ['$.kernelArguments.shouldExist'],
  },
  {
    title: 'a number',
    a: { storage: { files: [{ path: '/a', mode: 420 }] } },
    b: { storage: { files: [{ path: '/a', mode: 493 }] } },
    paths: ['$.storage.files.0.mode'],
  },
  {
    title: 'false and absent',
    a: { storage: { files: [{ overwrite: false }] } },
    b: { storage: { files: [{ path: '/a' }] } },
    paths: ['$.storage.files.0.overwrite', '$.storage.files.0.path'],
  },
  {
    title: 'an empty text and absent',
    a: { systemd: { units: [{ name: 'a', contents: '' }] } },
    b: { systemd: { units: [{ name: 'a' }] } },
    paths: ['$.systemd.units.0.contents'],
  },
  {
    title: 'the length of a list',
    a: { storage: { files: [{ path: '/a' }, { path: '/b' }] } },
    b: { storage: { files: [{ path: '/b' }] } },
    paths: ['$.storage.files'],
  },
  { title: 'a list and nothing', a: { storage: { files: [{ path: '/a' }] } }, b: {}, paths: ['$.storage.files'] },
  { title: 'the order of a list', a: { a: [1, 2] }, b: { a: [2, 1] }, paths: ['$.a.0', '$.a.1'] },
  {
    title: 'embedded contents',
    a: file({ source: 'data:,a' }),
    b: file({ source: 'data:;base64,Yg==' }),
    paths: ['$.storage.files.0.contents.source'],
  },
  {
    title: 'compressed bytes taken as they are and unpacked ones',
    a: file({ source: `data:;base64,${GZIP}` }),
    b: file({ source: `data:;base64,${GZIP}`, compression: 'gzip' }),
    paths: ['$.storage.files.0.contents.source'],
  },
  {
    title: 'contents that cannot be unpacked',
    a: file({ source: BROKEN_GZIP, compression: 'gzip' }),
    b: file({ source: 'data:,a' }),
    paths: ['$.storage.files.0.contents.compression', '$.storage.files.0.contents.source'],
  },
  {
    title: 'a digest beside equal contents',
    a: file({ source: 'data:,a', verification: { hash: 'sha256-aa' } }),
    b: file({ source: 'data:,a' }),
    paths: ['$.storage.files.0.contents.verification.hash'],
  },
  {
    title: 'where contents come from',
    a: file({ source: 'https://a/' }),
    b: file({ source: 'https://b/' }),
    paths: ['$.storage.files.0.contents.source'],
  },
  { title: 'the kind of a value', a: { a: [1] }, b: { a: { b: 1 } }, paths: ['$.a'] },
];

for (const { title, a, b, paths } of DIFFERENT) {
  test(`a machine sees a difference in ${title}`, () => {
    assert.deepEqual(differencesInEffect(a, b), paths);
    assert.deepEqual(differencesInEffect(b, a), paths);
  });
}

test('contents that unpack without end are not unpacked', () => {
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64');
  const source = `data:;base64,${bomb}`;
  assert.deepEqual(
    differencesInEffect(file({ source, compression: 'gzip' }), file({ source, compression: 'gzip' })),
    [],
  );
  assert.deepEqual(differencesInEffect(file({ source, compression: 'gzip' }), file({ source: 'data:,' })), [
    '$.storage.files.0.contents.compression',
    '$.storage.files.0.contents.source',
  ]);
});

test('a key called __proto__ is a key like any other', () => {
  const a: JsonValue = JSON.parse('{"__proto__": {"x": 1}}');
  assert.deepEqual(differencesInEffect(a, {}), ['$.__proto__.x']);
});
