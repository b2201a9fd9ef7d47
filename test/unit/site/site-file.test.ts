import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import type { FileTree } from '../../../src/fragment/file-tree.ts';
import type { SiteLimits } from '../../../src/site/limits.ts';
import { DEFAULT_SITE_LIMITS } from '../../../src/site/limits.ts';
import { readSite } from '../../../src/site/site-file.ts';
import type { SourceTree } from '../../../src/site/source-tree.ts';
import { digestTree } from '../../../src/site/source-tree.ts';
import { afterTest } from '../../support/after-test.ts';
import { requireRoot } from '../../support/programs.ts';
import { addToSite, EXAMPLE_SITE, writeSite } from '../../support/site.ts';

const PROFILE = { 'profiles/web.bu': 'variant: fcos\nversion: 1.5.0\n' };

/** What came up, each as `place code: message`. */
function faults({ diagnostics }: SourceTree): readonly string[] {
  return diagnostics.map(({ origin, code, message }) => `${origin?.file} ${code}: ${message}`);
}

function documents(tree: SourceTree): readonly string[] {
  return [...tree.documents.keys()];
}

function shown(files: FileTree): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...files].map(([path, entry]) => {
      if (entry.kind === 'directory') return [path, '/'];
      if (entry.kind === 'link') return [path, `-> ${entry.target}`];
      return [path, `${entry.content.toString()}${entry.executable ? ' (x)' : ''}`];
    }),
  );
}

async function link(site: string, path: string, target: string): Promise<void> {
  await symlink(target, join(site, path));
}

/** A file outside of every site. */
async function outside(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'outside-'));
  afterTest(t, () => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'folder'));
  await writeFile(join(directory, 'secret'), 'secret: true\n');
  await writeFile(join(directory, 'folder/a.bu'), 'secret: true\n');
  return directory;
}

/** Everything that was taken, as one text. */
function contents(tree: SourceTree): string {
  return JSON.stringify([[...tree.documents].map(([path, text]) => [path, text.toString()]), shown(tree.files)]);
}

test('the example is read whole', async () => {
  const tree = await readSite(EXAMPLE_SITE);
  assert.deepEqual(faults(tree), []);
  assert.ok(documents(tree).includes('site.yaml'));
});

test('documents and files are taken as they are, and nothing else', async (t) => {
  const site = await writeSite(t, {
    ...PROFILE,
    'site.yaml': 'strict: true\n',
    'fragments/a.bu': 'a: \ufeff1\r\n',
    'fragments/deep/er/b.bu.liquid': '',
    'groups/node.yaml': 'profile: web\n',
    'files/etc/motd': 'hello',
    'files/.bashrc': 'x',
    'files/tool': '#!/bin/sh',
    'assets/vmlinuz': 'big',
    'README.md': 'x',
    'profile/typo.bu': 'x',
  });
  await chmod(join(site, 'files/tool'), 0o755);
  await mkdir(join(site, 'files/empty'));
  const tree = await readSite(site);
  assert.deepEqual(faults(tree), []);
  assert.deepEqual(
    [...tree.documents].map(([path, content]) => [path, content.toString()]),
    [
      ['fragments/a.bu', 'a: \ufeff1\r\n'],
      ['fragments/deep/er/b.bu.liquid', ''],
      ['groups/node.yaml', 'profile: web\n'],
      ['profiles/web.bu', PROFILE['profiles/web.bu']],
      ['site.yaml', 'strict: true\n'],
    ],
  );
  assert.deepEqual(shown(tree.files), {
    '.bashrc': 'x',
    empty: '/',
    etc: '/',
    'etc/motd': 'hello',
    tool: '#!/bin/sh (x)',
  });
});

test('what editors and mounts leave behind is ignored', async (t) => {
  const ignored = [
    'profiles/.web.bu.swp',
    'profiles/web.bu~',
    'fragments/.git/config',
    'fragments/a.bu~',
    'groups/.x.yaml',
  ];
  const site = await writeSite(t, {
    ...PROFILE,
    ...Object.fromEntries(ignored.map((path) => [path, 'x'])),
    'files/..data/x': 'x',
    'files/..hidden': 'x',
    'files/a~': 'kept',
    'site.yaml~': 'x',
    '.site.yaml': 'x',
  });
  const tree = await readSite(site);
  assert.deepEqual(faults(tree), []);
  assert.deepEqual(documents(tree), ['profiles/web.bu']);
  assert.deepEqual(shown(tree.files), { 'a~': 'kept' });
});

