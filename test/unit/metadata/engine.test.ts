import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIALECTS, findRivalDialects } from '../../../src/metadata/dialects.ts';
import type { Asked, MetadataRequest } from '../../../src/metadata/engine.ts';
import { readMetadataRequest } from '../../../src/metadata/engine.ts';
import { createSessionTokens } from '../../../src/metadata/tokens.ts';

const tokens = createSessionTokens(Buffer.from('a key of more than sixteen bytes'), () => 1000);

const REQUEST: MetadataRequest = {
  method: 'GET',
  path: '/',
  headers: {},
  address: '192.0.2.7',
  port: 40_000,
  forwarded: false,
};

/** What a dialect says to a request: its kind, or why it is refused. */
function say(name: string, request: Partial<MetadataRequest>, withoutToken = false): string {
  const dialects = DIALECTS.filter((dialect) => dialect.name === name);
  const asked: Asked = readMetadataRequest({ ...REQUEST, ...request }, { dialects, tokens, withoutToken });
  return asked.kind === 'refused' ? asked.reason : asked.kind;
}

const AWS_DATA = '/latest/user-data';
const AWS_TOKEN = '/latest/api/token';
const GCP_DATA = '/computeMetadata/v1/instance/attributes/user-data';
const AZURE_DATA = '/metadata/instance/compute/userData';
const LIFETIME = 'x-aws-ec2-metadata-token-ttl-seconds';
const flavoured = { 'metadata-flavor': 'Google' };
const good = { 'x-aws-ec2-metadata-token': tokens.issue('aws 192.0.2.7', 60) };
const stolen = { 'x-aws-ec2-metadata-token': tokens.issue('aws 192.0.2.8', 60) };

const cases: readonly (readonly [
  title: string,
  name: string,
  request: Partial<MetadataRequest>,
  said: string,
  withoutToken?: boolean,
])[] = [
  [
    'AWS gives a token for a lifetime',
    'aws',
    { method: 'PUT', path: AWS_TOKEN, headers: { [LIFETIME]: '21600' } },
    'token',
  ],
  ['AWS wants a lifetime', 'aws', { method: 'PUT', path: AWS_TOKEN }, 'lifetime-invalid'],
  ['and none of 0', 'aws', { method: 'PUT', path: AWS_TOKEN, headers: { [LIFETIME]: '0' } }, 'lifetime-invalid'],
  [
    'and none too long',
    'aws',
    { method: 'PUT', path: AWS_TOKEN, headers: { [LIFETIME]: '21601' } },
    'lifetime-invalid',
  ],
  ['a token is not read', 'aws', { path: AWS_TOKEN, headers: { [LIFETIME]: '60' } }, 'method'],
  [
    'AWS gives no token to whoever is forwarded',
    'aws',
    { method: 'PUT', path: AWS_TOKEN, headers: { [LIFETIME]: '60' }, forwarded: true },
    'forwarded',
  ],
  ['AWS tells nothing without a token', 'aws', { path: AWS_DATA }, 'token-missing'],
  ['unless the site lets machines read without', 'aws', { path: AWS_DATA }, 'user-data', true],
  ['and even then a bad token is none', 'aws', { path: AWS_DATA, headers: stolen }, 'token-invalid', true],
  ['AWS tells with a token', 'aws', { path: AWS_DATA, headers: good }, 'user-data'],
  ['but not to somebody else', 'aws', { path: AWS_DATA, headers: stolen }, 'token-invalid'],
  ['an old version is one', 'aws', { path: '/2019-10-01/meta-data/instance-id', headers: good }, 'data'],
  ['a path of another cloud is none', 'aws', { path: GCP_DATA, headers: good }, 'nothing'],
  ['Akamai has a lifetime of its own', 'akamai', { method: 'PUT', path: '/v1/token' }, 'token'],
  ['Akamai has no way without a token', 'akamai', { path: '/v1/user-data' }, 'token-missing', true],
  ['Google wants its header', 'gcp', { path: GCP_DATA }, 'flavour-missing'],
  ['Google tells with it', 'gcp', { path: GCP_DATA, headers: flavoured }, 'user-data'],
  ['but not what is forwarded', 'gcp', { path: GCP_DATA, headers: flavoured, forwarded: true }, 'forwarded'],
  ['Azure wants its header', 'azure', { path: AZURE_DATA }, 'flavour-invalid'],
  ['Azure tells with it', 'azure', { path: AZURE_DATA, headers: { metadata: 'true' } }, 'user-data'],
  ['nothing is written', 'hetzner', { method: 'POST', path: '/hetzner/v1/userdata' }, 'method'],
  ['Scaleway wants a low port', 'scaleway', { path: '/user_data/cloud-init' }, 'high-port'],
  ['Scaleway tells to a low port', 'scaleway', { path: '/user_data/cloud-init', port: 1023 }, 'user-data'],
  ['and who it is to any', 'scaleway', { path: '/conf' }, 'data'],
];

for (const [title, name, request, said, withoutToken] of cases) {
  test(`${title} (${name})`, () => assert.equal(say(name, request, withoutToken), said));
}

test('every dialect that has rivals is told from them, and all others can be spoken together', () => {
  const families = [
    ['aliyun', 'aws', 'cloudstack', 'openstack', 'outscale'],
    ['digitalocean', 'upcloud'],
    ['akamai', 'vultr'],
  ];
  const names = DIALECTS.map(({ name }) => name);
  for (const a of names) {
    for (const b of names) {
      const related = a !== b && families.some((family) => family.includes(a) && family.includes(b));
      assert.deepEqual(findRivalDialects([a, b]), related ? [a, b].sort() : undefined, `${a} ${b}`);
    }
  }
  const others = names.filter((name) => !families.flat().includes(name));
  assert.equal(findRivalDialects(others), undefined);
});
