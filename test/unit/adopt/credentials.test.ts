import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptLists, extensionList, file } from './adopted.ts';

const PATH = '/opt/overlaybd/cred.json';

function auths(value: object, rest: object = { mode: 0o600 }) {
  return adoptLists({ files: [extensionList('overlaybd'), file(PATH, JSON.stringify({ auths: value }), rest)] });
}

function told(messages: readonly string[], message: RegExp): void {
  assert.ok(
    messages.some((each) => message.test(each)),
    messages.join('\n'),
  );
}

test('passwords become parameters, and stand in no text', () => {
  const { block, parameters, value, diagnostics } = auths({
    'registry.example.com:5000/team': { username: 'me', password: 'hunter2-geheim' },
  });
  assert.deepEqual(block.credentials, [
    {
      registry: 'registry.example.com:5000/team',
      username: 'me',
      password: '{{ parameters.registry_example_com_5000_team_password }}',
    },
  ]);
  assert.deepEqual(Object.keys((parameters as { properties: object }).properties), [
    'registry_example_com_5000_team_password',
  ]);
  assert.equal(value?.secrets[0]?.value, 'hunter2-geheim');
  assert.doesNotMatch(JSON.stringify([value?.profile, diagnostics]), /geheim/);
  assert.match(value?.profile ?? '', /^# {3}registry_example_com_5000_team_password \(config\.bu:\d+:\d+\)$/m);
});

test('base64 is taken apart, and a line break at its end is no part of the password', () => {
  const auth = Buffer.from('me:secret:with colon\n').toString('base64');
  const { block, value, messages } = auths({ 'r.example': { auth } });
  assert.deepEqual(block.credentials, [
    { registry: 'r.example', username: 'me', password: '{{ parameters.r_example_password }}' },
  ]);
  assert.equal(value?.secrets[0]?.value, 'secret:with colon');
  told(messages, /ends in white space/);
});

test('a user without a name keeps the base64 whole', () => {
  const { block, value } = auths({ 'r.example': { auth: Buffer.from(':token').toString('base64') } });
  assert.deepEqual(block.credentials, [{ registry: 'r.example', auth: '{{ parameters.r_example_auth }}' }]);
  assert.equal(value?.secrets[0]?.value, Buffer.from(':token').toString('base64'));
});

test('keys that never match get the name that does, unless another has it', () => {
  const entry = { username: 'u', password: 'p' };
  for (const key of ['docker.io', 'https://index.docker.io/v1/']) {
    const { block, messages } = auths({ [key]: entry });
    assert.equal((block.credentials as { registry: string }[])[0]?.registry, 'registry-1.docker.io');
    told(messages, /never matches: layers come from registry-1\.docker\.io/);
  }
  const both = auths({ 'docker.io': entry, 'registry-1.docker.io': { username: 'v', password: 'q' } });
  assert.deepEqual(
    (both.block.credentials as { username: string }[]).map(({ username }) => username),
    ['v'],
  );
  told(both.messages, /another entry is for the same registry/);
});

test('what is no registry, and what are no credentials, is left out', () => {
  const { block, messages } = auths({
    'not a registry': { username: 'u', password: 'p' },
    'r.example': { auth: '%%%' },
  });
  assert.equal(block.credentials, undefined);
  told(messages, /no registry/);
  told(messages, /no credentials that overlaybd can read/);
});

test('a key that a shorter one hides is told of', () => {
  const entry = { username: 'u', password: 'p' };
  told(auths({ 'r.example': entry, 'r.example/team': entry }).messages, /a shorter key stands before/);
  assert.ok(
    !auths({ 'r.example/team': entry, 'r.example': entry }).messages.some((each) => /a shorter key/.test(each)),
  );
});

test('credentials that everybody can read are told of', () => {
  const entry = { 'r.example': { username: 'u', password: 'p' } };
  told(auths(entry, {}).messages, /everybody on the machine can read/);
  assert.ok(!auths(entry).messages.some((each) => /everybody/.test(each)));
});

test('a script that edits the link into /usr is told of', () => {
  const script = 'mkdir -p /x\necho "{}" > /opt/overlaybd/cred.json\n';
  const { diagnostics } = adoptLists({ files: [extensionList('overlaybd'), file('/opt/bin/login', script)] });
  const found = diagnostics.find(({ message }) => /link into the read-only/.test(message));
  assert.equal(found?.severity, 'warning');
});

test('a file that somebody else writes is named in the block', () => {
  const json = JSON.stringify({ credentialConfig: { mode: 'file', path: '/run/secrets/cred.json' } });
  const { block } = adoptLists({ files: [extensionList('overlaybd'), file('/etc/overlaybd/overlaybd.json', json)] });
  assert.deepEqual((block.backstore as { credentialConfig: unknown }).credentialConfig, {
    mode: 'file',
    path: '/run/secrets/cred.json',
  });
  const local = adoptLists({ files: [extensionList('overlaybd'), { path: PATH, contents: { local: 'cred.json' } }] });
  assert.deepEqual(local.block.backstore, { credentialConfig: { mode: 'file', path: PATH } });
  assert.deepEqual(local.layer.storage, { files: [{ path: PATH, contents: { local: 'cred.json' } }] });
});

test('a service for credentials is named, with the release that https needs', () => {
  const config = (value: object) => {
    const json = JSON.stringify({ credentialConfig: value });
    return adoptLists({ files: [extensionList('overlaybd'), file('/etc/overlaybd/overlaybd.json', json)] }).block;
  };
  assert.deepEqual(config({ mode: 'http', path: 'http://127.0.0.1:8000/auth', timeout: 3 }).credentials, {
    mode: 'http',
    path: 'http://127.0.0.1:8000/auth',
    timeout: 3,
  });
  const https = config({ mode: 'https', path: 'https://creds.example/auth', timeout: 1 });
  assert.deepEqual(
    [https.credentials, https.release],
    [{ mode: 'https', path: 'https://creds.example/auth' }, '4722.0.0'],
  );
});
