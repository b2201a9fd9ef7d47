import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../src/metadata/instance.ts';
import { type Folder, FolderOf, findInTree, treeToJson } from '../../../src/metadata/tree.ts';

const INSTANCE: Instance = { id: 'i-1', profile: 'node', hostname: 'one', sshKeys: [], tags: { role: 'db' } };

const TREE: Folder = {
  hostname: ({ hostname }) => hostname,
  zone: ({ zone }) => zone,
  placement: { region: ({ region }) => region },
  tags: new FolderOf(({ tags }) =>
    Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, () => value])),
  ),
  keys: new FolderOf(
    () => ({ '0': { 'openssh-key': () => 'ssh-ed25519 AAAA' } }),
    () => ['0=mine'],
  ),
};

function find(path: string, instance = INSTANCE) {
  return findInTree(
    TREE,
    path.split('/').filter((part) => part !== ''),
    instance,
  );
}

describe('a tree of metadata', () => {
  test('gives values, and lists what has one', () => {
    assert.deepEqual(find('hostname'), { kind: 'value', text: 'one' });
    assert.deepEqual(find('tags/role'), { kind: 'value', text: 'db' });
    assert.deepEqual(find(''), { kind: 'folder', names: ['hostname', 'tags/', 'keys/'] });
    assert.deepEqual(find('tags'), { kind: 'folder', names: ['role'] });
  });

  test('lists a folder as that wants to be listed, and goes on below it', () => {
    assert.deepEqual(find('keys'), { kind: 'folder', names: ['0=mine'] });
    assert.deepEqual(find('keys/0'), { kind: 'folder', names: ['openssh-key'] });
    assert.deepEqual(find('keys/0/openssh-key'), { kind: 'value', text: 'ssh-ed25519 AAAA' });
  });

  test('has nothing where an instance has no value, or where no name is', () => {
    const none = ['zone', 'placement', 'placement/region', 'hostname/more', 'other', 'keys/1', 'tags/other', '..'];
    for (const path of none) assert.equal(find(path), undefined, path);
  });

  test('has no names that objects have by themselves', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.equal(find(name), undefined, name);
      assert.equal(find(`tags/${name}`), undefined, name);
      assert.equal(find(`hostname/${name}`), undefined, name);
    }
  });

  test('of an instance that has nothing has an empty root', () => {
    const { hostname: _, ...rest } = INSTANCE;
    assert.deepEqual(findInTree({ hostname: ({ hostname }) => hostname }, [], rest), { kind: 'folder', names: [] });
  });

  test('is an object of what it has', () => {
    assert.deepEqual(treeToJson(TREE, INSTANCE), {
      hostname: 'one',
      tags: { role: 'db' },
      keys: { '0': { 'openssh-key': 'ssh-ed25519 AAAA' } },
    });
  });
});
