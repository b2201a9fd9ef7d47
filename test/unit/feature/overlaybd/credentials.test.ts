import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../../support/cpu-time.ts';
import { assembled, withOverlaybd } from '../assembled.ts';

const FILE = '/etc/overlaybd/cred.json';
const user = { username: 'u', password: 'p' };

function keysFor(...registries: readonly string[]): readonly string[] {
  const credentials = registries.map((registry) => ({ registry, ...user }));
  const { files, diagnostics } = assembled(withOverlaybd({ credentials }));
  assert.deepEqual(diagnostics, []);
  return Object.keys(JSON.parse(files.get(FILE)?.content ?? '').auths);
}

/** How people write a registry, and the beginning of the URL that overlaybd compares with. */
const KEYS: readonly (readonly [string, string])[] = [
  ['docker.io', 'registry-1.docker.io'],
  ['index.docker.io', 'registry-1.docker.io'],
  ['https://index.docker.io/v1/', 'registry-1.docker.io'],
  ['https://index.docker.io/v1', 'registry-1.docker.io'],
  ['docker.io/team', 'registry-1.docker.io/team'],
  ['docker.io/team/app', 'registry-1.docker.io/team/app'],
  ['registry-1.docker.io', 'registry-1.docker.io'],
  ['registry.hub.docker.com', 'registry.hub.docker.com'],
  ['https://ghcr.io/', 'ghcr.io'],
  ['http://registry.local:5000/v2/', 'registry.local:5000'],
  ['r.example.com/team/v2', 'r.example.com/team/v2'],
  ['Registry.Example.COM/team', 'registry.example.com/team'],
  ['[2001:db8::1]:5000/a', '[2001:db8::1]:5000/a'],
];

for (const [written, key] of KEYS) {
  test(`credentials for ${written} are found under ${key}`, () => assert.deepEqual(keysFor(written), [key]));
}

test('the most specific credentials come first, since the first that fit are taken', () => {
  const keys = keysFor('a.example', 'b.example/x', 'a.example/x/y', 'docker.io', 'a.example/x');
  assert.deepEqual(keys, ['a.example/x/y', 'b.example/x', 'a.example/x', 'a.example', 'registry-1.docker.io']);
});

test('credentials are in a file that root alone reads, and that overlaybd is told of', () => {
  const { files } = assembled(withOverlaybd({ credentials: [{ registry: 'a.example', ...user }] }));
  assert.equal(files.get(FILE)?.mode, '0600');
  assert.deepEqual(JSON.parse(files.get(FILE)?.content ?? ''), { auths: { 'a.example': { auth: 'dTpw' } } });
  const { credentialConfig } = JSON.parse(files.get('/etc/overlaybd/overlaybd.json')?.content ?? '');
  assert.deepEqual(credentialConfig, { mode: 'file', path: FILE });
});

test('without credentials there is a file with none, since one must be there', () => {
  const { files } = assembled(withOverlaybd({}));
  assert.deepEqual(JSON.parse(files.get(FILE)?.content ?? ''), { auths: {} });
});

test('a credential service stands in for the file', () => {
  const { files } = assembled(
    withOverlaybd({ credentials: { mode: 'http', path: 'http://127.0.0.1:1/a', timeout: 3 } }),
  );
  assert.equal(files.has(FILE), false);
  const { credentialConfig } = JSON.parse(files.get('/etc/overlaybd/overlaybd.json')?.content ?? '');
  assert.deepEqual(credentialConfig, { mode: 'http', path: 'http://127.0.0.1:1/a', timeout: 3 });
});

test('a password may hold whatever a parameter gives, and stands nowhere but in its files', () => {
  const password = '"}{{ x }}\\ é: #end';
  const profile = {
    features: {
      overlaybd: {
        credentials: [{ registry: 'a.example', username: 'u', password: '{{ parameters.password }}' }],
        prepull: [{ ref: 'a.example/x:1' }],
      },
    },
    parameters: { type: 'object', properties: { password: { type: 'string', default: password } } },
  };
  const { files, units } = assembled(JSON.stringify(profile));
  const auth = Buffer.from(`u:${password}`).toString('base64');
  assert.equal(JSON.parse(files.get(FILE)?.content ?? '').auths['a.example'].auth, auth);
  const holders = [...files].filter(([, { content }]) => content.includes(auth) || content.includes('é'));
  assert.deepEqual(
    holders.map(([path, { mode }]) => [path, mode]),
    [
      [FILE, '0600'],
      ['/etc/overlaybd-snapshotter/logins/a.example/a.example/hosts.toml', '0600'],
    ],
  );
  assert.equal(
    [...units.values()].some(({ contents }) => contents?.includes(auth)),
    false,
  );
});

test('images and credentials that are written alike have files of their own', () => {
  const credentials = ['r.example/a/b', 'r.example/a-b'].map((registry) => ({ registry, ...user }));
  const prepull = [
    { ref: 'r.example/a/b/x:1' },
    { ref: 'r.example/a-b/x:1' },
    { ref: 'r.example/a-b/x:1', namespace: 'k8s.io' },
    { ref: 'r.example/a-b/y:1', plainHttp: true },
    { ref: 'r.example/a-b/y:2' },
  ];
  const { files, units, diagnostics } = assembled(withOverlaybd({ credentials, prepull }));
  assert.deepEqual(diagnostics, []);
  assert.equal([...units.keys()].filter((name) => name.includes('prepull')).length, prepull.length);
  const logins = [...files.keys()].filter((path) => path.includes('/logins/'));
  assert.deepEqual(logins, [
    '/etc/overlaybd-snapshotter/logins/r.example+a+b/r.example/hosts.toml',
    '/etc/overlaybd-snapshotter/logins/r.example+a-b/r.example/hosts.toml',
    '/etc/overlaybd-snapshotter/logins/r.example+a-b+http/r.example/hosts.toml',
  ]);
});

test('a user with a colon, or a password with a control character, is refused without being quoted', () => {
  for (const bad of [
    { username: 'u:x', password: 'p' },
    { username: 'u', password: 'p\nsecret' },
    { username: 'u', password: '\u0001secret' },
  ]) {
    const { diagnostics } = assembled(withOverlaybd({ credentials: [{ registry: 'a.example', ...bad }] }));
    assert.equal(diagnostics.length, 1);
    assert.match(diagnostics[0]?.message ?? '', /^must be .* without .*control characters$/);
    assert.doesNotMatch(JSON.stringify(diagnostics), /secret/);
  }
});

test('a certificate of any length is looked at in no time', () => {
  const authorities = [`-----BEGIN CERTIFICATE-----${' '.repeat(99_000)}`];
  const started = cpuMs();
  const { diagnostics } = assembled(withOverlaybd({ authorities }));
  assert.equal(diagnostics.length, 1);
  assert.ok(cpuMs() - started < 5000, 'it took seconds once');
});
