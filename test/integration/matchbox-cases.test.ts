import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Answer, AskOptions } from '../support/service.ts';
import { ask, startTestService } from '../support/service.ts';
import { writeSite } from '../support/site.ts';

type Files = Readonly<Record<string, string>>;

const GROUP = JSON.stringify({
  id: 'test-group',
  name: 'test group',
  profile: 'g1h2i3j4',
  selector: { uuid: 'a1b2c3d4' },
  metadata: { pod_network: '10.2.0.0/16', service_name: 'etcd2' },
});
const PROFILE = JSON.stringify({
  id: 'g1h2i3j4',
  boot: { kernel: '/image/kernel', initrd: ['/image/initrd_a', '/image/initrd_b'], args: ['a=b', 'c'] },
  cloud_id: 'cloud-config.tmpl',
  ignition_id: 'ignition.tmpl',
  generic_id: 'generic.tmpl',
});
const G = { 'groups/test-group.json': GROUP };
const P = { 'profiles/g1h2i3j4.json': PROFILE };
const PI = { 'profiles/g1h2i3j4.json': '{"id":"g1h2i3j4","ignition_id":"file.ign"}' };
const PB = { 'profiles/g1h2i3j4.json': '{"id":"g1h2i3j4","ignition_id":"butane.yaml"}' };

const UNIT = `{"ignition":{"config":{"replace":{"verification":{}}},"proxy":{},"security":{"tls":{}},"timeouts":{},"version":"3.4.0"},"kernelArguments":{},"passwd":{"users":[{"name":"core","sshAuthorizedKeys":["key"]}]},"storage":{},"systemd":{"units":[{"enabled":false,"name":"docker.service"}]}}`;

const CHAIN = `#!ipxe\nchain ipxe?uuid=\${uuid}&mac=\${mac:hexhyp}&domain=\${domain}&hostname=\${hostname}&serial=\${serial}&arch=\${buildarch:uristring}\n`;

const GRUB = `default=0
fallback=1
timeout=1
menuentry "CoreOS (EFI)" {
echo "Loading kernel"
linuxefi "/image/kernel" a=b c
echo "Loading initrd"
initrdefi  "/image/initrd_a" "/image/initrd_b"
}
menuentry "CoreOS (BIOS)" {
echo "Loading kernel"
linux "/image/kernel" a=b c
echo "Loading initrd"
initrd  "/image/initrd_a" "/image/initrd_b"
}
`;

const TEXT = 'text/plain; charset=utf-8';
const N404 = { status: 404, type: TEXT, body: '404 page not found\n' };

interface Case {
  readonly name: string;
  readonly files: Files;
  readonly path: string;
  readonly options?: AskOptions;
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  readonly code?: string;
}

const groupOf = (selector: object, rest: object = {}) => JSON.stringify({ id: 'g', profile: 'p', selector, ...rest });
const GENERIC = (text: string) => ({ 'profiles/p.json': '{"id":"p","generic_id":"t"}', 'generic/t': text });
const MAC_GROUP = { 'groups/g.json': groupOf({ mac: '52-DA-00-89-D8-10' }), ...GENERIC('mac={{.mac}}') };
const OPTIONAL = { 'groups/g.json': groupOf({ uuid: 'u1', opt: '' }), ...GENERIC('found') };

