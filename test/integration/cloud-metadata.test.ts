import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { instanceToken } from '../../src/metadata/tokens.ts';
import { fetchToken, KEY, type MetadataTest, startInstances } from '../support/cloud-metadata/instances.ts';
import { assertProblem } from '../support/service.ts';

/** Dialects of which no two have one path. */
const APART = [
  ...['akamai', 'aws', 'azure', 'digitalocean', 'exoscale', 'gcp', 'hetzner', 'oraclecloud', 'packet', 'scaleway'],
];

type Headers = Readonly<Record<string, string>>;

/** A path, what the machine one is told there, and the headers that its cloud wants. */
type Case = readonly [path: string, text: string | RegExp | Readonly<Record<string, unknown>>, headers?: Headers];

const GOOGLE = { 'Metadata-Flavor': 'Google' };
const AZURE = { Metadata: 'true' };
const ORACLE = { Authorization: 'Bearer Oracle' };

/** What each dialect tells, besides user data. */
const TOLD: Readonly<Record<string, readonly Case[]>> = {
  aws: [
    ['/latest/meta-data/instance-id', 'i-0011'],
    ['/2009-04-04/meta-data/hostname', 'one.example'],
    ['/latest/meta-data/placement/', 'availability-zone\nregion'],
    ['/latest/meta-data/public-keys/', '0=admin@example\n1=ssh-ed25519'],
    ['/latest/meta-data/public-keys/0/openssh-key', 'ssh-ed25519 AAAA1 admin@example'],
    ['/latest/meta-data/tags/instance/role', 'db'],
    ['/latest/', 'dynamic/\nmeta-data/\nuser-data'],
    ['/latest/dynamic/instance-identity/document', { instanceId: 'i-0011', region: 'north', privateIp: '127.0.0.11' }],
  ],
  gcp: [
    ['/computeMetadata/v1/instance/hostname', 'one.example', GOOGLE],
    ['/computeMetadata/v1/instance/zone', 'projects/0/zones/north-1', GOOGLE],
    ['/computeMetadata/v1/', 'instance/\n', GOOGLE],
    ['/computeMetadata/v1/instance/attributes/', /^role\nrack\nssh-keys\n$/, GOOGLE],
    ['/computeMetadata/v1/instance/attributes/ssh-keys', /^core:ssh-ed25519 AAAA1/, GOOGLE],
  ],
  azure: [
    ['/metadata/instance?api-version=2021-02-01', { network: {} }, AZURE],
    ['/metadata/instance/compute/vmId?api-version=2021-02-01&format=text', 'i-0011', AZURE],
    ['/metadata/instance/compute/tags?format=text', 'role:db;rack:7', AZURE],
  ],
  digitalocean: [
    ['/metadata/v1/id', 'i-0011'],
    ['/metadata/v1/', 'hostname\nid\npublic-keys\nregion\ntags'],
    ['/metadata/v1.json', { hostname: 'one.example', region: 'north', tags: ['role', 'rack'] }],
  ],
  hetzner: [
    ['/hetzner/v1/metadata/hostname', 'one.example'],
    ['/hetzner/v1/metadata', /^hostname: one\.example$/m],
    ['/hetzner/v1/metadata/public-keys', /AAAA2/],
  ],
  exoscale: [['/1.0/meta-data/instance-id', 'i-0011']],
  oraclecloud: [
    ['/opc/v2/instance/', { id: 'i-0011', shape: 'big', freeformTags: { role: 'db', rack: '7' } }, ORACLE],
    ['/opc/v2/instance/region', 'north', ORACLE],
  ],
  packet: [['/metadata', { id: 'i-0011', plan: 'big' }]],
  openstack: [
    ['/openstack', 'latest'],
    ['/openstack/latest', 'meta_data.json\nuser_data\nvendor_data.json'],
    ['/openstack/latest/meta_data.json', { uuid: 'i-0011', name: 'one', meta: { role: 'db', rack: '7' } }],
    ['/openstack/2018-08-27/meta_data.json', { hostname: 'one.example' }],
    ['/latest/meta-data/instance-id', 'i-0011'],
  ],
  upcloud: [['/metadata/v1/instance_id', 'i-0011']],
  vultr: [
    ['/v1/instanceid', 'i-0011'],
    ['/v1/region/regioncode', 'north'],
    ['/v1/interfaces/0/ipv4/address', '198.51.100.11'],
  ],
  aliyun: [
    ['/latest/meta-data/region-id', 'north'],
    ['/latest/meta-data/instance/instance-type', 'big'],
  ],
  cloudstack: [['/latest/meta-data/local-hostname', 'one.example']],
  outscale: [['/latest/meta-data/placement/availability-zone', 'north-1']],
};

