import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import { copyFiles, type FilesCopy } from '../../../src/site/files-copy-file.ts';
import { readSite } from '../../../src/site/site-file.ts';
import { digestFiles } from '../../../src/site/source-tree.ts';
import { afterTest } from '../../support/after-test.ts';
import { fileTree } from '../../support/nodes.ts';
import { addToSite, scratchDirectory } from '../../support/site.ts';

const FILES = fileTree({
  'deep/er/b': 'b',
  deep: null,
  'deep/er': null,
  empty: null,
  'a.txt': 'a',
  tool: { run: '#!/bin/sh\n' },
  'deep/ln': { link: '../a.txt' },
  'deep-er': 'sorts between deep and deep/er',
  dangling: { link: 'nowhere' },
  'name with\nline break': 'x',
});

async function copied(t: TestContext, stateDir: string | undefined): Promise<FilesCopy> {
  const copy = await copyFiles(FILES, stateDir);
  afterTest(t, () => copy.remove());
  return copy;
}

/** What a process that was killed leaves in the state directory. */
async function leaveBehind(state: string, name: string): Promise<void> {
  await mkdir(join(state, name, 'deep'), { recursive: true });
  await writeFile(join(state, name, 'deep/file'), 'x');
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

describe('the private copy of files/', () => {
  test('holds what the site holds', async (t) => {
    const { directory, fallback } = await copied(t, await scratchDirectory(t));
    assert.equal(fallback, false);
    assert.equal(await readFile(join(directory, 'deep/er/b'), 'utf8'), 'b');
    assert.equal(await readlink(join(directory, 'deep/ln')), '../a.txt');
    assert.equal(await readFile(join(directory, 'deep/ln'), 'utf8'), 'a');
    assert.deepEqual(await readdir(join(directory, 'empty')), []);
    const names = await readdir(directory, { recursive: true });
    assert.deepEqual(names.sort(), [...FILES.keys()].sort());
  });

  test('is the same when it is read again', async (t) => {
    const files = fileTree({ 'a/b': 'x', a: null, ln: { link: 'a' }, tool: { run: 'y' } });
    const state = await scratchDirectory(t);
    const copy = await copyFiles(files, state);
    const site = await scratchDirectory(t);
    await addToSite(site, { 'profiles/web.bu': '' });
    spawnSync('cp', ['-a', copy.directory, join(site, 'files')]);
    assert.equal(digestFiles((await readSite(site)).files), digestFiles(files));
    await copy.remove();
  });

  test('can be entered by nobody else, and tells programs from other files', async (t) => {
    const before = process.umask(0);
    try {
      const { directory } = await copied(t, join(await scratchDirectory(t), 'state'));
      assert.equal(await modeOf(dirname(directory)), '700');
      for (const [path, mode] of Object.entries({
        '': '700',
        deep: '700',
        'deep/er': '700',
        'a.txt': '600',
        tool: '700',
      })) {
        assert.equal(await modeOf(join(directory, path)), mode, path);
      }
    } finally {
      process.umask(before);
    }
  });

  test('is another one each time, so that two revisions do not meet', async (t) => {
    const state = await scratchDirectory(t);
    const [one, other] = await Promise.all([copied(t, state), copied(t, state)]);
    assert.notEqual(one.directory, other.directory);
    await one.remove();
    assert.deepEqual(await readdir(state), [other.directory.slice(state.length + 1)]);
    assert.equal(await readFile(join(other.directory, 'a.txt'), 'utf8'), 'a');
  });

  test('is gone once it is removed, and can be removed twice', async (t) => {
    const state = await scratchDirectory(t);
    const copy = await copyFiles(FILES, state);
    await copy.remove();
    await copy.remove();
    assert.deepEqual(await readdir(state), []);
  });

  test('of no files is an empty directory', async (t) => {
    const copy = await copyFiles(new Map(), await scratchDirectory(t));
    afterTest(t, () => copy.remove());
    assert.deepEqual(await readdir(copy.directory), []);
  });
});

describe('the state directory', () => {
  test('is made when it does not exist', async (t) => {
    const state = join(await scratchDirectory(t), 'a/b');
    const { directory } = await copied(t, state);
    assert.equal(dirname(directory), state);
  });

  test('is cleared of copies whose process is gone, and of nothing else', async (t) => {
    const state = await scratchDirectory(t);
    const { pid: gone } = spawnSync('true');
    const own = await copied(t, state);
    const named = (pid: number) => `pilotlight-files-${pid}-0badc0de-abcdef`;
    const kept = [named(process.ppid), 'pilotlight-files-x-y-z', 'other', `x${named(gone)}`];
    for (const name of [...kept, named(gone), `${named(gone)}x`]) await leaveBehind(state, name);
    const other = await copied(t, state);
    const expected = [...kept, ...[own, other].map(({ directory }) => basename(directory))];
    assert.deepEqual((await readdir(state)).sort(), expected.sort());
  });

  test('is cleared of copies of an earlier process that had our number, as in a container that was restarted', async (t) => {
    const state = await scratchDirectory(t);
    const own = await copied(t, state);
    await leaveBehind(state, `pilotlight-files-${process.pid}-0badc0de-earlier`);
    const other = await copied(t, state);
    assert.deepEqual((await readdir(state)).sort(), [own, other].map(({ directory }) => basename(directory)).sort());
  });

  test('that cannot be written does not keep machines from booting', async (t) => {
    const state = await scratchDirectory(t);
    await writeFile(join(state, 'file'), '');
    for (const stateDir of [join(state, 'file'), join(state, 'file/deeper')]) {
      const { directory, fallback } = await copied(t, stateDir);
      assert.equal(fallback, true, stateDir);
      assert.equal(dirname(directory), tmpdir());
      assert.equal(await modeOf(directory), '700');
      assert.equal(await readFile(join(directory, 'a.txt'), 'utf8'), 'a');
    }
  });

  test('that belongs to somebody else does not either', async (t) => {
    const state = await scratchDirectory(t);
    const isRoot = process.getuid?.() === 0;
    const locked = join(state, 'locked');
    await mkdir(locked, { mode: 0o500 });
    if (isRoot) process.seteuid?.(65_534);
    let copy: FilesCopy;
    try {
      copy = await copyFiles(FILES, locked);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    afterTest(t, () => rm(copy.directory, { recursive: true, force: true }));
    assert.equal(copy.fallback, true);
    assert.equal(dirname(copy.directory), tmpdir());
  });

  test('is not needed by commands that leave nothing behind', async (t) => {
    const { directory, fallback } = await copied(t, undefined);
    assert.equal(fallback, false);
    assert.equal(dirname(directory), tmpdir());
  });
});

describe('a copy that cannot be made', () => {
  const isFault = (error: unknown) =>
    error instanceof ProvisioningError && error.code === 'config-invalid' && error.cause !== undefined;

  test('leaves nothing behind', async (t) => {
    const state = await scratchDirectory(t);
    await assert.rejects(copyFiles(fileTree({ a: 'a file', 'a/b': 'in a file' }), state), isFault);
    assert.deepEqual(await readdir(state), []);
  });

  test('says where it was to be, when no place is left', async (t) => {
    const state = await scratchDirectory(t);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = join(state, 'nowhere');
    try {
      await writeFile(join(state, 'file'), '');
      await assert.rejects(copyFiles(FILES, undefined, join(state, 'nowhere')), isFault);
      await assert.rejects(copyFiles(FILES, join(state, 'file'), join(state, 'nowhere')), (error) => {
        assert.ok(isFault(error) && error instanceof Error);
        assert.ok(
          error.message.includes(join(state, 'file')) && error.message.includes(join(state, 'nowhere')),
          error.message,
        );
        return true;
      });
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});
