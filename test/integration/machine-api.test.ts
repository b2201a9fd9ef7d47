import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireProgram } from '../support/programs.ts';
import type { AskOptions } from '../support/service.ts';
import { ask, askRaw, assertProblem, startTestService } from '../support/service.ts';
import { butaneProfile, writeSite } from '../support/site.ts';

const MAC = '52:54:00:a1:9c:ae';

const SITE = {
  'profiles/plain.bu': `# a comment\n${butaneProfile('fcos', '1.5.0', 'hällo')}`,
  'profiles/flat.bu': butaneProfile('flatcar', '1.0.0'),
  'profiles/hand.ign': '{ "ignition": { "version": "3.2.0" } }\n',
  'profiles/broken.bu': `${butaneProfile('fcos', '1.5.0', 'leak-me-not')}nonsense: leak-me-not\n`,
  'profiles/needy.yaml': [
    'butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /n, contents: { inline: "{{ parameters.name }}" } }] } }',
    'parameters: { type: object, required: [name], properties: { name: { type: string, maxLength: 8 } } }',
  ].join('\n'),
  'groups/node.yaml': `profile: plain\nmatch: { mac: "${MAC}" }\n`,
  'groups/v4.yaml': 'profile: flat\nmatch: { ip: 127.0.0.1, ask: address }\n',
  'groups/far.yaml': 'profile: hand\nmatch: { ip: 192.0.2.7, ask: address }\n',
  'groups/rack.yaml': 'profile: plain\nmatch: { rack: r1 }\n',
  'groups/role.yaml': 'profile: hand\nmatch: { role: db }\n',
  'groups/lost.yaml': 'profile: nowhere\nmatch: { rack: lost }\n',
  'groups/bad.yaml': 'profile: needy\nmatch: { rack: bad }\nparameters: { name: leak-me-not }\n',
};