/** Where user data are, with what a client has to send, and whether they are in base64. */
const USER_DATA: Readonly<Record<string, readonly [path: string, headers?: Headers, base64?: true]>> = {
  azure: ['/metadata/instance/compute/userData?api-version=2021-01-01&format=text', AZURE, true],
  digitalocean: ['/metadata/v1/user-data'],
  exoscale: ['/1.0/user-data'],
  gcp: ['/computeMetadata/v1/instance/attributes/user-data', GOOGLE],
  hetzner: ['/hetzner/v1/userdata'],
  oraclecloud: ['/opc/v2/instance/metadata/user_data', ORACLE, true],
  packet: ['/userdata'],
  openstack: ['/openstack/latest/user_data'],
  upcloud: ['/metadata/v1/user_data'],
  vultr: ['/user-data/user-data'],
  aliyun: ['/latest/user-data'],
  cloudstack: ['/latest/user-data'],
  outscale: ['/latest/user-data'],
};

/** Dialects that stop an unknown machine with 404. */
const STOPPING = ['digitalocean', 'packet'];

async function assertDialect(cloud: MetadataTest, dialect: string): Promise<void> {
  const token = dialect === 'aws' ? { 'X-aws-ec2-metadata-token': await fetchToken(cloud, 'one', 'aws') } : {};
  for (const [path, wanted, headers = {}] of TOLD[dialect] ?? []) {
    const answer = await cloud.askAs('one', path, { headers: { ...token, ...headers } });
    const text = answer.body.toString();
    assert.equal(answer.status, 200, `${path}: ${text}`);
    assert.equal(answer.headers['cache-control'], 'private, no-store');
    if (typeof wanted === 'string') assert.equal(text, wanted, path);
    else if (wanted instanceof RegExp) assert.match(text, wanted, path);
    else assertHas(JSON.parse(text), wanted, path);
  }
  const [path, headers = {}, base64] = USER_DATA[dialect] ?? [];
  if (path === undefined) return;
  for (const machine of ['one', 'two', 'rack'] as const) {
    const { status, body } = await cloud.askAs(machine, path, { headers });
    const text = base64 ? Buffer.from(body.toString(), 'base64').toString() : body.toString();
    assert.equal(status, 200, text);
    assert.ok(JSON.stringify(JSON.parse(text)).includes(`secret-of-${machine}`), text);
  }
  const answer = await cloud.askAs('nobody', path, { headers });
  const [status, code] = STOPPING.includes(dialect) ? [404, 'machine-unknown'] : [503, 'machine-waits'];
  assertProblem(answer, status, code);
  assertProblem(await cloud.askAs('one', path, { method: 'POST', headers }), 400, 'request-invalid');
  assert.equal((await cloud.askAs('one', path, { method: 'HEAD', headers })).body.length, 0);
}

function assertHas(found: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>, path: string) {
  for (const [key, value] of Object.entries(wanted)) {
    if (JSON.stringify(value) === '{}') assert.equal(typeof found[key], 'object', path);
    else assert.deepEqual(found[key], value, `${path}: ${key}`);
  }
}

async function start(t: TestContext, dialects: readonly string[], settings = ''): Promise<MetadataTest | undefined> {
  const cloud = await startInstances(t, dialects, settings);
  if (cloud === undefined) return undefined;
  for (const dialect of [...dialects, ...(/dialects: \[(.*)\]/.exec(settings)?.[1]?.split(', ') ?? [])]) {
    await t.test(`${dialect} tells a machine what its group says`, () => assertDialect(cloud, dialect));
  }
  return cloud;
}