const CASES: readonly Case[] = [
  {
    name: '1: a cloud-config is filled in',
    files: {
      ...G,
      ...P,
      'cloud/cloud-config.tmpl':
        '#cloud-config\ncoreos:\n  etcd2:\n    name: {{.uuid}}\n  units:\n    - name: {{.service_name}}\n    - name: {{.request.query.foo}}\n',
    },
    path: '/cloud?uuid=a1b2c3d4&foo=some-param',
    status: 200,
    type: TEXT,
    body: '#cloud-config\ncoreos:\n  etcd2:\n    name: a1b2c3d4\n  units:\n    - name: etcd2\n    - name: some-param\n',
  },
  {
    name: '2: a generic document is filled in',
    files: {
      ...G,
      ...P,
      'generic/generic.tmpl':
        '#foo-bar-baz template\nUUID={{.uuid}}\nSERVICE={{.service_name}}\nFOO={{.request.query.foo}}\n',
    },
    path: '/generic?uuid=a1b2c3d4&foo=some-param',
    status: 200,
    type: TEXT,
    body: '#foo-bar-baz template\nUUID=a1b2c3d4\nSERVICE=etcd2\nFOO=some-param\n',
  },
  {
    name: '3: hand-written Ignition comes as it is',
    files: { ...G, ...PI, 'ignition/file.ign': UNIT },
    path: '/ignition?uuid=a1b2c3d4',
    status: 200,
    type: 'application/json',
    body: UNIT,
  },
  {
    name: '4: metadata',
    files: {
      'groups/test-group.json': JSON.stringify({
        id: 'test-group',
        selector: { mac: '52:54:00:a1:9c:ae' },
        metadata: { meta: 'data', etcd: { name: 'node1' }, some: { nested: { data: 'some-value' } } },
      }),
    },
    path: '/metadata?mac=52-54-00-a1-9c-ae&foo=bar&count=3&gate=true',
    status: 200,
    type: 'plain/text',
    body: `${[
      'ETCD_NAME=node1',
      'MAC=52:54:00:a1:9c:ae',
      'META=data',
      'REQUEST_QUERY_COUNT=3',
      'REQUEST_QUERY_FOO=bar',
      'REQUEST_QUERY_GATE=true',
      'REQUEST_QUERY_MAC=52:54:00:a1:9c:ae',
      'REQUEST_RAW_QUERY=mac=52-54-00-a1-9c-ae&foo=bar&count=3&gate=true',
      'SOME_NESTED_DATA=some-value',
    ].join('\n')}\n`,
  },
  { name: '5: an empty store has no cloud-config', files: {}, path: '/cloud?uuid=a1b2c3d4', ...N404 },
  {
    name: '6: a missing key is a fault of the template, and no 404',
    files: { ...G, ...P, 'generic/generic.tmpl': '#foo-bar-baz template\nKEY={{.missing_key}}\n' },
    path: '/generic?uuid=a1b2c3d4',
    status: 503,
    code: 'profile-broken',
  },
  { name: '8: no group for /ignition', files: {}, path: '/ignition?uuid=a1b2c3d4', ...N404 },
  { name: '8: no file for /ignition', files: { ...G, ...PI }, path: '/ignition?uuid=a1b2c3d4', ...N404 },
  {
    name: '9: a missing key in Butane',
    files: {
      ...G,
      ...PB,
      'ignition/butane.yaml':
        'variant: flatcar\nversion: 1.1.0\nsystemd:\n  units:\n    - name: {{.missing_key}}\n      enabled: true\n',
    },
    path: '/ignition?uuid=a1b2c3d4',
    status: 503,
    code: 'profile-broken',
  },
  {
    name: '10: the script for iPXE',
    files: { ...G, ...P },
    path: '/ipxe?uuid=a1b2c3d4',
    status: 200,
    type: TEXT,
    body: '#!ipxe\nkernel /image/kernel a=b c\ninitrd /image/initrd_a\ninitrd /image/initrd_b\nboot\n',
  },
  {
    name: 'the menu for GRUB',
    files: { ...G, ...P },
    path: '/grub?uuid=a1b2c3d4',
    status: 200,
    type: TEXT,
    body: GRUB,
  },
  {
    name: 'an empty boot',
    files: { ...G, 'profiles/g1h2i3j4.json': '{"id":"g1h2i3j4","boot":{}}' },
    path: '/ipxe?uuid=a1b2c3d4',
    status: 200,
    type: TEXT,
    body: '#!ipxe\nkernel \nboot\n',
  },
  { name: '11: a profile without boot', files: { ...G, ...PI }, path: '/ipxe?uuid=a1b2c3d4', ...N404 },
  { name: '12: no metadata without a group', files: {}, path: '/metadata?uuid=a1b2c3d4', ...N404 },
  ...(['GET', 'POST', 'PUT', 'DELETE'] as const).map((method) => ({
    name: `18: ${method} on /`,
    files: {},
    path: '/',
    options: { method },
    status: 200,
    type: TEXT,
    body: 'matchbox\n',
  })),
  ...['52-da-00-89-d8-10', '52da.0089.d810', '52:DA:00:89:D8:10'].map((mac) => ({
    name: `19: a MAC address written as ${mac}`,
    files: MAC_GROUP,
    path: `/generic?mac=${mac}`,
    status: 200,
    body: 'mac=52:da:00:89:d8:10',
  })),
  {
    name: '20: the first of repeated keys counts',
    files: MAC_GROUP,
    path: '/generic?mac=52-da-00-89-d8-10&mac=bad',
    status: 200,
    body: 'mac=52:da:00:89:d8:10',
  },
  {
    name: '21: the group with more keys wins',
    files: {
      'groups/a.json': groupOf({ mac: '52-da-00-89-d8-10' }, { metadata: { n: 'one' } }),
      'groups/b.json': groupOf({ mac: '52-da-00-89-d8-10', os: 'installed' }, { metadata: { n: 'two' } }),
      ...GENERIC('{{.n}}'),
    },
    path: '/generic?mac=52-da-00-89-d8-10&os=installed',
    status: 200,
    body: 'two',
  },
  {
    name: 'of equals the last in the alphabet wins',
    files: {
      'groups/a.json': groupOf({ a: '1' }, { metadata: { n: 'a' } }),
      'groups/b.json': groupOf({ b: '1' }, { metadata: { n: 'b' } }),
      ...GENERIC('{{.n}}'),
    },
    path: '/generic?a=1&b=1',
    status: 200,
    body: 'b',
  },
  {
    name: '22: an empty value matches no label',
    files: OPTIONAL,
    path: '/generic?uuid=u1',
    status: 200,
    body: 'found',
  },
  { name: '22: and nothing else', files: OPTIONAL, path: '/generic?uuid=u1&opt=z', ...N404 },
  {
    name: '23: a profile without id does not exist',
    files: { ...G, 'profiles/g1h2i3j4.json': '{"ignition_id":"file.ign"}', 'ignition/file.ign': UNIT },
    path: '/ignition?uuid=a1b2c3d4',
    ...N404,
  },
  {
    name: '24: a bad group is skipped, the others are served',
    files: { ...G, ...P, 'groups/bad.json': '{"id":', 'groups/mac.json': '{"selector":{"mac":"x:x"}}' },
    path: '/ipxe?uuid=a1b2c3d4',
    status: 200,
  },
  {
    name: '26: a range of a generic document',
    files: { 'groups/g.json': groupOf({}), ...GENERIC('0123456789') },
    path: '/generic',
    options: { headers: { Range: 'bytes=2-4' } },
    status: 206,
    body: '234',
  },
  {
    name: '26: a range that lies behind the end',
    files: { 'groups/g.json': groupOf({}), ...GENERIC('0123456789') },
    path: '/generic',
    options: { headers: { Range: 'bytes=20-' } },
    status: 416,
    type: TEXT,
    body: 'invalid range: failed to overlap\n',
  },
  {
    name: '26: and none of a config',
    files: { ...G, ...PI, 'ignition/file.ign': UNIT },
    path: '/ignition?uuid=a1b2c3d4',
    options: { headers: { Range: 'bytes=2-4' } },
    status: 200,
    body: UNIT,
  },
  { name: 'the chain script', files: {}, path: '/boot.ipxe', status: 200, type: TEXT, body: CHAIN },
  { name: 'the same by its other name', files: {}, path: '/boot.ipxe.0', status: 200, type: TEXT, body: CHAIN },
  { name: 'any other path', files: {}, path: '/nothing', ...N404 },
  { name: 'a path of a signature', files: { ...G, ...P }, path: '/ipxe.sig?uuid=a1b2c3d4', ...N404 },
  {
    name: 'a page is sent as one',
    files: { 'groups/g.json': groupOf({}), ...GENERIC('<!DOCTYPE html>\n<p>hello') },
    path: '/generic',
    status: 200,
    type: 'text/html; charset=utf-8',
  },
  {
    name: 'a cloud-config that is none',
    files: { 'groups/g.json': groupOf({}), 'profiles/p.json': '{"id":"p","cloud_id":"t"}', 'cloud/t': 'hello' },
    path: '/cloud',
    status: 503,
    code: 'profile-broken',
  },
  {
    name: 'a label that the template wants and the machine did not give',
    files: { 'groups/g.json': groupOf({}), ...GENERIC('{{.request.query.missing}}') },
    path: '/generic',
    ...N404,
  },
  {
    name: 'the documented idiom for one that may be missing',
    files: { 'groups/g.json': groupOf({}), ...GENERIC('{{if index . "missing"}}yes{{else}}no{{end}}') },
    path: '/generic',
    status: 200,
    body: 'no',
  },
  {
    name: 'a name cannot cross into another folder',
    files: { 'groups/g.json': groupOf({}), 'profiles/p.json': '{"id":"p","generic_id":"../groups/g.json"}' },
    path: '/generic',
    ...N404,
  },
  {
    name: 'keys in any case, and keys that nobody knows',
    files: { 'groups/g.json': '{"Id":"g","PROFILE":"p","Selector":{"a":"1"},"x":1}', ...GENERIC('found') },
    path: '/generic?a=1',
    status: 200,
    body: 'found',
  },
  {
    name: 'keys of selectors are lower-cased for templates, and override metadata',
    files: {
      'groups/g.json': groupOf({ UUID: 'x' }, { metadata: { uuid: 'no', request: 'no' } }),
      ...GENERIC('{{.uuid}} {{.request.raw_query}}'),
    },
    path: '/generic?UUID=x',
    status: 200,
    body: 'x UUID=x',
  },
  {
    name: 'a part of the query that cannot be decoded is dropped',
    files: { 'groups/g.json': groupOf({ a: '1' }), ...GENERIC('{{.a}}{{.request.query.b}}') },
    path: '/generic?x=%zz&a=1&y=a;b&b=2+%C3%A4',
    status: 200,
    body: '12 ä',
  },
];

