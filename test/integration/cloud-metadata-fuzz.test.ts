import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIALECTS } from '../../src/metadata/dialects.ts';
import { instanceToken } from '../../src/metadata/tokens.ts';
import { ADDRESSES, fetchToken, KEY, startInstances } from '../support/cloud-metadata/instances.ts';
import { ask } from '../support/service.ts';

/** Dialects of which no two have one path. */
const APART = [
  ...['akamai', 'aws', 'azure', 'digitalocean', 'exoscale', 'gcp', 'hetzner', 'oraclecloud', 'packet', 'scaleway'],
];

const MACHINES = ['one', 'two', 'rack', 'nobody'] as const;

/** Parts that paths of the dialects have, and what is no part of any. */
const PARTS = [
  ...['latest', '2019-10-01', 'user-data', 'meta-data', 'api', 'token', 'instance-id', 'public-keys', '0', 'v1', 'v2'],
  ...['computeMetadata', 'instance', 'attributes', 'metadata', 'compute', 'userData', 'opc', 'user_data', 'userdata'],
  ...['hetzner', 'cloud-init', 'conf', '1.0', 'i', 'dynamic', 'tags', 'role', 'v1.json', 'network', 'ssh-keys'],
  ...[
    '.',
    '..',
    '...',
    '',
    '%2e',
    '%2E%2e',
    '%2f',
    '%00',
    '%',
    '%zz',
    '%c0%af',
    '%69',
    ';',
    '\\',
    '*',
    '~',
    '__proto__',
  ],
  ...['constructor', 'é', '%u0041', 'user-data;a', 'user-data.', 'user-data%20', 'USER-DATA', 'a'.repeat(300)],
];

/** Paths that lead somewhere, so that half of the requests do. */
const REAL = [
  ...['/latest/user-data', '/latest/meta-data/', '/latest/api/token', '/v1/token', '/v1/user-data', '/userdata'],
  ...['/computeMetadata/v1/instance/attributes/user-data', '/metadata/instance/compute/userData', '/metadata'],
  ...['/opc/v2/instance/metadata/user_data', '/hetzner/v1/userdata', '/metadata/v1/user-data', '/metadata/v1.json'],
  ...['/1.0/user-data', '/user_data/cloud-init', '/computeMetadata/v1/instance/', '/opc/v2/instance/'],
];

const HEADERS = [
  ...DIALECTS.flatMap(({ token, flavour }) => [token?.header, token?.lifetimeHeader, flavour?.header]),
  ...['X-Forwarded-For', 'Forwarded', 'X-Forwarded-Host', 'Host', 'Accept', 'User-Agent', 'X-Original-URL', 'Range'],
].filter((name) => name !== undefined);

/** What clients send. */
const RIGHT = [{ 'Metadata-Flavor': 'Google' }, { Metadata: 'true' }, { Authorization: 'Bearer Oracle' }] as const;

const VALUES = [
  ...['true', 'Google', 'Bearer Oracle', '60', '0', '-1', '1e9', '', 'x', '*/*', '127.0.0.11', '127.0.0.12'],
  ...['127.0.0.11, 127.0.0.12', '::1', 'for=127.0.0.11', 'for="[::1]"', ',', 'a'.repeat(2000), '\u00ff\u00fe'],
  'application/vnd.coreos.ignition+json;version=3.0.0',
];