test('Metadata services that have no path in common', async (t) => {
  const cloud = await start(t, APART);
  if (cloud === undefined) return;
  const { askAs } = cloud;
  const aws = '/latest/user-data';

  await t.test('a header that a cloud demands has to be there', async () => {
    assertProblem(await askAs('one', USER_DATA.gcp?.[0] ?? ''), 403, 'metadata-refused');
    const other = { headers: { 'Metadata-Flavor': 'Other' } };
    assertProblem(await askAs('one', USER_DATA.gcp?.[0] ?? '', other), 403, 'metadata-refused');
    assertProblem(await askAs('one', USER_DATA.azure?.[0] ?? ''), 400, 'request-invalid');
    assertProblem(await askAs('one', USER_DATA.oraclecloud?.[0] ?? ''), 403, 'metadata-refused');
    const google = await askAs('one', USER_DATA.gcp?.[0] ?? '', { headers: GOOGLE });
    assert.equal(google.headers['metadata-flavor'], 'Google');
  });

  await t.test('what a cloud demands is told to whoever asks without it', async () => {
    const detail = async (path: string, method = 'GET') =>
      JSON.parse((await askAs('one', path, { method })).body.toString()).detail;
    assert.match(await detail('/computeMetadata/v1/'), /: Metadata-Flavor: Google$/);
    assert.match(await detail('/metadata/instance'), /: Metadata: true$/);
    assert.match(
      await detail('/latest/meta-data/'),
      /: PUT \/latest\/api\/token gives one, for the header X-aws-ec2-metadata-token$/i,
    );
    assert.match(
      await detail('/latest/api/token', 'PUT'),
      /^the header X-aws-ec2-metadata-token-ttl-seconds has to hold the seconds of the token, from 1 to 21600$/i,
    );
  });

  await t.test('a port that anyone may have is refused where root has to ask', async () => {
    assertProblem(await askAs('one', '/user_data/cloud-init'), 403, 'metadata-refused');
    assert.equal((await askAs('one', '/conf')).status, 200);
  });

  await t.test('a session token opens what its machine may see, in its dialect', async () => {
    const tokens = { one: await fetchToken(cloud, 'one', 'aws'), two: await fetchToken(cloud, 'two', 'aws') };
    const akamai = await fetchToken(cloud, 'one', 'akamai');
    const read = (machine: 'one' | 'two', token: string, header = 'X-aws-ec2-metadata-token', path = aws) =>
      askAs(machine, path, { headers: { [header]: token } });
    assert.ok((await read('one', tokens.one)).body.includes('secret-of-one'));
    assert.ok((await read('two', tokens.two)).body.includes('secret-of-two'));
    const linode = await read('one', akamai, 'Metadata-Token', '/v1/user-data');
    assert.ok(Buffer.from(linode.body.toString(), 'base64').includes('secret-of-one'));
    for (const answer of [
      await askAs('one', aws),
      await read('one', ''),
      await read('one', tokens.two),
      await read('two', tokens.one),
      await read('one', akamai),
      await read('one', `${tokens.one}x`),
      await read('one', tokens.one, 'Metadata-Token', '/v1/user-data'),
      await read('one', 'x', 'X-aws-ec2-metadata-token', '/latest/meta-data/instance-id'),
      await askAs('one', '/v1/instance'),
    ]) {
      assertProblem(answer, 401, 'metadata-token');
    }
  });

  await t.test('a session token is fetched with a lifetime that it may have', async () => {
    const name = 'X-aws-ec2-metadata-token-ttl-seconds';
    const put = (headers: Headers, path = '/latest/api/token') => askAs('one', path, { method: 'PUT', headers });
    for (const seconds of ['1', '300', '21600']) {
      const answer = await put({ [name]: seconds });
      assert.deepEqual([answer.status, answer.headers[name.toLowerCase()]], [200, seconds]);
    }
    for (const seconds of ['0', '-1', '21601', '', '1.5', '1e3', ' 60 x', '99999999999']) {
      assertProblem(await put({ [name]: seconds }), 400, 'request-invalid');
    }
    assertProblem(await put({}), 400, 'request-invalid');
    assert.equal((await put({}, '/v1/token')).headers['metadata-token-expiry-seconds'], '3600');
    assertProblem(await askAs('one', '/latest/api/token'), 400, 'request-invalid');
    assertProblem(await put({ [name]: '60', 'X-Forwarded-For': '127.0.0.12' }), 403, 'metadata-refused');
  });

  await t.test('a header that tells of somebody else counts for nothing', async () => {
    for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'X-Client-IP']) {
      const value = header === 'Forwarded' ? 'for=127.0.0.11' : '127.0.0.11';
      const headers = { [header]: value };
      assertProblem(await askAs('nobody', '/hetzner/v1/userdata', { headers }), 503, 'machine-waits');
      const two = await askAs('two', '/hetzner/v1/userdata', { headers });
      assert.ok(two.body.includes('secret-of-two'), header);
    }
    const headers = { ...GOOGLE, 'X-Forwarded-For': '127.0.0.11' };
    assertProblem(await askAs('one', USER_DATA.gcp?.[0] ?? '', { headers }), 403, 'metadata-refused');
    assertProblem(
      await askAs('one', '/metadata/instance', { headers: { ...headers, ...AZURE } }),
      403,
      'metadata-refused',
    );
  });

  await t.test('the id of an instance leads to it from anywhere, and is not logged', async () => {
    for (const group of ['one', 'two', 'rack'] as const) {
      const id = instanceToken(Buffer.from(KEY), group);
      for (const path of [`/i/${id}/hetzner/v1/userdata`, `/i/${id}/userdata`]) {
        const answer = await askAs('nobody', path);
        assert.equal(answer.status, 200, `${group}: ${answer.body.toString()}`);
        assert.ok(answer.body.includes(`secret-of-${group}`), path);
      }
      for (const path of [
        `/i/${id}/other`,
        `/i/${id}`,
        `/i/${id}/`,
        `//i/${id}/userdata`,
        `/x/i/${id}/userdata`,
        `/%69/${id}/userdata`,
        `/I/${id}/userdata`,
        `/i//${id}/userdata`,
        `/i/${id}/i/${id}/userdata`,
        `/other?next=/i/${id}/userdata`,
      ]) {
        assert.equal((await askAs('nobody', path)).status, 404, path);
      }
      const token = { 'X-aws-ec2-metadata-token': await fetchToken(cloud, 'nobody', 'aws') };
      const answer = await askAs('nobody', `/i/${id}/latest/user-data`, { headers: token });
      assert.ok(answer.body.includes(`secret-of-${group}`));
      assert.ok(!JSON.stringify(cloud.service.log).includes(id), group);
    }
    assertProblem(await askAs('one', `/i/${'A'.repeat(22)}/userdata`), 404, 'route-not-found');
  });
});