describe('the id of a revision', () => {
  test('is the same in another directory, at another time and for other owners and permissions', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/a/b': 'x', 'files/tool': 'y' });
    await chmod(join(site, 'files/tool'), 0o755);
    await link(site, 'files/ln', 'a/b');
    const copy = join(await writeSite(t, {}), 'elsewhere');
    await cp(site, copy, { recursive: true, verbatimSymlinks: true });
    await chmod(join(copy, 'files/tool'), 0o711);
    await chmod(join(copy, 'files/a/b'), 0o600);
    await utimes(join(copy, 'files/a/b'), 0, 0);
    await addToSite(copy, { 'README.md': 'no part of it', 'assets/x': 'neither' });
    assert.equal(digestTree(await readSite(copy)), digestTree(await readSite(site)));
    assert.equal(digestTree(await readSite(`${copy}/./`)), digestTree(await readSite(site)));
  });

  const changes: Readonly<Record<string, (site: string) => Promise<void>>> = {
    'a document': (site) => addToSite(site, { 'profiles/web.bu': 'variant: fcos\nversion: 1.5.0\n#' }),
    'a new document': (site) => addToSite(site, { 'fragments/new.bu': '' }),
    'a name': (site) => rename(join(site, 'groups/a.yaml'), join(site, 'groups/b.yaml')),
    'a file': (site) => addToSite(site, { 'files/a': 'y' }),
    'an executable bit': (site) => chmod(join(site, 'files/a'), 0o755),
    'an empty folder': async (site) => void (await mkdir(join(site, 'files/new'))),
    'an empty site.yaml': (site) => addToSite(site, { 'site.yaml': '' }),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`is another one for ${what}`, async (t) => {
      const site = await writeSite(t, { ...PROFILE, 'groups/a.yaml': 'profile: web\n', 'files/a': 'x' });
      const before = digestTree(await readSite(site));
      await change(site);
      const tree = await readSite(site);
      assert.deepEqual(faults(tree), []);
      assert.notEqual(digestTree(tree), before);
    });
  }
});

