import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { parse } from 'yaml';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createOperatorApp } from '../../src/http/operator-app.ts';
import { digestToken } from '../../src/http/operator-auth.ts';
import { afterTest } from '../support/after-test.ts';
import { readContract } from '../support/contract.ts';
import { routesOf } from '../support/routes.ts';
import { ask, askRaw, assertProblem, siteChecked, startTestService, writeTokenFile } from '../support/service.ts';
import { butaneProfile, EXAMPLE_SITE, writeSite } from '../support/site.ts';

const TOKEN = 'a-token-of-more-than-16-characters';
const SECRET = 'correct-horse-battery-staple';
const MAC = '52:54:00:a1:9c:ae';

test('What the operator API answers is what its document promises', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  await siteChecked(service);
  const promised = await readContract();
  const get = async (path: string, query = '', of = path) => {
    const answer = await ask(service.operator, `${path}${query}`);
    promised(of, answer);
    return JSON.parse(answer.body.toString());
  };

  assert.deepEqual(await get('/healthz'), { status: 'ok' });
  assert.deepEqual(await get('/readyz'), { status: 'ok' });

  const revision = await get('/v1/revision');
  assert.match(revision.id, /^[0-9a-f]{64}$/);
  assert.deepEqual([revision.profiles, revision.groups, revision.strict, revision.faults], [6, 7, true, 0]);

  const { profiles } = await get('/v1/profiles');
  assert.deepEqual(
    profiles.map(({ id, kind, broken }: { id: string; kind: string; broken: boolean }) => [id, kind, broken]),
    [
      ['fcos', 'butane', false],
      ['overlaybd', 'butane', false],
      ['overlaybd-containerd', 'butane', false],
      ['rescue', 'ignition', false],
      ['streaming', 'composed', false],
      ['worker', 'composed', false],
    ],
  );
  const worker = await get('/v1/profiles/worker', '', '/v1/profiles/{id}');
  assert.equal(worker.layers.length, 5);
  assert.deepEqual(worker.parameters.required, ['hostname', 'ssh_keys']);
  assert.deepEqual(worker.reports, []);
  assert.deepEqual(worker.features, []);
  const streaming = await get('/v1/profiles/streaming', '', '/v1/profiles/{id}');
  assert.deepEqual(streaming.features, ['overlaybd']);

  const { groups } = await get('/v1/groups');
  assert.equal(groups.length, 7);
  const node1 = await get('/v1/groups/node1', '', '/v1/groups/{id}');
  assert.deepEqual(node1, {
    id: 'node1',
    file: 'groups/node1.yaml',
    profile: 'worker',
    match: { mac: [MAC] },
    priority: 0,
    parameters: ['hostname'],
  });

  const reports = await get('/v1/reports');
  assert.deepEqual(reports, { revision: revision.id, complete: true, total: 0, reports: [] });

  const rendered = await get('/v1/profiles/worker/render', `?mac=${MAC}&rack=r7`, '/v1/profiles/{id}/render');
  const served = await ask(service.machine, `/ignition/worker?mac=${MAC}&rack=r7`);
  assert.equal(rendered.ignition, served.body.toString());
  assert.equal(`"sha512-${rendered.sha512}"`, served.headers.etag);
  assert.deepEqual([rendered.group, rendered.groups], ['node1', ['node1', 'rack-7']]);
  assert.deepEqual(rendered.layers, ['fragments/base.bu', 'fragments/worker.bu.liquid', 'profiles/worker.yaml']);
  assert.match(rendered.butane, /^variant: flatcar\n/m);
  const byHand = await get('/v1/profiles/rescue/render', '', '/v1/profiles/{id}/render');
  assert.equal(byHand.butane, undefined);

  const selected = await get('/v1/select', `?mac=${MAC}&rack=r7&mode=rescue`);
  assert.deepEqual([selected.profile, selected.group], ['rescue', 'rescue']);
  const verdicts = new Map(selected.groups.map((group: { id: string }) => [group.id, group]));
  assert.deepEqual(verdicts.get('node1'), { id: 'node1', verdict: 'less-specific', mismatches: [] });
  assert.deepEqual(verdicts.get('gpu'), {
    id: 'gpu',
    verdict: 'does-not-match',
    mismatches: [{ key: 'role', reason: 'absent' }],
  });
  const byAddress = await get('/v1/select', '?ip=192.0.2.1');
  assert.deepEqual([byAddress.labels, byAddress.error.code], [{ ip: '192.0.2.1' }, 'machine-unknown']);

  for (const [path, of, status, code] of [
    ['/v1/profiles/nowhere', '/v1/profiles/{id}', 404, 'profile-not-found'],
    ['/v1/profiles/nowhere/render', '/v1/profiles/{id}/render', 404, 'profile-not-found'],
    ['/v1/groups/nowhere', '/v1/groups/{id}', 404, 'group-not-found'],
    ['/v1/select?mac=x', '/v1/select', 400, 'label-invalid'],
    ['/v1/profiles/worker/render?uuid=x', '/v1/profiles/{id}/render', 400, 'label-invalid'],
  ] as const) {
    const answer = await ask(service.operator, path);
    assertProblem(answer, status, code);
    promised(of, answer);
  }
  assert.equal((await ask(service.operator, '/nowhere')).status, 404);
});