test('Machines', async (t) => {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return;
  const site = await writeSite(t, SITE);
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const get = (path: string, options?: AskOptions) => ask(service.machine, path, options);

  for (const profile of ['plain', 'flat']) {
    await t.test(`get the exact bytes that butane prints for the plain profile ${profile}`, async () => {
      const file = join(site, `profiles/${profile}.bu`);
      const printed = execFileSync(butane, ['--strict', '--raw'], { input: await readFile(file) });
      assert.deepEqual((await get(`/ignition/${profile}`)).body, printed);
    });
  }

  await t.test('get a hand-written config byte for byte', async () => {
    assert.equal((await get('/ignition/hand')).body.toString(), SITE['profiles/hand.ign']);
  });

  await t.test('are told the type, the length and the digest of what they get', async () => {
    const { status, headers, body } = await get('/ignition/plain');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/vnd.coreos.ignition+json; version=3.4.0');
    assert.equal(headers['content-length'], String(body.length));
    assert.equal(headers.etag, `"sha512-${createHash('sha512').update(body).digest('hex')}"`);
    assert.equal(headers['cache-control'], 'private, no-store');
    assert.equal(headers.vary, 'Accept');
    assert.equal(headers['transfer-encoding'], undefined);
  });

  await t.test('get the same for HEAD, without the body', async () => {
    for (const path of ['/ignition/plain', `/ignition?mac=${MAC}`, '/', '/problems', '/ignition/nowhere']) {
      const [full, head] = await Promise.all([get(path), get(path, { method: 'HEAD' })]);
      assert.equal(head.status, full.status, path);
      assert.equal(head.body.length, 0, path);
      assert.deepEqual(stable(head.headers), stable(full.headers), path);
    }
  });

  await t.test('never get anything compressed', async () => {
    const headers = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
    const answer = await get('/ignition/plain', { headers });
    assert.equal(answer.headers['content-encoding'], undefined);
    assert.deepEqual(answer.body, (await get('/ignition/plain')).body);
  });

  await t.test('get no 304, since Ignition takes it for the end', async () => {
    const { headers } = await get('/ignition/plain');
    const conditional = { 'If-None-Match': headers.etag ?? '', Range: 'bytes=0-3' };
    const answer = await get('/ignition/plain', { headers: conditional });
    assert.equal(answer.status, 200);
    assert.equal(String(answer.body.length), answer.headers['content-length']);
  });

  for (const path of [
    '/ignition/',
    '/ignition/plain/',
    '//ignition/plain',
    '/ignition//plain',
    '/Ignition/plain',
    '/IGNITION',
    '/ignition/./plain',
    '/ignition/../ignition/plain',
    '/ignition/%2e%2e',
    '/ignition/plain/extra',
    '/ignition/Plain',
    '/ignition/plain.bu',
    `/ignition/${'a'.repeat(250)}`,
    '/favicon.ico',
  ]) {
    await t.test(`are refused and not redirected at ${path.slice(0, 40)}`, async () => {
      const answer = await get(path);
      assert.equal(answer.headers.location, undefined);
      const { code } = JSON.parse(answer.body.toString());
      assertProblem(answer, 404, code);
      assert.match(code, /^(?:route|profile)-not-found$/);
    });
  }

  await t.test('may ask under any host name', async () => {
    for (const Host of ['evil.example', '192.0.2.1:99', 'x'.repeat(300)]) {
      assert.equal((await get('/ignition/plain', { headers: { Host } })).status, 200);
    }
  });

  await t.test('get an answer from / that tells the service is alive', async () => {
    const { status, body } = await get('/');
    assert.deepEqual([status, body.toString()], [200, 'pilotlight\n']);
  });

  const REFUSED: readonly (readonly [title: string, path: string, status: number, code: string])[] = [
    ['name a profile that does not exist', '/ignition/nowhere', 404, 'profile-not-found'],
    ['name a profile like a property of every object', '/ignition/__proto__', 404, 'profile-not-found'],
    ['are in no group', '/ignition?mac=52:54:00:00:00:01', 404, 'machine-unknown'],
    ['say nothing', '/ignition', 404, 'machine-unknown'],
    ['lack a parameter', '/ignition/needy', 404, 'parameter-missing'],
    ['have a MAC that is none', '/ignition?mac=52:54:00', 400, 'label-invalid'],
    ['have a UUID that is none', '/ignition?uuid=1', 400, 'label-invalid'],
    ['say a label twice', '/ignition?rack=r1&rack=r2', 400, 'label-invalid'],
    ['say a label twice with one value', `/ignition/plain?mac=${MAC}&mac=${MAC}`, 400, 'label-invalid'],
    ['say their address themselves', '/ignition/plain?ip=192.0.2.7', 400, 'label-invalid'],
    ['say too many labels', `/ignition/plain?${labels(33)}`, 400, 'label-invalid'],
    ['say too long a label', `/ignition/plain?a=${'x'.repeat(257)}`, 400, 'label-invalid'],
    ['say a label without a name', '/ignition/plain?=x', 400, 'label-invalid'],
    ['send a control character', '/ignition/plain?a=%00', 400, 'label-invalid'],
    ['send bad percent-encoding in the path', '/ignition/%zz', 400, 'request-invalid'],
    ['send half a UTF-8 character in the path', '/ignition/%c3', 400, 'request-invalid'],
    ['send bad percent-encoding in the query', '/ignition/plain?a=%zz', 400, 'request-invalid'],
    ['send half a UTF-8 character in the query', '/ignition/plain?a=%ff', 400, 'request-invalid'],
    ['meet a profile that does not render', '/ignition/broken', 503, 'profile-broken'],
    ['get a value that the schema refuses', '/ignition?rack=bad', 503, 'profile-broken'],
    ['are in a group whose profile does not exist', '/ignition?rack=lost', 503, 'profile-broken'],
    ['are in two groups that contradict each other', '/ignition?rack=r1&role=db', 503, 'selection-ambiguous'],
  ];
  for (const [title, path, status, code] of REFUSED) {
    await t.test(`that ${title} get a problem with status ${status}`, async () => {
      const answer = await get(path);
      assertProblem(answer, status, code);
      assert.ok(!answer.body.includes('leak-me-not'), 'a problem holds nothing rendered');
      assert.equal(answer.headers['cache-control'], 'no-store');
    });
  }

  await t.test('may say 32 labels, an empty one, and a MAC in any usual spelling', async () => {
    for (const query of [labels(32), 'mac=', 'mac=52-54-00-A1-9C-AE', 'mac=525400a19cae', 'free=%F0%9F%94%A5+x']) {
      assert.equal((await get(`/ignition/plain?${query}`)).status, 200, query);
    }
    assert.equal((await get('/ignition?mac=52-54-00-A1-9C-AE')).status, 200);
  });

  await t.test('with an Ignition that is too old are refused with 406', async () => {
    const headers = { Accept: 'application/vnd.coreos.ignition+json;version=3.1.0, */*;q=0.1' };
    const detail = assertProblem(await get('/ignition/hand', { headers }), 406, 'spec-not-acceptable');
    assert.match(detail, /up to 3\.1\.0, and the config needs 3\.2\.0: it is written in Ignition/);
  });

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    await t.test(`get a problem for ${method}`, async () => {
      const options = { method, body: '{', headers: { 'Content-Type': 'application/json', 'Content-Length': '1' } };
      const answer = await get('/ignition/plain', options);
      assert.ok(answer.status >= 400 && answer.status < 500);
      assertProblem(answer, answer.status, JSON.parse(answer.body.toString()).code);
    });
  }

  await t.test('never get an empty success, whatever they ask', async () => {
    const paths = [...REFUSED.map(([, path]) => path), '/', '/ignition/plain', '/ignition/flat', '/ignition/hand'];
    for (const answer of await Promise.all(paths.map((path) => get(path)))) {
      assert.ok([200, 400, 404, 406, 503].includes(answer.status));
      assert.ok(answer.body.length > 0);
    }
  });

  const MALFORMED: readonly (readonly [title: string, request: string])[] = [
    ['is not HTTP', 'hello there\r\n\r\n'],
    ['has an unknown method', 'BOOT / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['has a header of 20 KiB', `GET / HTTP/1.1\r\nHost: x\r\nBig: ${'x'.repeat(20_480)}\r\n\r\n`],
    ['has a URL of 20 KiB', `GET /?a=${'x'.repeat(20_480)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['has two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['has a space in its path', 'GET /ignition/pl ain HTTP/1.1\r\nHost: x\r\n\r\n'],
  ];
  for (const [title, text] of MALFORMED) {
    await t.test(`get a problem and a closed connection for a request that ${title}`, async () => {
      const answer = await askRaw(service.machine, text);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(head, /^Content-Type: application\/problem\+json\r?$/m);
      assert.match(head, /^Connection: close\r?$/m);
      assert.equal(JSON.parse(body).code, 'request-invalid');
    });
  }

  await t.test('are known by the address of their connection', async () => {
    const answer = await get('/ignition?ask=address');
    assert.equal(answer.headers['content-type'], 'application/vnd.coreos.ignition+json; version=3.3.0');
  });

  await t.test('are not believed when they forward an address themselves', async () => {
    const headers = { 'X-Forwarded-For': '192.0.2.7', Forwarded: 'for=192.0.2.7', 'X-Real-IP': '192.0.2.7' };
    const answer = await get('/ignition?ask=address', { headers });
    assert.equal(answer.headers['content-type'], 'application/vnd.coreos.ignition+json; version=3.3.0');
  });
});

test('A trusted proxy is believed about the address of a machine', async (t) => {
  const site = await writeSite(t, SITE);
  const service = await startTestService(t, { site, trustedProxies: ['127.0.0.1/32'] });
  if (service === undefined) return;
  const spec = async (forwarded: string) => {
    const headers = { 'X-Forwarded-For': forwarded };
    return (await ask(service.machine, '/ignition?ask=address', { headers })).headers['content-type'];
  };
  const hand = 'application/vnd.coreos.ignition+json; version=3.2.0';
  assert.equal(await spec('192.0.2.7'), hand);
  assert.equal(await spec('::ffff:192.0.2.7'), hand, 'an IPv4 address that came through IPv6 is the IPv4 address');
  assert.equal(
    await spec('203.0.113.9, 192.0.2.7'),
    hand,
    'what stands before the proxy’s own entry was said by anyone',
  );
  assert.notEqual(await spec('192.0.2.7, 203.0.113.9'), hand);
  assert.notEqual(await spec('no address at all'), hand);
});

test('A machine that comes through an IPv6 listener is known by its IPv4 address', async (t) => {
  const site = await writeSite(t, SITE);
  const service = await startTestService(t, { site, listen: { host: '::', port: 0 } }).catch((error: unknown) => error);
  if (service instanceof Error) return t.skip('this machine has no IPv6');
  if (typeof service !== 'object' || service === null || !('machine' in service)) return;
  const { port } = new URL(String(service.machine));
  const answer = await ask(`http://127.0.0.1:${port}`, '/ignition?ask=address');
  assert.equal(answer.headers['content-type'], 'application/vnd.coreos.ignition+json; version=3.3.0');
});

function labels(count: number): string {
  return Array.from({ length: count }, (_, index) => `k${index}=v`).join('&');
}

function stable(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { date: _, 'content-length': length, ...rest } = headers;
  return rest['content-type'] === 'application/problem+json' ? rest : { ...rest, length };
}