describe('a link that leads out is a fault, and nothing of what it leads to is taken:', () => {
  const cases: Readonly<Record<string, readonly [string, (place: string) => string]>> = {
    'a profile that is an absolute link': ['profiles/a.bu', (place) => join(place, 'secret')],
    'a profile that is a relative link': ['profiles/a.bu', (place) => `../../${basename(place)}/secret`],
    'a folder of fragments': ['fragments/a', (place) => join(place, 'folder')],
    'the folder of groups itself': ['groups', (place) => join(place, 'folder')],
    'site.yaml': ['site.yaml', (place) => join(place, 'secret')],
    'a file': ['files/a', (place) => join(place, 'secret')],
    'a file through ..': ['files/a', (place) => `../../${basename(place)}/secret`],
    'a file through a detour': ['files/a', (place) => `x/../../../${basename(place)}/secret`],
    'a folder of files': ['files/a', (place) => join(place, 'folder')],
    'files/ itself': ['files', (place) => join(place, 'folder')],
    'a system file': ['files/a', () => '/etc/passwd'],
    'a device': ['files/a', () => '/dev/null'],
    'the process itself': ['profiles/a.bu', () => '/proc/self/environ'],
    'the root': ['fragments/a', () => '/'],
  };
  for (const [title, [path, target]] of Object.entries(cases)) {
    test(title, async (t) => {
      const place = await outside(t);
      const folder = path.includes('/') ? { [`${path.split('/')[0]}/x/.keep`]: '' } : {};
      const site = await writeSite(t, { 'profiles/web.bu': 'a: 1\n', ...(path.startsWith('profiles') ? {} : folder) });
      await link(site, path, target(place));
      const tree = await readSite(site);
      assert.equal(faults(tree).length, 1, faults(tree).join('\n'));
      assert.match(faults(tree)[0] ?? '', new RegExp(`^${path} site-link: the link leads out of`));
      assert.doesNotMatch(contents(tree), /secret|root:|PATH=/);
    });
  }

  test('a chain of links, of which only the last one leads out', async (t) => {
    const place = await outside(t);
    const site = await writeSite(t, PROFILE);
    await mkdir(join(site, 'fragments'));
    await link(site, 'fragments/a.bu', 'b.bu');
    await link(site, 'fragments/b.bu', join(place, 'secret'));
    const tree = await readSite(site);
    assert.deepEqual(
      faults(tree).map((fault) => fault.split(' ')[0]),
      ['fragments/a.bu', 'fragments/b.bu'],
    );
    assert.doesNotMatch(contents(tree), /secret/);
  });

  test('a link beside the site whose name starts like it', async (t) => {
    const site = await writeSite(t, PROFILE);
    const beside = `${site}-beside`;
    await mkdir(beside);
    afterTest(t, () => rm(beside, { recursive: true, force: true }));
    await writeFile(join(beside, 'secret'), 'secret: true\n');
    await link(site, 'profiles/a.bu', `../../${basename(beside)}/secret`);
    assert.match(faults(await readSite(site)).join(), /^profiles\/a\.bu site-link: the link leads out of the site$/);
  });

  test('a link in files/ that leads to another part of the site', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/x': 'x' });
    await link(site, 'files/a', '../profiles/web.bu');
    await link(site, 'files/b', join(site, 'files/x'));
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), [
      'files/a site-link: the link leads out of files/',
      'files/b site-link: the link leads out of files/',
    ]);
    assert.deepEqual(shown(tree.files), { x: 'x' });
  });

  test('a link in files/ that leads to another part of the site through an ignored name', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/x': 'x' });
    await link(site, 'files/..hidden', '../profiles');
    await link(site, 'files/a', '..hidden/web.bu');
    const tree = await readSite(site);
    assert.match(faults(tree).join(), /^files\/a site-link: the link leads out of files\/$/);
    assert.deepEqual(shown(tree.files), { x: 'x' });
  });
});

describe('a link inside the site is followed:', () => {
  test('to documents and folders of documents', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'fragments/x/a.bu': 'a: 1\n', 'shared/g.yaml': 'profile: web\n' });
    await link(site, 'fragments/y', 'x');
    await link(site, 'fragments/b.bu', join(site, 'fragments/x/a.bu'));
    await link(site, 'groups', 'shared');
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(documents(tree), [
      'fragments/b.bu',
      'fragments/x/a.bu',
      'fragments/y/a.bu',
      'groups/g.yaml',
      'profiles/web.bu',
    ]);
  });

  test('and stays a link in files/', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/a/x': 'x' });
    await link(site, 'files/ln', 'a/x');
    await link(site, 'files/a/up', '../a');
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(shown(tree.files), { a: '/', 'a/up': '-> ../a', 'a/x': 'x', ln: '-> a/x' });
  });

  test('when files/ is one itself', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'shared/a/x': 'x' });
    await link(site, 'files', 'shared');
    await link(site, 'shared/ln', 'a/x');
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(shown(tree.files), { a: '/', 'a/x': 'x', ln: '-> a/x' });
  });

  test('when the site is one itself', async (t) => {
    const site = await writeSite(t, PROFILE);
    await symlink(site, `${site}-link`);
    afterTest(t, () => rm(`${site}-link`));
    assert.deepEqual(documents(await readSite(`${site}-link`)), ['profiles/web.bu']);
  });

  test('but not in a circle', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'fragments/a.bu': 'a: 1\n', 'files/x': 'x' });
    await link(site, 'fragments/loop', '.');
    await link(site, 'profiles/self.bu', 'self.bu');
    await link(site, 'files/one', 'two');
    await link(site, 'files/two', 'one');
    const found = faults(await readSite(site, { ...DEFAULT_SITE_LIMITS, depth: 3 }));
    assert.ok(
      found.includes('profiles/self.bu site-link: this leads nowhere: its links go round in a circle'),
      found.join('\n'),
    );
    assert.ok(
      found.includes('files/one site-link: this leads nowhere: its links go round in a circle'),
      found.join('\n'),
    );
    assert.ok(
      found.some((fault) => /^fragments\/loop.* too-large/.test(fault)),
      found.join('\n'),
    );
  });

  test('and not to what does not exist', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/x': 'x' });
    await link(site, 'profiles/a.bu', 'nope.bu');
    await link(site, 'files/a', 'x/y');
    assert.deepEqual(faults(await readSite(site)), [
      'files/a site-link: this leads nowhere: a part of the path is no directory',
      'profiles/a.bu site-link: this leads nowhere: it does not exist',
    ]);
  });
});