test('No request gets the config of another machine, breaks an answer, or writes an id into the log', async (t) => {
  const cloud = await startInstances(t, APART);
  if (cloud === undefined) return;
  const { service, askAs } = cloud;
  const ids = { one: idOf('one'), two: idOf('two'), rack: idOf('rack') };
  const tokens: string[] = [];
  for (const machine of MACHINES) {
    tokens.push(await fetchToken(cloud, machine, 'aws'), await fetchToken(cloud, machine, 'akamai'));
  }

  const part = fc.constantFrom(...PARTS);
  const made = fc.array(part, { maxLength: 7 }).map((parts) => `/${parts.join('/')}`);
  const damaged = fc
    .tuple(fc.constantFrom(...REAL), fc.nat(), fc.constantFrom('/', '//', '/./', '/../', '%2f', '%', '.', '\\', ''))
    .map(([path, at, text]) => {
      // What does not begin with a slash is no path to any server.
      const place = 1 + (at % (path.length - 1));
      return path.slice(0, place) + text + path.slice(place);
    });
  const path = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...REAL) }, made, damaged);
  const odds = fc.constantFrom('/i', '/i/', `/i/${ids.one.slice(0, -1)}`, `/i/${ids.one}x`);
  const prefix = fc.oneof({ weight: 4, arbitrary: fc.constant('') }, odds);
  const query = fc.constantFrom(
    '',
    '',
    '?',
    '?api-version=2021-01-01&format=text',
    '?recursive=true',
    '?%',
    '?ip=127.0.0.11',
  );
  const odd = fc.dictionary(fc.constantFrom(...HEADERS), fc.constantFrom(...VALUES), {
    maxKeys: 3,
    noNullPrototype: true,
  });
  const right = fc.constantFrom(...RIGHT);
  const token = fc
    .tuple(fc.constantFrom('X-aws-ec2-metadata-token', 'Metadata-Token'), fc.constantFrom(...tokens))
    .map(([name, token]) => ({ [name]: token }));
  const headers = fc.tuple(fc.option(odd), fc.option(right), fc.option(token)).map((all) => Object.assign({}, ...all));
  const methods = fc.constantFrom('PUT', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE');
  const method = fc.oneof({ weight: 2, arbitrary: fc.constant('GET') }, methods);
  const request = fc.record({ machine: fc.constantFrom(...MACHINES), method, path, prefix, query, headers });

  await t.test('without an id a machine gets its own or nothing', async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(request, async ({ machine, method, path, prefix, query, headers }) => {
        const answer = await askAs(machine, encodeURI(prefix + path + query).replaceAll('%25', '%'), {
          method,
          headers,
        });
        const { status } = answer;
        assert.ok(status < 500 || status === 503, `${status}: ${answer.body.toString()}`);
        assert.ok(status < 200 || status >= 300 || method === 'HEAD' || answer.body.length > 0, 'an empty answer');
        given += assertOwn(answer.body, machine);
      }),
      { numRuns: 3000, seed: 1 },
    );
    assert.ok(given > 50, `only ${given} requests got a config, which says little`);
  });

  await t.test('with an id everyone gets what it is for, or nothing', async () => {
    let given = 0;
    const group = fc.constantFrom('one', 'two', 'rack');
    await fc.assert(
      fc.asyncProperty(request, group, async ({ machine, method, path, query, headers }, group) => {
        const whole = encodeURI(`/i/${idOf(group)}${path}${query}`).replaceAll('%25', '%');
        const answer = await ask(service.machine, whole, { method, headers, localAddress: ADDRESSES[machine] });
        assert.ok(answer.status < 500 || answer.status === 503, `${answer.status}: ${answer.body.toString()}`);
        given += assertOwn(answer.body, group);
      }),
      { numRuns: 1500, seed: 1 },
    );
    assert.ok(given > 25, `only ${given} requests got a config, which says little`);
  });

  await t.test('the log holds no id, no token and no config', () => {
    const log = JSON.stringify(service.log);
    for (const text of [...Object.values(ids), ...tokens, 'secret-of']) assert.ok(!log.includes(text), text);
    assert.deepEqual(
      service.log.filter(({ code }) => code === 'internal'),
      [],
    );
  });
});

function idOf(group: string): string {
  return instanceToken(Buffer.from(KEY), group);
}

/** Fails where an answer has the secret of another machine; 1 where it has that of its own. */
function assertOwn(body: Buffer, machine: string): 0 | 1 {
  const text = body.toString();
  const all = `${text}${Buffer.from(text, 'base64').toString()}`;
  const secrets = [...all.matchAll(/secret-of-(\w+)/g)].map(([, whose]) => whose);
  for (const whose of secrets) assert.equal(whose, machine);
  return secrets.length > 0 ? 1 : 0;
}
