import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, chmod, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { watchSite } from '../../../src/live/watch-file.ts';
import { afterTest } from '../../support/after-test.ts';
import { startRepository } from '../../support/git.ts';
import { requireProgram } from '../../support/programs.ts';
import { eventually } from '../../support/service.ts';
import { addToSite, scratchDirectory } from '../../support/site.ts';

/** Long enough for a watch to have begun, and for edits to have settled. */
const BEGIN_MS = 400;
const SETTLE_MS = 400;

interface Watched {
  /** Fails unless the edit is noticed once it has settled. */
  readonly notices: (what: string, edit: () => unknown) => Promise<void>;
  /** Fails when the edit is noticed. */
  readonly ignores: (what: string, edit: () => unknown) => Promise<void>;
  readonly settled: () => number;
  readonly generation: () => number;
  readonly faults: readonly Error[];
  readonly close: () => Promise<void>;
}

/** A watch that has begun; closed after the test. */
async function watched(t: TestContext, site: string, poll = false): Promise<Watched> {
  let settled = 0;
  const faults: Error[] = [];
  const watch = watchSite(site, {
    poll,
    onReady: () => {
      settled += 1;
    },
    onSettled: () => {
      settled += 1;
    },
    onFault: (error) => void faults.push(error),
  });
  afterTest(t, () => watch.close());
  await delay(BEGIN_MS);
  const rest = async () => {
    let before: number;
    do {
      before = watch.generation;
      await delay(SETTLE_MS);
    } while (watch.generation !== before);
  };
  await rest();
  return {
    async notices(what, edit) {
      const [before, generation] = [settled, watch.generation];
      await edit();
      await eventually(() => settled > before).catch(() => assert.fail(`not noticed: ${what}`));
      assert.ok(watch.generation > generation);
      await rest();
    },
    async ignores(what, edit) {
      const before = settled;
      await edit();
      await delay(SETTLE_MS);
      assert.equal(settled, before, `noticed: ${what}`);
    },
    settled: () => settled,
    generation: () => watch.generation,
    faults,
    close: () => watch.close(),
  };
}

async function smallSite(t: TestContext, name = 'site'): Promise<string> {
  const site = join(await scratchDirectory(t), name);
  await addToSite(site, { 'profiles/web.bu': 'x', 'groups/a.yaml': 'x', 'files/etc/motd': 'x' });
  return site;
}