describe('a mounted Kubernetes ConfigMap', () => {
  async function mounted(site: string, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
    const version = `${folder}/..2026_01_01_00_00_00.123456789`;
    await addToSite(
      site,
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`${version}/${path}`, text])),
    );
    await link(site, `${folder}/..data`, basename(version));
    const names = new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''));
    for (const name of names) await link(site, `${folder}/${name}`, `..data/${name}`);
  }

  test('is read as if its files stood there', async (t) => {
    const site = await writeSite(t, {});
    await mounted(site, 'profiles', { 'web.bu': PROFILE['profiles/web.bu'] });
    await mounted(site, 'groups', { 'a.yaml': 'profile: web\n' });
    await mounted(site, 'fragments', { 'a.bu': 'a: 1\n', 'sub/b.bu': 'b: 1\n' });
    await mounted(site, 'files', { motd: 'hello', 'etc/deep/x': 'x' });
    const plain = await writeSite(t, {
      ...PROFILE,
      'groups/a.yaml': 'profile: web\n',
      'fragments/a.bu': 'a: 1\n',
      'fragments/sub/b.bu': 'b: 1\n',
      'files/motd': 'hello',
      'files/etc/deep/x': 'x',
    });
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(shown(tree.files), { etc: '/', 'etc/deep': '/', 'etc/deep/x': 'x', motd: 'hello' });
    assert.equal(digestTree(tree), digestTree(await readSite(plain)));
  });

  test('can hold links to each other', async (t) => {
    const site = await writeSite(t, PROFILE);
    await mounted(site, 'files', { 'dir/x': 'x' });
    await link(site, 'files/..data/dir/ln', 'x');
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(shown(tree.files), { dir: '/', 'dir/ln': 'x', 'dir/x': 'x' });
  });

  test('is one whole site as well', async (t) => {
    const site = await writeSite(t, {});
    await mounted(site, '.', { ...PROFILE, 'files/motd': 'hello' });
    const tree = await readSite(site);
    assert.deepEqual(faults(tree), []);
    assert.deepEqual(documents(tree), ['profiles/web.bu']);
    assert.deepEqual(shown(tree.files), { motd: 'hello' });
  });
});

describe('what is no regular file is a fault, and is never waited for:', () => {
  const places = ['profiles/a.bu', 'fragments/a.bu', 'groups/a.yaml', 'files/a', 'site.yaml'];

  test('a FIFO', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'fragments/x.bu': '', 'groups/x.yaml': '', 'files/x': '' });
    execFileSync(
      'mkfifo',
      places.map((path) => join(site, path)),
    );
    const tree = await readSite(site);
    assert.deepEqual(
      faults(tree).toSorted(),
      places.map((path) => `${path} site-file: this is no regular file`).toSorted(),
    );
  });

  test('a link to a FIFO', async (t) => {
    const site = await writeSite(t, PROFILE);
    execFileSync('mkfifo', [join(site, 'pipe')]);
    await link(site, 'profiles/a.bu', '../pipe');
    assert.deepEqual(faults(await readSite(site)), ['profiles/a.bu site-file: this is no regular file']);
  });

  test('a socket', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/x': '' });
    for (const path of ['files/a', 'profiles/a.bu']) {
      const server = createServer().listen(join(site, path));
      afterTest(t, () => server.close());
      await new Promise((fulfil) => server.once('listening', fulfil));
    }
    assert.deepEqual(
      faults(await readSite(site)).map((fault) => fault.split(':')[0]),
      ['files/a site-file', 'profiles/a.bu site-file'],
    );
  });

  test('a device', async (t) => {
    if (!requireRoot(t)) return;
    const site = await writeSite(t, { ...PROFILE, 'files/x': '' });
    execFileSync('mknod', [join(site, 'files/a'), 'c', '1', '5']);
    execFileSync('mknod', [join(site, 'profiles/a.bu'), 'c', '1', '5']);
    assert.deepEqual(faults(await readSite(site)), [
      'files/a site-file: this is no regular file',
      'profiles/a.bu site-file: this is no regular file',
    ]);
  });

  test('a folder in the place of a file, and a file in the place of a folder', async (t) => {
    const site = await writeSite(t, { 'profiles/web.bu/x': '', 'groups/sub/a.yaml': '', fragments: 'x' });
    await mkdir(join(site, 'site.yaml'));
    assert.deepEqual(
      faults(await readSite(site)).map((fault) => fault.split(':')[0]),
      ['fragments site-file', 'groups/sub site-file', 'profiles/web.bu site-file', 'site.yaml site-file'],
    );
  });
});

