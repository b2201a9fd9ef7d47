import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openButane } from '../../src/butane/butane-process.ts';
import { isExperimental, knownVersions, specOf, VARIANTS } from '../../src/butane/variants.ts';
import { differencesInEffect } from '../../src/ignition/same-effect.ts';
import { realButane, refused, temporaryDirectory, translate } from '../support/butanes.ts';

test('every version of every variant becomes the spec version that the table says', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  for (const variant of VARIANTS) {
    for (const version of knownVersions(variant)) {
      const metadata = { name: 'a', labels: { 'machineconfiguration.openshift.io/role': 'worker' } };
      const source = JSON.stringify({ variant, version, ...(variant === 'openshift' ? { metadata } : {}) });
      const translation = await translate(butane, source);
      const isNewerThanButane = !translation.ok && translation.failure.startsWith('No translator exists');
      const mayBeNewer = isExperimental(version) || (variant === 'openshift' && version.startsWith('5.'));
      if (isNewerThanButane && mayBeNewer) continue;
      assert.ok(translation.ok, `${variant} ${version}`);
      assert.equal(
        JSON.parse(translation.ignition).ignition.version,
        specOf(variant, version),
        `${variant} ${version}`,
      );
    }
  }
});

test('butane is known by its version and by the digest of its file', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  assert.match(butane.identity.version, /^(\d+\.\d+\.\d+.*|unknown)$/);
  const sha256 = createHash('sha256')
    .update(await readFile(butane.identity.path))
    .digest('hex');
  assert.equal(butane.identity.sha256, sha256);
});

test('what butane printed is given on to the byte', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const translation = await translate(butane, 'variant: fcos\nversion: 1.5.0\n', true);
  assert.ok(translation.ok);
  assert.equal(translation.ignition, '{"ignition":{"version":"3.4.0"}}\n');
  assert.ok(translation.durationMs > 0);
});

test('a warning is an entry, and a refusal when strict', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const source = 'variant: fcos\nversion: 1.5.0\nzebra: 1\nfoo: 1\n';
  const lenient = await translate(butane, source);
  assert.ok(lenient.ok);
  assert.deepEqual(lenient.entries, [
    { severity: 'warning', path: '$.zebra', line: 3, column: 1, message: 'unused key zebra' },
    { severity: 'warning', path: '$.foo', line: 4, column: 1, message: 'unused key foo' },
  ]);
  const strict = refused(await translate(butane, source, true));
  assert.deepEqual(strict.entries, lenient.entries);
});

test("an author's faults are values with their places", async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const invalid = refused(await translate(butane, 'variant: fcos\nversion: 1.5.0\nstorage: {files: [{path: rel}]}\n'));
  assert.equal(invalid.failure, 'config generated was invalid');
  assert.deepEqual(invalid.entries, [
    { severity: 'error', path: '$.storage.files.0.path', line: 3, column: 26, message: 'path not absolute' },
  ]);
  const yaml = refused(await translate(butane, 'variant: fcos\nversion: 1.5.0\nstorage: {files: 1}\n'));
  assert.deepEqual(
    yaml.yamlFaults.map((fault) => fault.line),
    [3],
  );
  assert.equal(refused(await translate(butane, '')).failure, 'error parsing variant; must be specified');
});

test('the openshift variant gives Ignition, not a MachineConfig', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const source =
    'variant: openshift\nversion: 4.14.0\nmetadata: {name: a, labels: {machineconfiguration.openshift.io/role: w}}\n';
  const translation = await translate(butane, source, true);
  assert.ok(translation.ok);
  assert.equal(translation.ignition, '{"ignition":{"version":"3.4.0"}}\n');
});

test('local files are read from the directory given, and from nowhere without one', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const filesDir = await temporaryDirectory(t);
  await writeFile(join(filesDir, 'motd'), 'hi');
  const source = 'variant: fcos\nversion: 1.5.0\nstorage: {files: [{path: /a, contents: {local: motd}}]}\n';
  const translation = await butane.translate({ source, strict: true, filesDir });
  assert.ok(translation.ok);
  assert.equal(JSON.parse(translation.ignition).storage.files[0].contents.source, 'data:,hi');
  assert.equal(refused(await translate(butane, source)).failure, 'source config is invalid');
});

test('many documents at once are all translated, a few at a time', async (t) => {
  const butane = await realButane(t, { concurrency: 2 });
  if (butane === undefined) return;
  const names = Array.from({ length: 20 }, (_, index) => `/f${index}`);
  const translations = names.map((path) =>
    translate(butane, JSON.stringify({ variant: 'fcos', version: '1.5.0', storage: { files: [{ path }] } })),
  );
  assert.deepEqual(butane.load(), { running: 2, queued: 18 });
  for (const [index, translation] of (await Promise.all(translations)).entries()) {
    assert.ok(translation.ok);
    assert.equal(JSON.parse(translation.ignition).storage.files[0].path, names[index]);
  }
  assert.deepEqual(butane.load(), { running: 0, queued: 0 });
});

const RICH = {
  storage: {
    disks: [{ device: '/dev/sda', partitions: [{ label: 'data', number: 1, size_mib: 10 }] }],
    filesystems: [{ device: '/dev/sdb', path: '/var/x', format: 'xfs', with_mount_unit: true }],
    files: [
      { path: '/a', mode: 420, contents: { inline: 'hello\n'.repeat(50) } },
      { path: '/b', append: [{ inline: 'x' }] },
    ],
    links: [{ path: '/l', target: '/t' }],
    luks: [{ name: 'r', device: '/dev/x', clevis: { tpm2: true, tang: [{ url: 'http://t', thumbprint: 'z' }] } }],
  },
  systemd: { units: [{ name: 'a.service', dropins: [{ name: 'x.conf', contents: '[Unit]\n' }] }] },
  passwd: { users: [{ name: 'core', ssh_authorized_keys: ['ssh-rsa AAAA'] }] },
};

test('a document that needs nothing new has the same effect at every older version', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  const configs: string[] = [];
  for (const version of ['1.2.0', '1.3.0', '1.4.0', '1.5.0', '1.6.0', '1.7.0']) {
    const translation = await translate(butane, JSON.stringify({ variant: 'fcos', version, ...RICH }), true);
    assert.ok(translation.ok, version);
    configs.push(translation.ignition);
  }
  const [oldest = '', ...newer] = configs;
  for (const config of newer) assert.deepEqual(differencesInEffect(JSON.parse(oldest), JSON.parse(config)), []);
});

const VERSIONS = {
  'Butane v2.27.0': '2.27.0',
  'Butane 2.27.0': '2.27.0',
  'v2.27.0-12-gabcdef0': '2.27.0-12-gabcdef0',
  'Butane was not built properly': 'unknown',
};

for (const [printed, version] of Object.entries(VERSIONS)) {
  test(`a butane that says "${printed}" is usable, at version ${version}`, async (t) => {
    const path = join(await temporaryDirectory(t), 'butane');
    await writeFile(path, `#!/bin/sh\necho '${printed}'\n`, { mode: 0o755 });
    const butane = await openButane(path);
    assert.equal(butane.identity.version, version);
    assert.equal(butane.identity.path, path);
  });
}
