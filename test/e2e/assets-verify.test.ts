import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { afterTest } from '../support/after-test.ts';
import { requireProgram } from '../support/programs.ts';
import { addToSite, scratchDirectory } from '../support/site.ts';

interface Verified {
  readonly code: number | null;
  /** All lines but the last, which counts them. */
  readonly lines: readonly string[];
  readonly counts: string;
  readonly err: string;
}

function verify(folder: string, flags: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Verified {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve('dist/main.js'), 'assets', 'verify', '--assets', folder, ...flags],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  const lines = stdout.trimEnd().split('\n');
  return { code: status, lines: lines.slice(0, -1), counts: lines.at(-1) ?? '', err: stderr };
}

/** Lists made by coreutils themselves, of files with all sorts of names. */
test('Lists that coreutils wrote are checked, with every name that a file can have', async (t) => {
  const folder = await scratchDirectory(t);
  const names = [
    'vmlinuz',
    'flatcar/4593.2.0/initrd.cpio.gz',
    'a b',
    'back\\slash',
    'new\nline',
    '-dash',
    'ü',
    '(x) = y',
  ];
  await addToSite(folder, Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  const sum = (program: string, list: string, flags: readonly string[]) =>
    execFileSync('sh', ['-c', `find . -type f ! -name '*SUMS' -exec ${program} "$@" {} + > ${list}`, 'sh', ...flags], {
      cwd: folder,
    });
  for (const flags of [[], ['--binary'], ['--tag']]) {
    sum('sha256sum', 'SHA256SUMS', flags);
    sum('sha512sum', 'SHA512SUMS', flags);
    const { code, lines, counts, err } = verify(folder);
    // A name with a backslash or a line end in it is served to nobody, which the report says.
    const odd = lines.filter((line) => line.startsWith('error: '));
    assert.equal(odd.length, 4, lines.join('\n'));
    for (const line of odd) assert.match(line, /^error: (?:back\\slash|new\\nline): .*holds no backslash/);
    assert.deepEqual([code, counts, err], [1, '12 ok, 0 warnings, 4 errors', '']);
    assert.ok(lines.some((line) => /^ok: flatcar\/4593\.2\.0\/initrd\.cpio\.gz: SHA512 is the one in /.test(line)));
  }
});

test('What does not fit is told for each file, and what nobody vouches for is a warning', async (t) => {
  const folder = await scratchDirectory(t);
  const outside = await scratchDirectory(t);
  await addToSite(folder, {
    good: 'good',
    changed: 'before',
    missing: 'x',
    'sub/extra': 'x',
    '.hidden': 'x',
    out: 'x',
  });
  execFileSync('sh', ['-c', 'sha256sum good changed missing out > SHA256SUMS'], { cwd: folder });
  await writeFile(join(folder, 'SHA256SUMS'), 'no digest  x\n../x\n', { flag: 'a' });
  await writeFile(join(folder, 'changed'), 'after!');
  await rm(join(folder, 'missing'));
  await rename(join(folder, 'out'), join(outside, 'out'));
  await symlink(join(outside, 'out'), join(folder, 'out'));
  await symlink('good', join(folder, 'link'));
  await symlink('sub', join(folder, 'current'));
  const { code, lines, counts } = verify(folder);
  assert.deepEqual([code, counts], [1, '1 ok, 1 warning, 5 errors']);
  const expected = [
    /^error: SHA256SUMS:5: this is no line of a list of SHA256 digests$/,
    /^error: SHA256SUMS:6: this is no line/,
    /^ok: good: SHA256 is the one in SHA256SUMS:1$/,
    /^error: changed: SHA256 is [0-9a-f]{64}, and SHA256SUMS:2 says [0-9a-f]{64}$/,
    /^error: missing: SHA256SUMS:3 names it: there is no such file among the assets$/,
    /^error: out: SHA256SUMS:4 names it: this is a link that leads out of the folder of assets$/,
    /^warning: sub\/extra: no list names this file, and no signature of it was good$/,
  ];
  assert.equal(lines.length, expected.length, lines.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern);
});

test('Nothing to check, no folder and wrong usage end with their own exit codes', async (t) => {
  const folder = await scratchDirectory(t);
  await mkdir(join(folder, 'assets'));
  const nothing = verify(join(folder, 'assets'));
  assert.deepEqual([nothing.code, nothing.counts], [1, '0 ok, 0 warnings, 1 error']);
  assert.match(nothing.lines[0] ?? '', /nothing can be checked/);
  const missing = verify(join(folder, 'nowhere'));
  assert.equal(missing.code, 1);
  assert.match(missing.err, /^error: the folder of assets cannot be read: it does not exist/);
  assert.equal(verify(folder, ['--keyrings', 'x']).code, 2);
});

/** A GnuPG of the test's own, with one key for each name. */
async function createKeys(t: TestContext, gpg: string) {
  const home = await scratchDirectory(t);
  const run = (...args: readonly string[]) =>
    execFileSync(
      gpg,
      ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
  afterTest(t, () => spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']));
  return {
    create: (name: string, expires = 'never', ...more: readonly string[]) =>
      run(...more, '--quick-generate-key', name, 'ed25519', 'sign', expires),
    sign: (name: string, file: string, ...more: readonly string[]) =>
      run('--yes', '--local-user', name, ...more, '--detach-sign', file),
    export: (...args: readonly string[]) => run(...args),
  };
}

test('Signatures are checked by gpgv with the keys of a keyring', async (t) => {
  const gpg = requireProgram(t, 'gpg');
  if (gpg === undefined || requireProgram(t, 'gpgv') === undefined) return;
  const keys = await createKeys(t, gpg);
  keys.create('builder');
  keys.create('stranger');
  keys.create('past', 'seconds=60', '--faked-system-time', '20200101T000000');
  const folder = await scratchDirectory(t);
  const names = ['kernel', 'initrd', 'forged', 'alien', 'late', 'torn', 'listed'];
  await addToSite(folder, Object.fromEntries(names.map((name) => [name, name.repeat(1000)])));
  const at = (name: string) => join(folder, name);
  keys.sign('builder', at('kernel'));
  keys.sign('builder', at('initrd'), '--armor');
  keys.sign('builder', at('forged'));
  await writeFile(at('forged'), 'something else');
  keys.sign('stranger', at('alien'));
  keys.sign('past', at('late'), '--faked-system-time', '20200101T000010');
  await writeFile(at('torn.sig'), 'nothing');
  execFileSync('sh', ['-c', 'sha256sum listed > SHA256SUMS'], { cwd: folder });
  keys.sign('builder', at('SHA256SUMS'), '--armor');
  const rings = await scratchDirectory(t);
  const binary = join(rings, 'binary.gpg');
  const armored = join(rings, 'armored.asc');
  await writeFile(binary, keys.export('--export', 'builder', 'past'));
  await writeFile(
    armored,
    `Two keys, one after the other:\n${keys.export('--armor', '--export', 'builder')}${keys.export('--armor', '--export', 'past')}`,
  );

  for (const keyring of [binary, armored]) {
    const { code, lines, counts, err } = verify(folder, ['--keyring', keyring]);
    assert.deepEqual([code, err], [1, ''], lines.join('\n'));
    const expected = [
      /^ok: SHA256SUMS: signed by [0-9A-F]{40} \(SHA256SUMS\.asc\)$/,
      /^error: alien\.sig: the key [0-9A-F]{16} is not in the keyring$/,
      /^error: forged\.sig: the signature is not of what the file holds$/,
      /^ok: initrd: signed by [0-9A-F]{40} \(initrd\.asc\)$/,
      /^ok: kernel: signed by [0-9A-F]{40} \(kernel\.sig\)$/,
      /^error: late\.sig: the key [0-9A-F]{16} has expired$/,
      /^error: torn\.sig: this is no signature$/,
      /^ok: listed: SHA256 is the one in SHA256SUMS:1$/,
      ...['alien', 'forged', 'late', 'torn'].map((name) => new RegExp(`^warning: ${name}: no list names this file`)),
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern);
    assert.equal(counts, '4 ok, 4 warnings, 4 errors');
  }

  await t.test('a folder with good signatures alone is fine', async () => {
    const clean = await scratchDirectory(t);
    await writeFile(join(clean, 'kernel'), 'kernel');
    keys.sign('builder', join(clean, 'kernel'));
    const { code, counts } = verify(clean, ['--keyring', binary]);
    assert.deepEqual([code, counts], [0, '1 ok, 0 warnings, 0 errors']);
    execFileSync('sh', ['-c', 'sha256sum kernel > SHA256SUMS'], { cwd: clean });
    assert.match(
      verify(clean, ['--keyring', binary]).lines.join('\n'),
      /^warning: SHA256SUMS: the list has no signature/m,
    );
  });

  await t.test('without a keyring they are reported as not checked', () => {
    const { lines } = verify(folder);
    assert.equal(
      lines.filter((line) => /\.(?:sig|asc): the signature was not checked; give --keyring$/.test(line)).length,
      7,
    );
  });

  await t.test('a keyring or a gpgv that is not there is told, and nothing is called checked', () => {
    assert.match(
      verify(folder, ['--keyring', join(rings, 'nowhere')]).err,
      /^error: the keyring .* cannot be read: it does not exist/,
    );
    const without = verify(folder, ['--keyring', binary], { PATH: rings });
    assert.deepEqual([without.code, without.lines.length], [1, 0]);
    assert.match(without.err, /gpgv is needed for --keyring and was not found/);
    const { code, lines } = verify(folder, ['--keyring', join(folder, 'listed')]);
    assert.equal(code, 1);
    assert.ok(!lines.some((line) => line.includes('signed by')), lines.join('\n'));
  });
});
