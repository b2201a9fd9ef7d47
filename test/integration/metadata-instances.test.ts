import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { afterTest } from '../support/after-test.ts';
import type { TestServiceOptions } from '../support/service.ts';
import { ask, assertProblem, startTestService } from '../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

const SITE = {
  'profiles/web.bu': butaneProfile('flatcar', '1.1.0'),
  'groups/web1.yaml': 'profile: web\nmatch: { mac: 52:54:00:a1:9c:ae }\nmetadata: { hostname: web1 }\n',
  'groups/web2.yaml': 'profile: web\nmatch: { mac: 52:54:00:a1:9c:af }\nmetadata: { hostname: web2 }\n',
};

async function start(t: TestContext, more: Partial<TestServiceOptions>, files: Readonly<Record<string, string>> = {}) {
  return await startTestService(t, { site: await writeSite(t, { ...SITE, ...files }), ...more });
}

async function pathOf(operator: string, group: string): Promise<unknown> {
  const answer = await ask(operator, `/v1/groups/${group}`);
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString()).metadataPath;
}

test('the operator API tells under which path the machines of a group are known, and the path is about them', async (t) => {
  const service = await start(t, { metadata: ['exoscale'] });
  if (service === undefined) return;
  const paths = [await pathOf(service.operator, 'web1'), await pathOf(service.operator, 'web2')];
  assert.notEqual(paths[0], paths[1]);
  for (const [index, path] of paths.entries()) {
    assert.match(String(path), /^\/i\/[\w-]{22}$/);
    const name = await ask(service.machine, `${path}/1.0/meta-data/local-hostname`);
    assert.equal(name.body.toString(), `web${index + 1}`);
    const config = await ask(service.machine, `${path}/1.0/user-data`);
    const plain = await ask(service.machine, '/ignition/web');
    assert.deepEqual(config.body, plain.body);
  }
  assert.doesNotMatch(JSON.stringify(service.log), new RegExp(String(paths[0])));
});

test('without an id the same machine is unknown, and an id that was never given leads nowhere', async (t) => {
  const service = await start(t, { metadata: ['exoscale'] });
  if (service === undefined) return;
  assertProblem(await ask(service.machine, '/1.0/user-data'), 503, 'machine-waits');
  const path = String(await pathOf(service.operator, 'web1'));
  const guess = path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  assertProblem(await ask(service.machine, `${guess}/1.0/user-data`), 404, 'route-not-found');
});

test('a group has no such path while no dialect is spoken, and site.yaml can speak one as well', async (t) => {
  const silent = await start(t, {});
  if (silent === undefined) return;
  assert.equal(await pathOf(silent.operator, 'web1'), undefined);
  const speaking = await start(t, {}, { 'site.yaml': 'metadata: { dialects: [gcp] }\n' });
  if (speaking === undefined) return;
  assert.match(String(await pathOf(speaking.operator, 'web1')), /^\/i\//);
});

test('services with one key give a group the same path, and one without gives another', async (t) => {
  const metadataKeyFile = join(await scratchDirectory(t), 'key');
  await writeFile(metadataKeyFile, 'sixteen bytes or more of a key\n');
  const paths: unknown[] = [];
  for (const key of [{ metadataKeyFile }, { metadataKeyFile }, {}]) {
    const service = await start(t, { metadata: ['gcp'], ...key });
    if (service === undefined) return;
    paths.push(await pathOf(service.operator, 'web1'));
  }
  assert.equal(paths[0], paths[1]);
  assert.notEqual(paths[0], paths[2]);
});

test('on Scaleway only user data is kept for ports that root alone can have', async (t) => {
  const site = { 'groups/here.yaml': 'profile: web\nmatch: { ip: 127.0.0.0/8 }\nmetadata: { hostname: here }\n' };
  const service = await start(t, { metadata: ['scaleway'] }, site);
  if (service === undefined) return;
  assertProblem(await ask(service.machine, '/user_data/cloud-init'), 403, 'metadata-refused');
  const about = await ask(service.machine, '/conf?format=json');
  assert.equal(JSON.parse(about.body.toString()).hostname, 'here');
});

test('a machine whose MAC cannot be looked up waits, rather than being taken for any machine', async (t) => {
  const site = { 'groups/any.yaml': 'profile: web\npriority: -1\nmetadata: { hostname: any }\n' };
  const options = { metadata: ['digitalocean'], neighbourTable: true, listen: { host: '::1', port: 0 } };
  const service = await start(t, options, site);
  if (service === undefined) return;
  const { PATH } = process.env;
  afterTest(t, () => {
    process.env.PATH = PATH;
  });
  const folder = await scratchDirectory(t);
  process.env.PATH = folder;
  for (const path of ['/metadata/v1/user-data', '/metadata/v1/hostname', '/metadata/v1/hostname']) {
    const detail = assertProblem(await ask(service.machine, path), 503, 'machine-waits');
    assert.match(detail, /table of neighbours cannot be read/);
  }
  const warnings = service.log.filter(({ msg }) => msg === 'the table of neighbours cannot be read');
  assert.deepEqual(
    warnings.map(({ family, fault }) => [family, fault]),
    [['ipv6', 'spawn ip ENOENT']],
  );

  await writeFile(join(folder, 'ip'), '#!/bin/sh\n', { mode: 0o755 });
  const told = await ask(service.machine, '/metadata/v1/hostname');
  assert.deepEqual([told.status, told.body.toString()], [200, 'any']);
});