test('Metadata services of site.yaml', async (t) => {
  const cloud = await start(t, [], 'metadata: { dialects: [openstack, upcloud, vultr] }\n');
  if (cloud === undefined) return;
  await t.test('others are not there', async () => {
    assertProblem(await cloud.askAs('one', '/hetzner/v1/userdata'), 404, 'route-not-found');
  });
});

for (const dialect of ['aliyun', 'cloudstack', 'outscale']) {
  test(`A metadata service as ${dialect} has it`, async (t) => {
    await start(t, [dialect]);
  });
}

test('Without a token machines read where their site lets them', async (t) => {
  const cloud = await startInstances(t, ['aws', 'akamai'], 'metadata: { without-token: true }\n');
  if (cloud === undefined) return;
  assert.ok((await cloud.askAs('one', '/latest/user-data')).body.includes('secret-of-one'));
  const wrong = { headers: { 'X-aws-ec2-metadata-token': 'x' } };
  assertProblem(await cloud.askAs('one', '/latest/user-data', wrong), 401, 'metadata-token');
  assertProblem(await cloud.askAs('one', '/v1/user-data'), 401, 'metadata-token');
});

test('A listed proxy tells whose a request is, and nobody behind it can', async (t) => {
  const cloud = await startInstances(t, ['gcp', 'hetzner'], '', ['127.0.0.99']);
  if (cloud === undefined) return;
  const via = (whose: string) =>
    cloud.askAs('nobody', USER_DATA.gcp?.[0] ?? '', { headers: { ...GOOGLE, 'X-Forwarded-For': whose } });
  assert.ok((await via('127.0.0.11')).body.includes('secret-of-one'));
  assert.ok((await via('127.0.0.12')).body.includes('secret-of-two'));
  assert.ok((await via('127.0.0.11, 127.0.0.12')).body.includes('secret-of-two'));
  for (const nobody of ['127.0.0.11, 192.0.2.1', 'unknown', '127.0.0.11, x', '']) {
    assert.ok(!(await via(nobody)).body.includes('secret'), nobody);
  }
});

