import assert from 'node:assert/strict';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder } from '../../../src/site/make-folder-file.ts';
import { scratchDirectory } from '../../support/site.ts';

describe('a folder is made', () => {
  test('with those that it lies in, which nobody else can enter', async (t) => {
    const before = process.umask(0);
    try {
      const scratch = await scratchDirectory(t);
      await makeFolder(join(scratch, 'a/b/c'));
      for (const path of ['a', 'a/b', 'a/b/c']) {
        assert.equal(((await stat(join(scratch, path))).mode & 0o7777).toString(8), '700', path);
      }
    } finally {
      process.umask(before);
    }
  });

  test('where it is there already, also behind a link', async (t) => {
    const scratch = await scratchDirectory(t);
    await mkdir(join(scratch, 'real'));
    await symlink('real', join(scratch, 'link'));
    await makeFolder(scratch);
    await makeFolder(join(scratch, 'link'));
    await makeFolder(join(scratch, 'link/inner'));
    assert.ok((await stat(join(scratch, 'real/inner'))).isDirectory());
  });

  test('by several at once', async (t) => {
    const path = join(await scratchDirectory(t), 'a/b/c/d');
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
    assert.ok((await stat(path)).isDirectory());
  });
});

describe('no folder is made, and nobody waits for ever,', () => {
  test('where the file system has no place for one', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    await assert.rejects(makeFolder('/proc/pilotlight'), { code: 'ENOENT' });
    await assert.rejects(makeFolder('/proc/pilotlight/state'), { code: 'ENOENT' });
  });

  test('below a file or a link that leads nowhere', async (t) => {
    const scratch = await scratchDirectory(t);
    await writeFile(join(scratch, 'file'), '');
    await symlink('nowhere', join(scratch, 'link'));
    await assert.rejects(makeFolder(join(scratch, 'file')), { code: 'EEXIST' });
    await assert.rejects(makeFolder(join(scratch, 'file/state')), { code: 'ENOTDIR' });
    await assert.rejects(makeFolder(join(scratch, 'link')), { code: 'EEXIST' });
    await assert.rejects(makeFolder(join(scratch, 'link/state')), { code: 'EEXIST' });
  });
});