describe('what cannot be read is a fault', () => {
  /** Reads a site in which these permissions hold, for root too. */
  async function readWithModes(site: string, modes: Readonly<Record<string, number>>): Promise<SourceTree> {
    const isRoot = process.getuid?.() === 0;
    for (const [path, mode] of Object.entries(modes)) await chmod(join(site, path), mode);
    if (isRoot) {
      await chmod(site, 0o755);
      process.seteuid?.(65_534);
    }
    try {
      return await readSite(site);
    } finally {
      if (isRoot) process.seteuid?.(0);
      for (const path of Object.keys(modes)) await chmod(join(site, path), 0o700);
    }
  }

  test('whatever it is', async (t) => {
    const site = await writeSite(t, {
      ...PROFILE,
      'groups/a.yaml': 'x',
      'files/a': 'x',
      'fragments/sub/a.bu': '',
      'site.yaml': '',
    });
    const tree = await readWithModes(site, { 'groups/a.yaml': 0, 'files/a': 0, 'site.yaml': 0, 'fragments/sub': 0 });
    assert.deepEqual(faults(tree), [
      'files/a site-file: the file cannot be read: permission denied',
      'fragments/sub site-file: the folder cannot be read: permission denied',
      'groups/a.yaml site-file: the file cannot be read: permission denied',
      'site.yaml site-file: the file cannot be read: permission denied',
    ]);
    assert.deepEqual(documents(tree), ['profiles/web.bu']);
  });

  test('in a folder that can be listed and not entered', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/sub/a': 'x', 'fragments/sub/a.bu': '' });
    const tree = await readWithModes(site, { 'files/sub': 0o444, 'fragments/sub': 0o444 });
    assert.deepEqual(
      faults(tree).map((fault) => fault.split(' ')[0]),
      ['files/sub/a', 'fragments/sub/a.bu'],
    );
  });

  test('with a name that is not UTF-8', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/x': '' });
    const name = (folder: string) => Buffer.concat([Buffer.from(`${join(site, folder)}/a`), Buffer.from([0xff])]);
    await writeFile(name('files'), 'x');
    await writeFile(name('profiles'), 'x');
    assert.deepEqual(
      faults(await readSite(site)).map((fault) => fault.split(' ')[0]?.split('/')[0]),
      ['files', 'profiles'],
    );
  });

  test('and the directory itself ends the reading with its reason', async (t) => {
    const site = await writeSite(t, { file: '' });
    for (const [directory, reason] of [
      [join(site, 'nope'), /it does not exist/],
      [join(site, 'file'), /it is not a directory/],
      [join(site, 'file/x'), /no directory/],
    ] as const) {
      await assert.rejects(readSite(directory), (error) => {
        assert.ok(error instanceof ProvisioningError);
        assert.equal(error.code, 'site-invalid');
        assert.match(error.message, reason);
        assert.ok(error.cause);
        return true;
      });
    }
  });

  test('and so is a directory that holds no site', async (t) => {
    const site = await writeSite(t, { 'README.md': 'x' });
    assert.deepEqual(faults(await readSite(site)), ['. site-file: the directory holds no site']);
  });

  test('and so is site.yaml under another name', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'site.yml': '', 'site.toml': '', 'site.json': '' });
    assert.deepEqual(faults(await readSite(site)), [
      'site.json site-file: this file is not read',
      'site.toml site-file: this file is not read',
      'site.yml site-file: this file is not read',
    ]);
  });
});

