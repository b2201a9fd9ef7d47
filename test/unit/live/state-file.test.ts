import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { encodeSnapshot, MAX_SNAPSHOT_BYTES } from '../../../src/live/snapshot.ts';
import { createStateStore } from '../../../src/live/state-file.ts';
import { requireProgram, requireRoot } from '../../support/programs.ts';
import { scratchDirectory } from '../../support/site.ts';
import { smallSnapshot } from './snapshots.ts';

const FILE = 'last-good.state';
const PARTIAL = 'last-good.partial';

async function documentsKept(directory: string): Promise<readonly string[] | undefined> {
  const kept = await createStateStore(directory).load();
  return kept && [...kept.tree.documents.keys()];
}

describe('the state that was kept last', () => {
  test('is there again, in a directory and a file that only its user can read', async (t) => {
    const directory = join(await scratchDirectory(t), 'deep', 'state');
    const size = await createStateStore(directory).save(smallSnapshot());
    const kept = await createStateStore(directory).load();
    assert.ok(kept !== undefined);
    const { revision: _, ...snapshot } = kept;
    assert.deepEqual(snapshot, smallSnapshot());
    assert.equal(size, (await stat(join(directory, FILE))).size);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(join(directory, FILE))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory), [FILE]);
  });

  test('is replaced whole by the next', async (t) => {
    const directory = await scratchDirectory(t);
    const store = createStateStore(directory);
    await store.save(smallSnapshot({ 'fragments/large.bu': 'x'.repeat(500_000) }));
    await store.save(smallSnapshot({ 'fragments/small.bu': 'x' }));
    assert.deepEqual(await documentsKept(directory), ['fragments/small.bu', 'profiles/bad.bu', 'profiles/web.bu']);
  });

  test('is written the same, in whatever sizes its pieces come', async (t) => {
    const directory = await scratchDirectory(t);
    const sizes = [0, 1, 65_535, 65_536, 65_537, 300_000, 0];
    const snapshot = smallSnapshot(
      Object.fromEntries(sizes.map((size, index) => [`fragments/${index}.bu`, Buffer.alloc(size, index)])),
    );
    await createStateStore(directory).save(snapshot);
    assert.deepEqual(await readFile(join(directory, FILE)), Buffer.concat(await encodeSnapshot(snapshot)));
  });

  test('is absent where nothing was kept', async (t) => {
    const directory = await scratchDirectory(t);
    assert.equal(await documentsKept(directory), undefined);
    assert.equal(await documentsKept(join(directory, 'missing', 'deep')), undefined);
  });

  test('stays where a write before was broken off, and what that left is cleared away', async (t) => {
    const directory = await scratchDirectory(t);
    await createStateStore(directory).save(smallSnapshot());
    await writeFile(join(directory, PARTIAL), 'half of it');
    assert.equal((await documentsKept(directory))?.length, 2);
    assert.deepEqual(await readdir(directory), [FILE]);
  });

  test('stays where the next cannot be written', async (t) => {
    const directory = await scratchDirectory(t);
    const store = createStateStore(directory);
    await store.save(smallSnapshot());
    await mkdir(join(directory, PARTIAL));
    await writeFile(join(directory, PARTIAL, 'in the way'), '');
    await assert.rejects(store.save(smallSnapshot({ 'fragments/new.bu': '' })), { code: 'EISDIR' });
    assert.equal((await documentsKept(directory))?.length, 2);
  });
});

/** Fails when loading takes long: a start must never wait for it. */
async function assertRefused(directory: string, reason: RegExp): Promise<void> {
  const result = await Promise.race([
    createStateStore(directory)
      .load()
      .then(
        () => 'loaded',
        (error: unknown) => error,
      ),
    new Promise((fulfil) => setTimeout(() => fulfil('still waiting'), 5000).unref()),
  ]);
  assert.ok(result instanceof Error, String(result));
  assert.match(result.message, reason);
}

describe('what is no state is refused with a reason:', () => {
  test('an empty file', async (t) => {
    const directory = await scratchDirectory(t);
    await writeFile(join(directory, FILE), '');
    await assertRefused(directory, /another version/);
  });

  test('a directory in its place', async (t) => {
    const directory = await scratchDirectory(t);
    await mkdir(join(directory, FILE));
    await assertRefused(directory, /no regular file/);
  });

  test('a pipe in its place, which nobody ever writes to', async (t) => {
    const mkfifo = requireProgram(t, 'mkfifo');
    if (mkfifo === undefined) return;
    const directory = await scratchDirectory(t);
    execFileSync(mkfifo, [join(directory, FILE)]);
    await assertRefused(directory, /no regular file/);
  });

  test('a device in its place, which never ends', async (t) => {
    const directory = await scratchDirectory(t);
    await symlink('/dev/zero', join(directory, FILE));
    await assertRefused(directory, /no regular file/);
  });

  test('a link that leads to itself', async (t) => {
    const directory = await scratchDirectory(t);
    await symlink(FILE, join(directory, FILE));
    await assertRefused(directory, /ELOOP/);
  });

  test('a file beyond the bound, which is not read', async (t) => {
    const directory = await scratchDirectory(t);
    await writeFile(join(directory, FILE), 'pilotlight-state 1 ');
    await truncate(join(directory, FILE), MAX_SNAPSHOT_BYTES + 1);
    await assertRefused(directory, /larger than/);
  });

  test('a file where the directory should be', async (t) => {
    const directory = join(await scratchDirectory(t), 'state');
    await writeFile(directory, '');
    await assertRefused(directory, /ENOTDIR/);
    await assert.rejects(createStateStore(directory).save(smallSnapshot()), { code: 'EEXIST' });
  });

  test('a folder in the place of the partial file does not matter', async (t) => {
    const directory = await scratchDirectory(t);
    await mkdir(join(directory, PARTIAL));
    assert.equal(await documentsKept(directory), undefined);
  });
});

