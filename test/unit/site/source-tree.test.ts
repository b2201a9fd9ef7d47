import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { FileTree } from '../../../src/fragment/file-tree.ts';
import { digestFiles, digestTree } from '../../../src/site/source-tree.ts';
import { fileTree } from '../../support/nodes.ts';
import { sourceTree } from './parsed-site.ts';

const DOCUMENTS = { 'profiles/web.bu': 'a: 1\n', 'groups/a.yaml': 'profile: web\n', 'site.yaml': '' };
const FILES = { 'a.txt': 'a', 'dir/b.txt': 'b', dir: null, run: { run: '#!/bin/sh' }, ln: { link: 'a.txt' } };

const ID = digestTree(sourceTree(DOCUMENTS, fileTree(FILES)));

test('the id of a site is a SHA-256', () => assert.match(ID, /^[0-9a-f]{64}$/));

test('the order of reading does not matter', () => {
  const tree = sourceTree(DOCUMENTS, fileTree(FILES));
  const reversed = {
    format: 'pilotlight',
    documents: new Map([...tree.documents].toReversed()),
    files: new Map([...tree.files].toReversed()),
    diagnostics: [],
  } as const;
  assert.equal(digestTree(reversed), ID);
  assert.notEqual(digestTree({ ...tree, format: 'matchbox' }), ID);
});

describe('any change changes the id:', () => {
  const documents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'a character': { ...DOCUMENTS, 'profiles/web.bu': 'a: 2\n' },
    'a line end': { ...DOCUMENTS, 'profiles/web.bu': 'a: 1\r\n' },
    'a comment': { ...DOCUMENTS, 'site.yaml': '#' },
    'another file': { ...DOCUMENTS, 'groups/b.yaml': '' },
    'a file less': { 'profiles/web.bu': 'a: 1\n', 'groups/a.yaml': 'profile: web\n' },
    'another name': { 'profiles/wep.bu': 'a: 1\n', 'groups/a.yaml': 'profile: web\n', 'site.yaml': '' },
    'contents that changed places': { ...DOCUMENTS, 'profiles/web.bu': 'profile: web\n', 'groups/a.yaml': 'a: 1\n' },
  };
  for (const [title, changed] of Object.entries(documents)) {
    test(title, () => assert.notEqual(digestTree(sourceTree(changed, fileTree(FILES))), ID));
  }

  const files: Readonly<Record<string, Parameters<typeof fileTree>[0]>> = {
    'the content of a file': { ...FILES, 'a.txt': 'b' },
    'an executable bit': { ...FILES, 'a.txt': { run: 'a' } },
    'the target of a link': { ...FILES, ln: { link: './a.txt' } },
    'a link in the place of a file': { ...FILES, 'a.txt': { link: 'a' } },
    'an empty directory': { ...FILES, empty: null },
    'a file in the place of an empty directory': { ...FILES, dir: '' },
    'no files at all': {},
  };
  for (const [title, changed] of Object.entries(files)) {
    test(title, () => {
      assert.notEqual(digestTree(sourceTree(DOCUMENTS, fileTree(changed))), ID);
      assert.notEqual(digestFiles(fileTree(changed)), digestFiles(fileTree(FILES)));
    });
  }

  test('a document that moved into files/', () => {
    const moved = digestTree(sourceTree({ 'profiles/web.bu': 'a: 1\n' }, fileTree({ 'a.yaml': 'x' })));
    assert.notEqual(digestTree(sourceTree({ 'profiles/web.bu': 'a: 1\n', 'a.yaml': 'x' })), moved);
  });
});

test('two trees have one digest exactly when they are equal', () => {
  const name = fc.constantFrom('a', 'b', 'a/b', 'a"b', 'a\nb', '');
  const text = fc.constantFrom('', 'a', 'b', 'a\n');
  const entry = fc.oneof(
    text,
    text.map((link) => ({ link })),
    text.map((run) => ({ run })),
    fc.constant(null),
  );
  const tree: fc.Arbitrary<FileTree> = fc.dictionary(name, entry, { maxKeys: 3 }).map((entries) => fileTree(entries));
  const shown = (files: FileTree) => JSON.stringify([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      assert.equal(digestFiles(a) === digestFiles(b), shown(a) === shown(b));
    }),
    { numRuns: 700 },
  );
});