test('An author finds every fault of a site in the operator API', async (t) => {
  const site = await writeSite(t, {
    'profiles/good.bu': butaneProfile('fcos', '1.5.0'),
    'profiles/bad.bu': `${butaneProfile('fcos', '1.5.0')}unknown: ${SECRET}\n`,
    'profiles/hand.ign': '{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "relative"}]}}\n',
    'profiles/needy.yaml':
      'butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: "{{ parameters.p }}" }] } }\nparameters: { type: object, required: [p], properties: { p: { type: string } } }\n',
    'groups/one.yaml': 'profile: needy\nmatch: { mac: "52:54:00:00:00:01" }\nparameters: { p: relative }\n',
    'groups/two.yaml': 'profile: nowhere\nmatch: { rack: r1 }\n',
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const promised = await readContract();
  const answer = await ask(service.operator, '/v1/reports');
  promised('/v1/reports', answer);
  const { reports } = JSON.parse(answer.body.toString());
  assert.deepEqual(
    reports.map((each: { file: string; line: number; column: number; message: string }) =>
      [each.file, each.line, each.column, each.message].join(' '),
    ),
    [
      'groups/two.yaml 1 10 a machine that matches this group and groups/one.yaml is refused: they are equally specific and name different profiles',
      'groups/two.yaml 1 10 there is no profile nowhere',
      'profiles/bad.bu 7 1 unused key unknown',
      'profiles/hand.ign 1 67 path not absolute',
      'profiles/needy.yaml 1 69 path not absolute',
    ],
  );
  const { profiles } = JSON.parse((await ask(service.operator, '/v1/profiles')).body.toString());
  const broken = profiles.filter((each: { broken: boolean }) => each.broken).map((each: { id: string }) => each.id);
  assert.deepEqual(broken, ['bad', 'hand']);
  const { faults } = JSON.parse((await ask(service.operator, '/v1/revision')).body.toString());
  assert.equal(faults, 4);
});

async function withToken(t: TestContext, token: string | undefined) {
  const app = await createOperatorApp({
    ...NOTHING_SERVED,
    version: '0.0.0',
    logger: pino({ level: 'silent' }),
    ...(token === undefined ? {} : { tokens: async () => [digestToken(token)] }),
  });
  afterTest(t, () => app.close());
  await app.ready();
  return app;
}

/** What answers without a token, as it tells no more than whether the service is up and what its errors mean. */
const OPEN = new Set(['/healthz', '/readyz', '/problems']);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

test('Every route of the operator API denies what comes without its token', async (t) => {
  const app = await withToken(t, TOKEN);
  const paths = new Set(routesOf(app).map(({ path }) => path));
  for (const path of ['/metrics', '/openapi.json', '/docs', '/docs/static/*', '/v1/profiles/:id/render']) {
    assert.ok(paths.has(path), `${path} is among the routes that were found`);
  }
  const urls = [...paths].filter((path) => !OPEN.has(path)).map((path) => path.replace(':id', 'worker'));
  const nowhere = ['/', '/nowhere', '/v1', '/v1/profiles/a/b/c', '/metrics/', '/METRICS', '/docs/static/../json'];
  const refused = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${'x'.repeat(TOKEN.length)}`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    TOKEN,
  ];
  for (const url of [...urls.map((path) => path.replace('*', 'index.html')), ...nowhere]) {
    for (const method of METHODS) {
      for (const authorization of refused) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await app.inject({ method, url, headers });
        assert.equal(answer.statusCode, 401, `${method} ${url} with ${authorization}`);
        assert.equal(answer.headers['www-authenticate'], 'Bearer');
      }
    }
  }
});

test('What the running service has at a path is for who has the token', async (t) => {
  const operatorTokenFile = await writeTokenFile(t, TOKEN);
  const service = await startTestService(t, { site: EXAMPLE_SITE, operatorTokenFile });
  if (service === undefined) return;
  const authorization = `bearer ${TOKEN}`;
  for (const path of [
    '/metrics',
    '/openapi.json',
    '/docs/',
    '/docs/json',
    '/docs/yaml',
    '/v1/revision',
    '/v1/reports',
  ]) {
    for (const method of ['GET', 'HEAD']) {
      assert.equal((await ask(service.operator, path, { method })).status, 401, `${method} ${path}`);
      const answer = await ask(service.operator, path, { method, headers: { authorization } });
      assert.equal(answer.status, 200, `${method} ${path}`);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND']) {
      assert.equal((await ask(service.operator, path, { method })).status, 401, `${method} ${path}`);
      assert.equal((await ask(service.operator, path, { method, headers: { authorization } })).status, 404);
    }
  }
  const twice = await askRaw(
    service.operator,
    `GET /v1/revision HTTP/1.1\r\nAuthorization: ${authorization}\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
  );
  assert.match(twice, /^HTTP\/1\.1 401 /);
});

test('Without a token only loopback names reach the operator API, so no web page does', async (t) => {
  const app = await withToken(t, undefined);
  for (const host of ['localhost:8081', '127.0.0.1', '127.1.2.3:1', '[::1]:8081', 'LOCALHOST']) {
    assert.equal((await app.inject({ url: '/openapi.json', headers: { host } })).statusCode, 200, host);
  }
  for (const host of ['evil.example', 'localhost.evil.example', '192.0.2.1', '127.0.0.1.evil.example:80']) {
    assert.equal((await app.inject({ url: '/openapi.json', headers: { host } })).statusCode, 401, host);
  }
});

test('Without a token no page of another origin has anything done through a browser', async (t) => {
  const app = await withToken(t, undefined);
  const from = (headers: Readonly<Record<string, string>>) =>
    app.inject({ url: '/openapi.json', headers: { host: 'localhost:8081', ...headers } });
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:9999' },
    { origin: 'https://evil.example', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) assert.equal((await from(headers)).statusCode, 401, JSON.stringify(headers));
  const own = [
    { origin: 'http://localhost:8081', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' },
  ];
  for (const headers of own) assert.equal((await from(headers)).statusCode, 200, JSON.stringify(headers));
  const reload = await app.inject({
    method: 'POST',
    url: '/v1/reload',
    headers: { host: 'localhost', origin: 'null' },
  });
  assert.equal(reload.statusCode, 401);
});

test('The token comes from a file, and a bad one ends the start', async (t) => {
  const operatorTokenFile = await writeTokenFile(t, TOKEN);
  const service = await startTestService(t, { site: EXAMPLE_SITE, operatorTokenFile });
  if (service === undefined) return;
  assert.equal((await ask(service.operator, '/v1/revision')).status, 401);
  const headers = { Authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(service.operator, '/v1/revision', { headers })).status, 200);
  assert.ok(!JSON.stringify(service.log).includes(TOKEN), 'no token reaches the log');
  for (const text of ['', 'short', 'two words of more than sixteen characters']) {
    await writeFile(operatorTokenFile, text);
    await assert.rejects(
      startTestService(t, { site: EXAMPLE_SITE, operatorTokenFile }),
      /must hold one token on each line/,
    );
  }
});

test('The documentation is a page that loads nothing from elsewhere', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const page = await ask(service.operator, '/docs/');
  assert.equal(page.status, 200);
  const html = page.body.toString();
  for (const [, link = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.doesNotMatch(link, /^(?:https?:)?\/\//);
    const url = new URL(link, `${service.operator}/docs/`);
    assert.equal((await ask(service.operator, url.pathname)).status, 200, link);
  }
  const described = JSON.parse((await ask(service.operator, '/docs/json')).body.toString());
  assert.deepEqual(described, parse(await readFile('openapi/operator.yaml', 'utf8')));
  assert.deepEqual(JSON.parse((await ask(service.operator, '/openapi.json')).body.toString()), described);
});