/** What a script with the store and a snapshot prints, run where a small file system is mounted at its directory. */
async function onSmallDisk(t: TestContext, mountOptions: string, script: string): Promise<string | undefined> {
  const unshare = requireProgram(t, 'unshare');
  if (unshare === undefined || !requireRoot(t)) return undefined;
  const directory = await scratchDirectory(t);
  const modules = ['src/live/state-file.js', 'test/unit/live/snapshots.js'].map((path) => resolve('build', path));
  const text = [
    'const [, directory, storeModule, snapshotsModule] = process.argv;',
    'const { createStateStore } = await import(storeModule);',
    'const { smallSnapshot } = await import(snapshotsModule);',
    'const large = (size) => smallSnapshot({ "fragments/large.bu": Buffer.alloc(size, 1) });',
    'const outcome = (work) => work.then((kept) => kept === undefined ? "nothing" : "done", (error) => error.code);',
    "const { execFileSync } = await import('node:child_process');",
    "const { readdirSync } = await import('node:fs');",
    script,
  ].join('\n');
  const mount = 'mount --make-rprivate / && mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"';
  const shell = ['--mount', 'sh', '-c', mount, 'sh', mountOptions, directory];
  const node = [process.execPath, '--input-type=module', '--eval', text];
  const child = spawn(unshare, [...shell, ...node, directory, ...modules]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  assert.deepEqual(await once(child, 'close'), [0, null], printed);
  return printed.trim();
}

describe('a disk', () => {
  test('that is full keeps the state that it has', async (t) => {
    const printed = await onSmallDisk(
      t,
      'size=256k',
      `const store = createStateStore(directory);
       console.log(await outcome(store.save(large(50_000))));
       console.log(await outcome(store.save(large(500_000))));
       console.log(readdirSync(directory).join());
       console.log((await store.load()).tree.documents.get("fragments/large.bu").length);
       console.log(await outcome(store.save(large(60_000))));
       console.log((await store.load()).tree.documents.get("fragments/large.bu").length);`,
    );
    if (printed === undefined) return;
    assert.deepEqual(printed.split('\n'), ['done', 'ENOSPC', FILE, '50000', 'done', '60000']);
  });

  test('that turns read-only keeps the state that it has', async (t) => {
    const printed = await onSmallDisk(
      t,
      'size=256k',
      `const store = createStateStore(directory);
       console.log(await outcome(store.save(large(50_000))));
       execFileSync('mount', ['-o', 'remount,ro', directory]);
       console.log(await outcome(store.save(large(60_000))));
       console.log((await store.load()).tree.documents.get("fragments/large.bu").length);`,
    );
    if (printed === undefined) return;
    assert.deepEqual(printed.split('\n'), ['done', 'EROFS', '50000']);
  });

  test('that is read-only from the start holds nothing, and that is no fault of the start', async (t) => {
    const printed = await onSmallDisk(
      t,
      'ro',
      `const store = createStateStore(directory);
       console.log(await outcome(store.load()));
       console.log(await outcome(store.save(large(10))));`,
    );
    if (printed === undefined) return;
    assert.deepEqual(printed.split('\n'), ['nothing', 'EROFS']);
  });
});

test('a kill at any moment leaves the old state or the new one', async (t) => {
  const directory = await scratchDirectory(t);
  const script = [
    'const [, directory, storeModule, snapshotsModule] = process.argv;',
    'const { createStateStore } = await import(storeModule);',
    'const { smallSnapshot } = await import(snapshotsModule);',
    'const state = createStateStore(directory);',
    'for (let round = 0; ; round += 1) {',
    '  await state.save(smallSnapshot({ "fragments/round.bu": Buffer.alloc(3_000_000, round) }));',
    '  process.stdout.write(".");',
    '}',
  ].join('\n');
  const modules = ['src/live/state-file.js', 'test/unit/live/snapshots.js'].map((path) => resolve('build', path));
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, directory, ...modules], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await new Promise((fulfil) => setTimeout(fulfil, 20 * round));
    child.kill('SIGKILL');
    await ended;
    const kept = await createStateStore(directory).load();
    const content = kept?.tree.documents.get('fragments/round.bu');
    assert.ok(content !== undefined && content.length === 3_000_000);
    assert.ok(content.every((byte) => byte === content[0]));
  }
});