describe('a watch notices', { concurrency: true }, () => {
  test('every way to write a file', async (t) => {
    const site = await smallSite(t);
    const { notices, faults } = await watched(t, site);
    const file = join(site, 'profiles/web.bu');
    await notices('a write', () => writeFile(file, 'y'));
    await notices('a write of the same', () => writeFile(file, 'y'));
    await notices('an append', () => appendFile(file, 'z'));
    await notices('a new file', () => writeFile(join(site, 'profiles/new.bu'), ''));
    await notices('a write to it', () => writeFile(join(site, 'profiles/new.bu'), 'x'));
    await notices('a rename over it', async () => {
      await writeFile(join(site, 'profiles/.web.bu.tmp'), 'z');
      await rename(join(site, 'profiles/.web.bu.tmp'), file);
    });
    await notices('a write after that', () => writeFile(file, 'y'));
    await notices('a file that goes', () => unlink(file));
    await notices('a file that comes back', () => writeFile(file, 'x'));
    await notices('a file that is written anew', async () => {
      await rm(file);
      await writeFile(file, 'y');
    });
    await notices('a deep file', () => writeFile(join(site, 'files/etc/motd'), 'y'));
    await notices('site.yaml', () => writeFile(join(site, 'site.yaml'), ''));
    await notices('a mode', () => chmod(join(site, 'files/etc/motd'), 0o755));
    assert.deepEqual(faults, []);
  });

  test('folders that come, with what is written into them later, and go', async (t) => {
    const site = await smallSite(t);
    const { notices } = await watched(t, site);
    await notices('a folder with files', () => addToSite(site, { 'fragments/deep/down/a.bu': 'x' }));
    await notices('a write in it', () => writeFile(join(site, 'fragments/deep/down/a.bu'), 'y'));
    await notices('a file beside it', () => writeFile(join(site, 'fragments/b.bu'), 'y'));
    await notices('a folder that moves', () => rename(join(site, 'fragments/deep'), join(site, 'fragments/other')));
    await notices('a write where it is now', () => writeFile(join(site, 'fragments/other/down/a.bu'), 'z'));
    await notices('a folder that goes', () => rm(join(site, 'fragments'), { recursive: true }));
    await notices('and comes back', () => addToSite(site, { 'fragments/deep/down/a.bu': 'x' }));
    await notices('and is written to', () => writeFile(join(site, 'fragments/deep/down/a.bu'), 'y'));
  });

  test('what is written into a folder that was replaced faster than anybody could look', async (t) => {
    const site = await smallSite(t);
    const { notices } = await watched(t, site);
    const profiles = join(site, 'profiles');
    await notices('removed and written anew', async () => {
      rmSync(profiles, { recursive: true });
      mkdirSync(profiles);
      writeFileSync(join(profiles, 'web.bu'), 'anew');
    });
    await notices('a write in it', () => writeFile(join(profiles, 'web.bu'), 'y'));
    await notices('away and back', async () => {
      renameSync(profiles, join(site, 'other'));
      renameSync(join(site, 'other'), profiles);
    });
    await notices('a write then', () => writeFile(join(profiles, 'web.bu'), 'z'));
    await notices('exchanged with another one', async () => {
      mkdirSync(join(site, 'next'));
      writeFileSync(join(site, 'next/web.bu'), 'next');
      renameSync(profiles, join(site, 'old'));
      renameSync(join(site, 'next'), profiles);
      rmSync(join(site, 'old'), { recursive: true });
    });
    await notices('a write in the other one', () => writeFile(join(profiles, 'web.bu'), 'x'));
    await notices('the site away and back', () => {
      renameSync(site, `${site}-away`);
      renameSync(`${site}-away`, site);
    });
    await notices('a write in the site', () => writeFile(join(profiles, 'web.bu'), 'y'));
  });

  test('a link that is turned, in a folder that Kubernetes mounts', async (t) => {
    const site = join(await scratchDirectory(t), 'site');
    const profiles = join(site, 'profiles');
    await addToSite(site, { 'profiles/..one/web.bu': 'one', 'profiles/..two/web.bu': 'two' });
    await symlink('..one', join(profiles, '..data'));
    await symlink('..data/web.bu', join(profiles, 'web.bu'));
    const { notices } = await watched(t, site);
    const turn = async (to: string) => {
      await symlink(to, join(profiles, '..data_tmp'));
      await rename(join(profiles, '..data_tmp'), join(profiles, '..data'));
    };
    await notices('one', () => turn('..two'));
    await notices('and back', () => turn('..one'));
    await notices('with the old one removed', async () => {
      await addToSite(site, { 'profiles/..three/web.bu': 'three' });
      await turn('..three');
      await rm(join(profiles, '..one'), { recursive: true });
    });
  });

  test('such a link when the site itself is what is mounted', async (t) => {
    const site = join(await scratchDirectory(t), 'site');
    await addToSite(site, { '..one/profiles/web.bu': 'one', '..two/profiles/web.bu': 'two' });
    await symlink('..one', join(site, '..data'));
    await symlink('..data/profiles', join(site, 'profiles'));
    const { notices } = await watched(t, site);
    for (const to of ['..two', '..one', '..two']) {
      await notices(to, async () => {
        await symlink(to, join(site, '..data_tmp'));
        await rename(join(site, '..data_tmp'), join(site, '..data'));
      });
    }
    await notices('a write behind the link', () => writeFile(join(site, 'profiles/web.bu'), 'x'));
  });

  test('a site directory that is a link and is turned, and writes in the new place only', async (t) => {
    const above = await scratchDirectory(t);
    for (const name of ['one', 'two']) await addToSite(join(above, name), { 'profiles/web.bu': name });
    const site = join(above, 'site');
    await symlink('one', site);
    const { notices, ignores } = await watched(t, site);
    await notices('a write', () => writeFile(join(above, 'one/profiles/web.bu'), 'x'));
    await notices('the turn', async () => {
      await symlink('two', join(above, 'tmp'));
      await rename(join(above, 'tmp'), site);
    });
    await notices('a write in the new place', () => writeFile(join(above, 'two/profiles/web.bu'), 'x'));
    await ignores('a write in the old place', () => writeFile(join(above, 'one/profiles/web.bu'), 'y'));
  });

  test('a link above the site that is turned', async (t) => {
    const above = await scratchDirectory(t);
    for (const name of ['one', 'two']) await addToSite(join(above, name, 'site'), { 'profiles/web.bu': name });
    await symlink('one', join(above, 'current'));
    const { notices } = await watched(t, join(above, 'current/site'));
    await notices('the turn', async () => {
      await symlink('two', join(above, 'tmp'));
      await rename(join(above, 'tmp'), join(above, 'current'));
    });
    await notices('a write in the new place', () => writeFile(join(above, 'two/site/profiles/web.bu'), 'x'));
  });

  test('a site directory that is moved away and back', async (t) => {
    const site = await smallSite(t);
    const { notices } = await watched(t, site);
    await notices('away', () => rename(site, `${site}-away`));
    await notices('back', () => rename(`${site}-away`, site));
    await notices('a write then', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
    await notices('a new folder then', () => addToSite(site, { 'fragments/a.bu': 'x' }));
  });

  test('a site directory that is removed and written anew, and all that is written in it then', async (t) => {
    const site = await smallSite(t);
    const { notices } = await watched(t, site);
    await notices('removed', () => rm(site, { recursive: true }));
    await notices('written', () => addToSite(site, { 'profiles/web.bu': 'x' }));
    await notices('a write then', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
    await notices('removed and written at once', async () => {
      await rm(site, { recursive: true });
      await addToSite(site, { 'profiles/web.bu': 'x' });
    });
    await notices('another write', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
    await notices('another directory in its place', async () => {
      await addToSite(`${site}-next`, { 'profiles/web.bu': 'next' });
      await rename(site, `${site}-old`);
      await rename(`${site}-next`, site);
    });
    await notices('a write in that', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
  });

  test('a site directory that comes after the watch', async (t) => {
    const site = join(await scratchDirectory(t), 'site');
    const { notices } = await watched(t, site);
    await notices('its coming', () => addToSite(site, { 'profiles/web.bu': 'x' }));
    await notices('a write', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
  });

  test('a checkout of another branch', async (t) => {
    const git = requireProgram(t, 'git');
    if (git === undefined) return;
    const site = await smallSite(t);
    const run = startRepository(git, site);
    await addToSite(site, { 'profiles/web.bu': 'next', 'fragments/deep/a.bu': 'new' });
    run('add', '.');
    run('commit', '--quiet', '-m', 'two');
    const { notices, ignores } = await watched(t, site);
    await notices('main', () => run('checkout', '--quiet', 'main'));
    await notices('next', () => run('checkout', '--quiet', 'next'));
    await notices('a reset', () => run('reset', '--quiet', '--hard', 'main'));
    await ignores('what git does for itself', () => run('gc', '--quiet'));
  });

  test('what rsync brings', async (t) => {
    const rsync = requireProgram(t, 'rsync');
    if (rsync === undefined) return;
    const [from, site] = [await smallSite(t, 'from'), await smallSite(t)];
    await addToSite(from, { 'profiles/web.bu': 'a longer text', 'fragments/a.bu': 'x' });
    const { notices } = await watched(t, site);
    const sync = () => {
      execFileSync(rsync, ['-a', '--delete', `${from}/`, `${site}/`]);
    };
    await notices('new and changed files', sync);
    await rm(join(from, 'fragments'), { recursive: true });
    await notices('what is gone', sync);
  });

  test('an edit in a site with very many files', async (t) => {
    const site = join(await scratchDirectory(t), 'site');
    const files = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`groups/g${index}.yaml`, '']));
    await addToSite(site, files);
    const { notices, faults } = await watched(t, site);
    await notices('one of them', () => writeFile(join(site, 'groups/g2999.yaml'), 'x'));
    assert.deepEqual(faults, []);
  });
});

describe('a watch leaves alone', { concurrency: true }, () => {
  test('what is no part of a revision, and what lies beside the site', async (t) => {
    const site = await smallSite(t);
    await addToSite(site, { 'assets/vmlinuz': 'x', '.git/index': 'x' });
    await addToSite(`${site}-other`, { 'profiles/web.bu': 'x' });
    const { ignores, notices } = await watched(t, site);
    await ignores('assets/', () => writeFile(join(site, 'assets/vmlinuz'), 'y'));
    await ignores('.git/', () => writeFile(join(site, '.git/index'), 'y'));
    await ignores('a neighbour', () => addToSite(`${site}-other`, { 'profiles/new.bu': 'x', 'groups/a.yaml': 'y' }));
    await ignores('a file beside it', () => writeFile(`${site}.lock`, 'y'));
    await notices('a profile all the same', () => writeFile(join(site, 'profiles/web.bu'), 'y'));
  });
});

/** Edits a profile all the time, and counts the pauses in which a busy machine may have let the edits settle. */
async function editFor(site: string, ms: number): Promise<{ readonly pauses: number; readonly tookMs: number }> {
  const startedAt = performance.now();
  let pauses = 0;
  let last = startedAt;
  while (last < startedAt + ms) {
    await writeFile(join(site, 'profiles/web.bu'), `${last}`);
    await delay(20);
    const now = performance.now();
    if (now - last > 100) pauses += 1;
    last = now;
  }
  return { pauses, tookMs: last - startedAt };
}

describe('edits settle', { concurrency: true }, () => {
  test('as one, when they come closely after each other', async (t) => {
    const site = await smallSite(t);
    const { settled } = await watched(t, site);
    const before = settled();
    const { pauses } = await editFor(site, 200);
    await delay(SETTLE_MS);
    assert.ok(settled() - before <= 2 + pauses, `${settled() - before} times, and ${pauses} pauses`);
  });

  test('after a second, when they never end', async (t) => {
    const site = await smallSite(t);
    const { settled } = await watched(t, site);
    const before = settled();
    const { pauses, tookMs } = await editFor(site, 3500);
    const times = settled() - before;
    assert.ok(
      times >= 2 && times <= tookMs / 1000 + 3 + pauses,
      `${times} times in ${tookMs} ms, and ${pauses} pauses`,
    );
  });
});

describe('a file system that tells nothing', { concurrency: true }, () => {
  test('is looked at each second', async (t) => {
    const site = await smallSite(t);
    const { notices } = await watched(t, site, true);
    await notices('a write', () => writeFile(join(site, 'profiles/web.bu'), 'longer'));
    await notices('a new folder', () => addToSite(site, { 'fragments/a.bu': 'x' }));
    await notices('a file that goes', () => unlink(join(site, 'profiles/web.bu')));
    await notices('the directory replaced', async () => {
      await addToSite(`${site}-next`, { 'profiles/web.bu': 'next' });
      await rename(site, `${site}-old`);
      await rename(`${site}-next`, site);
    });
    await notices('a write in that', () => writeFile(join(site, 'profiles/web.bu'), 'and again'));
  });
});

describe('a watch that is closed', { concurrency: true }, () => {
  test('tells of nothing more, and can be closed again', async (t) => {
    const site = await smallSite(t);
    const { ignores, close } = await watched(t, site);
    await writeFile(join(site, 'profiles/web.bu'), 'y');
    await Promise.all([close(), close()]);
    await ignores('an edit just before, and one after', () => writeFile(join(site, 'profiles/web.bu'), 'z'));
    await close();
  });
});
