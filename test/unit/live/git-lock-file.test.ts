import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGitAtWork } from '../../../src/live/git-lock-file.ts';
import { scratchDirectory } from '../../support/site.ts';

test('git is at work while it holds the lock of the checkout, wherever the site is in it', async (t) => {
  const checkout = await scratchDirectory(t);
  const site = join(checkout, 'fleet/site');
  await mkdir(site, { recursive: true });
  assert.equal(await isGitAtWork(site), false);
  await mkdir(join(checkout, '.git'));
  assert.equal(await isGitAtWork(site), false);
  await writeFile(join(checkout, '.git/index.lock'), '');
  assert.equal(await isGitAtWork(site), true);
  assert.equal(await isGitAtWork(checkout), true);
});

test('a worktree has its lock where its file says', async (t) => {
  const root = await scratchDirectory(t);
  const git = join(root, 'repository/.git/worktrees/site');
  const site = join(root, 'site');
  await mkdir(git, { recursive: true });
  await mkdir(site);
  await writeFile(join(site, '.git'), `gitdir: ../repository/.git/worktrees/site\n`);
  assert.equal(await isGitAtWork(site), false);
  await writeFile(join(git, 'index.lock'), '');
  assert.equal(await isGitAtWork(site), true);
});

test('a site that is nowhere, or whose .git is something else, is nobody at work', async (t) => {
  const root = await scratchDirectory(t);
  await writeFile(join(root, '.git'), 'something else');
  assert.equal(await isGitAtWork(root), false);
  assert.equal(await isGitAtWork(join(root, 'nowhere')), false);
});
