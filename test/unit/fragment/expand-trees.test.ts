import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandTrees } from '../../../src/fragment/expand-trees.ts';
import { locateText } from '../../../src/fragment/locate.ts';
import { child } from '../../../src/fragment/node.ts';
import { fileTree, parseLayer, toPlain } from '../../support/nodes.ts';

const FILES = fileTree({
  'web/etc/motd': 'hello\n',
  'web/etc/run': { run: '#!/bin/sh\n' },
  'web/etc/ln': { link: '../motd' },
  'web/empty': null,
  other: { link: 'web' },
  loop: { link: 'loop' },
  'plain.txt': 'a file',
});

function storagesOf(...texts: readonly string[]): unknown[] {
  const layers = texts.map((text) => parseLayer(`storage: { ${text} }`));
  return expandTrees(layers, FILES).map((layer) => {
    const storage = child(layer, 'storage');
    assert.ok(storage);
    return toPlain(storage);
  });
}

function first(...texts: readonly string[]): unknown {
  return storagesOf(...texts)[0];
}

const MOTD = { path: '/etc/motd', contents: { local: 'web/etc/motd' }, mode: '0644' };
const RUN = { path: '/etc/run', contents: { local: 'web/etc/run' }, mode: '0755' };
const LINK = { path: '/etc/ln', target: '../motd' };

describe('a tree that meets another layer is written out', () => {
  test('with the modes and links that butane gives', () => {
    assert.deepEqual(first('trees: [{ local: web }]', 'files: [{ path: /etc/motd }]'), {
      files: [MOTD, RUN],
      links: [LINK],
    });
  });

  test('when the other layer has a thing of another kind in its place', () => {
    assert.deepEqual(first('trees: [{ local: web }]', 'links: [{ path: /etc/run, target: a }]'), {
      files: [MOTD, RUN],
      links: [LINK],
    });
  });

  test('when the other layer has a tree with the same path, and so is that one', () => {
    assert.deepEqual(storagesOf('trees: [{ local: web }]', 'trees: [{ local: /web/../web/etc/, path: /etc }]'), [
      { files: [MOTD, RUN], links: [LINK] },
      { files: [MOTD, RUN], links: [LINK] },
    ]);
  });

  test('in the place of the tree alone, others stay', () => {
    assert.deepEqual(
      first(
        'trees: [{ local: web, path: /srv }, { local: web }], links: [{ path: /l }]',
        'files: [{ path: /etc/run }]',
      ),
      { trees: [{ local: 'web', path: '/srv' }], links: [{ path: '/l' }, LINK], files: [MOTD, RUN] },
    );
  });

  test('with owners, modes and directories where it names them', () => {
    const tree = '{ local: web/etc, path: /etc/, user: { name: core }, file_mode: 0600, dir_mode: 0700 }';
    const user = { name: 'core' };
    assert.deepEqual(first(`trees: [${tree}]`, 'directories: [{ path: /etc }]'), {
      directories: [{ path: '/etc', user, mode: '0700' }],
      files: [
        { path: '/etc/motd', user, contents: { local: 'web/etc/motd' }, mode: '0600' },
        { path: '/etc/run', user, contents: { local: 'web/etc/run' }, mode: '0600' },
      ],
      links: [{ path: '/etc/ln', user, target: '../motd' }],
    });
  });

  test('with empty directories, and 0755 for a tree with an owner', () => {
    const directory = (path: string) => ({ path, group: { id: '0' }, mode: '0755' });
    assert.deepEqual(
      Object(first('trees: [{ local: web, group: { id: 0 } }]', 'files: [{ path: /etc/motd }]')).directories,
      [directory('/'), directory('/empty'), directory('/etc')],
    );
  });

  test('around the files of its own layer, which keep what they say', () => {
    const own =
      'files: [{ path: /etc/motd, mode: 0600, contents: { compression: "" } }], links: [{ path: /etc/ln, hard: false }]';
    assert.deepEqual(first(`trees: [{ local: web, user: { id: 1 } }], ${own}`, 'files: [{ path: /etc/run }]'), {
      files: [
        { path: '/etc/motd', mode: '0600', contents: { compression: '', local: 'web/etc/motd' } },
        { ...RUN, user: { id: '1' } },
      ],
      links: [{ path: '/etc/ln', hard: 'false', target: '../motd' }],
      directories: [
        { path: '/', user: { id: '1' }, mode: '0755' },
        { path: '/empty', user: { id: '1' }, mode: '0755' },
        { path: '/etc', user: { id: '1' }, mode: '0755' },
      ],
    });
  });

  test('and its entries point at the tree', () => {
    const [layer] = expandTrees(
      [
        parseLayer('storage:\n  trees:\n    - local: web\n', 'a.bu'),
        parseLayer('storage: { files: [{ path: /etc/motd }] }', 'b.bu'),
      ],
      FILES,
    );
    assert.ok(layer);
    const { node, complete } = locateText(layer, '$.storage.files.1.contents.local');
    assert.ok(complete);
    assert.deepEqual(node.origin, { file: 'a.bu', line: 3, column: 7 });
  });
});

describe('a tree stays as it is', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'when no other layer has one of its paths': ['trees: [{ local: web }]', 'files: [{ path: /etc/other }]'],
    'when another layer names a directory that the tree says nothing of': [
      'trees: [{ local: web }]',
      'directories: [{ path: /etc }]',
    ],
    'when butane would refuse it in its own layer': [
      'trees: [{ local: web }], files: [{ path: /etc/motd, contents: { inline: a } }]',
      'files: [{ path: /etc/run }]',
    ],
    'when another tree of its layer has the same path': [
      'trees: [{ local: web }, { local: web }]',
      'files: [{ path: /etc/run }]',
    ],
    'when it is not there': ['trees: [{ local: missing }]', 'files: [{ path: /etc/motd }]'],
    'when it is a file': ['trees: [{ local: plain.txt }]', 'files: [{ path: / }]'],
    'when it is a symbolic link': ['trees: [{ local: other }]', 'files: [{ path: /etc/motd }]'],
    'when its links go round in circles': ['trees: [{ local: loop/a }]', 'files: [{ path: /etc/motd }]'],
    'when it names no directory': ['trees: [{ path: / }, tree]', 'files: [{ path: /etc/motd }]'],
  };
  for (const [title, [layer, other]] of Object.entries(cases)) {
    test(title, () => {
      const storage = child(parseLayer(`storage: { ${layer} }`), 'storage');
      assert.ok(storage);
      assert.deepEqual(first(layer, other), toPlain(storage));
    });
  }

  test('when it is alone', () => {
    const layer = parseLayer('storage: { trees: [{ local: web }], files: [{ path: /etc/motd }] }');
    assert.deepEqual(expandTrees([layer], FILES), [layer]);
  });
});