describe('a site is bounded:', () => {
  async function reads(site: string, limits: Partial<SiteLimits>): Promise<readonly string[]> {
    return faults(await readSite(site, { ...DEFAULT_SITE_LIMITS, ...limits }));
  }

  test('one document', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'groups/a.yaml': 'x'.repeat(101) });
    assert.deepEqual(await reads(site, { documentBytes: 101 }), []);
    assert.deepEqual(await reads(site, { documentBytes: 100 }), [
      'groups/a.yaml too-large: the file is larger than 100 bytes',
    ]);
  });

  test('one file', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/a': 'x'.repeat(101) });
    assert.deepEqual(await reads(site, { fileBytes: 101, documentBytes: 50 }), []);
    assert.deepEqual(await reads(site, { fileBytes: 100 }), ['files/a too-large: the file is larger than 100 bytes']);
  });

  test('a file of many gigabytes is not read to find that out', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'files/a': '' });
    await truncate(join(site, 'files/a'), 100 * 1024 ** 3);
    const started = performance.now();
    assert.deepEqual(await reads(site, {}), [`files/a too-large: the file is larger than ${8 * 1024 * 1024} bytes`]);
    assert.ok(performance.now() - started < 2000);
  });

  test('on all documents together, since what they say takes far more memory than they do', async (t) => {
    const site = await writeSite(t, {
      'profiles/a.bu': 'a: 1\n',
      'fragments/b.bu': 'b: 1\n',
      'groups/c.yaml': 'c: 1\n',
      'files/large': 'x'.repeat(100),
    });
    assert.deepEqual(await reads(site, { documentsBytes: 15 }), []);
    const found = await reads(site, { documentsBytes: 14 });
    assert.match(
      found.join('\n'),
      /too-large: site\.yaml, profiles, fragments and groups are larger than 14 bytes in all/,
    );
  });

  test('everything together, said once', async (t) => {
    const site = await writeSite(t, {
      ...PROFILE,
      'files/a': 'x'.repeat(100),
      'files/b': 'x'.repeat(100),
      'files/c': 'x'.repeat(100),
      'groups/a.yaml': 'x'.repeat(100),
    });
    const total = 400 + PROFILE['profiles/web.bu'].length;
    assert.deepEqual(await reads(site, { totalBytes: total }), []);
    for (const totalBytes of [total - 1, 150]) {
      const found = await reads(site, { totalBytes });
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', new RegExp(`too-large: the site is larger than ${totalBytes} bytes in all`));
    }
  });

  test('the number of files, links and folders, said once', async (t) => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`files/sub/f${index}`, '']));
    const site = await writeSite(t, { ...PROFILE, ...files });
    assert.deepEqual(await reads(site, { entries: 30 }), []);
    for (const entries of [10, 1]) {
      const found = await reads(site, { entries });
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', /too-large: the site holds more than \d+ files and folders/);
    }
  });

  for (const folder of ['fragments', 'files']) {
    test(`folders within folders of ${folder}/`, async (t) => {
      const nested = (depth: number) =>
        `${folder}/${Array.from({ length: depth }, (_, index) => `d${index}`).join('/')}/x.bu`;
      const site = await writeSite(t, { ...PROFILE, [nested(3)]: 'a: 1\n' });
      assert.deepEqual(await reads(site, { depth: 3 }), []);
      const found = await reads(site, { depth: 2 });
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', /too-large: the folders are nested too deeply/);
    });
  }

  test('assets do not count', async (t) => {
    const site = await writeSite(t, { ...PROFILE, 'assets/a': 'x'.repeat(1000), 'assets/b/c/d/e': '' });
    assert.deepEqual(await reads(site, { totalBytes: 500, entries: 2, depth: 1 }), []);
  });
});

test('reading changes nothing in the site', async (t) => {
  const site = await writeSite(t, { ...PROFILE, 'files/a': 'x' });
  const before = await readdir(site, { recursive: true });
  await readSite(site);
  assert.deepEqual(await readdir(site, { recursive: true }), before);
});