test('matchbox answers, and so does pilotlight:', async (t) => {
  for (const { name, files, path, options, ...wanted } of CASES) {
    await t.test(name, async (t) => {
      const service = await startTestService(t, { site: await writeSite(t, files), siteFormat: 'matchbox' });
      if (service === undefined) return;
      const answer = await ask(service.machine, path, options);
      const { code } = answer.status === 503 ? JSON.parse(answer.body.toString()) : { code: undefined };
      const found = {
        status: answer.status,
        ...(wanted.type === undefined ? {} : { type: answer.headers['content-type'] }),
        ...(wanted.body === undefined ? {} : { body: answer.body.toString() }),
        ...(wanted.code === undefined ? {} : { code }),
      };
      assert.deepEqual(found, wanted);
    });
  }
});

test('HEAD has the length and no body', async (t) => {
  const service = await startTestService(t, { site: await writeSite(t, {}), siteFormat: 'matchbox' });
  if (service === undefined) return;
  const { status, headers, body } = await ask(service.machine, '/', { method: 'HEAD' });
  assert.deepEqual([status, headers['content-length'], body.length], [200, '9', 0]);
});

test('A path that is not clean leads to the one that is', async (t) => {
  const service = await startTestService(t, { site: await writeSite(t, {}), siteFormat: 'matchbox' });
  if (service === undefined) return;
  for (const path of ['//ipxe?a=b', '/x/../ipxe?a=b', '/./ipxe?a=b']) {
    const { status, headers } = await ask(service.machine, path);
    assert.deepEqual([status, headers.location], [301, '/ipxe?a=b'], path);
  }
});

test('25: an edit is seen, and one that breaks a group is not taken', async (t) => {
  const site = await writeSite(t, { ...G, ...P });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const kernel = async () => (await ask(service.machine, '/ipxe?uuid=a1b2c3d4')).body.toString().split(/[ \n]/)[2];
  const write = (path: string, text: string) => writeFile(join(site, path), text);
  assert.equal(await kernel(), '/image/kernel');
  await write('profiles/g1h2i3j4.json', PROFILE.replace('/image/kernel', '/image/other'));
  await until(async () => (await kernel()) === '/image/other');
  await write('groups/test-group.json', '{"id":');
  const refusal = async (): Promise<Answer> => ask(service.operator, '/v1/revision');
  await until(async () => JSON.parse((await refusal()).body.toString()).refused !== undefined);
  assert.equal(await kernel(), '/image/other');
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not come about');
}