test('what is long is compressed where the cloud does that, and nowhere else', async (t) => {
  const cloud = await start(t, ['akamai', 'oraclecloud']);
  if (cloud === undefined) return;
  const { askAs } = cloud;
  const token = await fetchToken(cloud, 'one', 'akamai');
  const short = await askAs('one', '/v1/user-data', { headers: { 'Metadata-Token': token } });
  assert.equal(JSON.parse(Buffer.from(short.body.toString(), 'base64').toString()).ignition.version, '3.3.0');
  const long = await askAs('rack', '/v1/user-data', {
    headers: { 'Metadata-Token': await fetchToken(cloud, 'rack', 'akamai') },
  });
  const packed = Buffer.from(long.body.toString(), 'base64');
  assert.deepEqual([...packed.subarray(0, 2)], [0x1f, 0x8b]);
  const plain = await askAs('rack', '/opc/v2/instance/metadata/user_data', { headers: ORACLE });
  assert.deepEqual(gunzipSync(packed), Buffer.from(plain.body.toString(), 'base64'));
  assert.ok(gunzipSync(packed).length >= 16 * 1024);
});

test('a dialect of the flag answers before one of site.yaml with the same paths, and the log says so once', async (t) => {
  const cloud = await start(t, ['openstack'], 'metadata: { dialects: [aws, hetzner] }\n');
  if (cloud === undefined) return;
  const { askAs, service } = cloud;
  for (let count = 0; count < 3; count += 1) {
    // AWS would want a token.
    assert.equal((await askAs('one', '/latest/meta-data/instance-id')).status, 200);
  }
  assert.equal((await askAs('one', '/hetzner/v1/metadata/hostname')).body.toString(), 'one.example');
  const warnings = service.log.filter(({ msg }) => /have the same paths/.test(String(msg)));
  assert.deepEqual(
    warnings.map(({ dialects }) => dialects),
    [['aws', 'openstack']],
  );
});

test('what a machine reports of its boot is taken, and its state stands in the log', async (t) => {
  const cloud = await start(t, ['packet', 'scaleway']);
  if (cloud === undefined) return;
  const { askAs, service } = cloud;
  const json = { 'Content-Type': 'application/json' };
  const cases: readonly (readonly [method: string, path: string, body: string, state: string | undefined])[] = [
    ['POST', '/phone-home', '', undefined],
    ['POST', '/events', '{"state":"failed","message":"secret-of-one is wrong"}', 'failed'],
    ['PATCH', '/state', '{"state_detail":"booted"}', 'booted'],
    ['POST', '/events', '{"state":"a\\nb"}', undefined],
    ['POST', '/events', `{"state":"${'a'.repeat(33)}"}`, undefined],
    ['POST', '/events', '{"state":7}', undefined],
    ['POST', '/events', '{"state":', undefined],
    ['POST', '/events', 'null', undefined],
  ];
  for (const [method, path, body, state] of cases) {
    const before = service.log.length;
    const answer = await askAs('one', path, { method, headers: json, body });
    assert.deepEqual([answer.status, answer.body.length], [200, 0], `${path} ${body}`);
    const line = service.log.slice(before).find(({ msg }) => msg === 'request');
    assert.deepEqual([line?.state, line?.labels], [state, undefined], body);
  }
  assert.ok(!JSON.stringify(service.log).includes('secret'));
  for (const [method, path] of [
    ['GET', '/events'],
    ['POST', '/state'],
    ['PUT', '/phone-home'],
  ] as const) {
    assertProblem(await askAs('one', path, { method }), 400, 'request-invalid');
  }
});
