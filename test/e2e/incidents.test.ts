/*
 * What went wrong at comparable servers, replayed here, one test for each incident.
 *
 * Not replayed, since there is nothing here yet that it could happen to:
 * - assisted-service, July 2026 (a token of one machine that opened others), EC2 metadata mocks (a token map without
 *   bound) and pixiecore's keys per process: machines have no tokens; labels only select.
 * - AuroraBoot ("database is locked"): there is no database. That tokens are compared in constant time is not measurable
 *   here; test/unit/http/operator-auth.test.ts is about that comparison.
 * - Smee (a boot gate on some routes, scripts in span attributes): there is no gate, and there are no traces.
 * - Ignition CVE-2022-1706 (configs readable on a machine): nothing looks for secrets in configs; docs/operations.md
 *   says not to put any there.
 * - Expired accounts of Cobbler CVE-2022-0860: there are no accounts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { embeddedContent } from '../../src/ignition/embedded-content.ts';
import { afterTest } from '../support/after-test.ts';
import { assertNoCanary, assertNoCanaryIn, CANARY } from '../support/canary.ts';
import { runCommand } from '../support/command.ts';
import { requireProgram } from '../support/programs.ts';
import {
  type Answer,
  ask,
  askRaw,
  assertProblem,
  siteChecked,
  startTestService,
  type TestService,
  wrapButane,
  writeTokenFile,
} from '../support/service.ts';
import { addToSite, butaneProfile, EXAMPLE_SITE, scratchDirectory, writeSite } from '../support/site.ts';

const FCOS = 'variant: fcos\nversion: 1.5.0\n';
const TOKEN = 'a-token-of-more-than-16-characters';

const withFile = (contents: string) => `${FCOS}storage: { files: [{ path: /a, contents: ${contents} }] }\n`;
const composed = (scalar: string) =>
  `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /a, contents: { inline: ${JSON.stringify(scalar)} } }] } }\nparameters: { type: object, additionalProperties: true }\n`;

/** Runs the command line, which has to fail, and gives its exit code and what it printed. */
async function failing(...args: readonly string[]): Promise<{ readonly code: number; readonly printed: string }> {
  const { code, out, err } = await runCommand(args, { onTerminal: true, outOnTerminal: true });
  assert.notEqual(code, 0, `${args.join(' ')} should have failed`);
  return { code, printed: out + err };
}

/** A service whose operator API needs {@link TOKEN}. */
async function startWithToken(t: TestContext, site: string): Promise<TestService | undefined> {
  return startTestService(t, { site, operatorTokenFile: await writeTokenFile(t, TOKEN) });
}

/** A butane that notes its arguments, a line for each run, and a function that reads them. */
async function notingButane(t: TestContext) {
  const notes = join(await scratchDirectory(t), 'notes');
  await writeFile(notes, '');
  const butane = await wrapButane(t, `echo "$@" >> '${notes}'`);
  const runs = async () => (await readFile(notes, 'utf8')).split('\n').filter((line) => line !== '');
  return { butane, runs };
}

test('Foreman CVE-2022-3874, CVE-2025-10622: no setting, site file or request changes which program runs', async (t) => {
  const { butane, runs } = await notingButane(t);
  if (butane === undefined) return;
  const settings = ['butane', 'butane_path', 'command', 'transpiler', 'args', 'ct_command', 'fcct_arguments'];
  for (const setting of settings) {
    const site = await writeSite(t, {
      'profiles/a.bu': butaneProfile('fcos', '1.5.0'),
      'site.yaml': `${setting}: /bin/sh\n`,
    });
    const { code, printed } = await failing('lint', '--site', site, '--butane', butane);
    assert.equal(code, 1);
    assert.match(printed, /unknown key/);
    const inProfile = `${setting === 'butane' ? 'program' : setting}: [/bin/sh]\n`;
    await addToSite(site, {
      'site.yaml': '',
      'profiles/b.yaml': `butane: { variant: fcos, version: 1.5.0 }\n${inProfile}`,
    });
    assert.equal((await failing('lint', '--site', site, '--butane', butane)).code, 1);
  }
  const site = await writeSite(t, {
    'profiles/a.bu': butaneProfile('fcos', '1.5.0'),
    'profiles/labels.yaml': composed('{{ labels | json }}'),
    'groups/a.yaml': 'profile: labels\nmatch: { rack: r1 }\nparameters: { butane: /bin/sh, args: [--files-dir, /] }\n',
  });
  const service = await startTestService(t, { site, butane });
  if (service === undefined) return;
  await siteChecked(service);
  for (const id of [
    'a',
    'labels',
    '-h',
    '--files-dir=%2f',
    '--output%3d%2ftmp%2fx',
    ';id',
    '$(id)',
    '%60id%60',
    '|id',
  ]) {
    const query = settings.map((each) => `${each}=/bin/sh`).join('&');
    const headers = { 'X-Butane': '/bin/sh', 'User-Agent': '() { :; }; /bin/id' };
    for (const more of ['files-dir=/', '--output=/tmp/x', 'rack=r1&strict=false']) {
      const { status } = await ask(service.machine, `/ignition/${id}?${query}&${more}`, { headers });
      assert.ok([200, 400, 404].includes(status), `${id}: ${status}`);
    }
  }
  const noted = await runs();
  assert.ok(noted.length > 0);
  for (const run of noted) assert.match(run, /^(?:--strict )?--raw --raw-errors --files-dir \/\S+$/);
});

test('Foreman CVE-2014-0192, CVE-2016-4995: a preview is for operators alone', async (t) => {
  const site = await writeSite(t, { 'profiles/a.bu': withFile(`{ inline: ${CANARY} }`) });
  const service = await startWithToken(t, site);
  if (service === undefined) return;
  for (const path of ['/v1/profiles/a/render', '/v1/profiles/a', '/v1/reports', '/v1/select']) {
    assertProblem(await ask(service.machine, path), 404, 'route-not-found');
    assertProblem(await ask(service.operator, path), 401, 'unauthorized');
    const headers = { Authorization: `Bearer ${TOKEN}` };
    assert.equal((await ask(service.operator, path, { headers })).status, 200);
  }
  assertNoCanary(service);
});

test('Foreman CVE-2016-3693: a template sees no object, prototype or environment of the service', async (t) => {
  process.env.PILOTLIGHT_TEST_SECRET = CANARY;
  afterTest(t, () => {
    delete process.env.PILOTLIGHT_TEST_SECRET;
  });
  const payloads = [
    '{{ parameters | inspect }}',
    '{{ process.env.PILOTLIGHT_TEST_SECRET }}',
    '{{ env.PILOTLIGHT_TEST_SECRET }}',
    '{{ global }}',
    '{{ globalThis.process }}',
    '{{ this }}',
    '{{ self }}',
    '{{ parameters.constructor.constructor }}',
    '{{ parameters.__proto__ }}',
    '{{ "" | constructor }}',
    '{{ labels.toString }}',
    '{{ machine.constructor }}',
    '{{ "x".constructor.constructor }}',
    '{{ parameters["__proto__"]["constructor"] }}',
    '{{ service.env }}',
    '{% include "/proc/self/environ" %}',
    '{% render "/proc/self/environ" %}',
    '{% layout "/proc/self/environ" %}',
    '{{ "/proc/self/environ" | read }}',
  ];
  const profiles = payloads.map((payload, index) => [`profiles/p${index}.yaml`, composed(payload)]);
  const service = await startTestService(t, { site: await writeSite(t, Object.fromEntries(profiles)) });
  if (service === undefined) return;
  for (const [index, payload] of payloads.entries()) {
    const answer = await ask(service.machine, `/ignition/p${index}`);
    const text = answer.body.toString();
    assert.ok([404, 503].includes(answer.status), `${payload}: ${answer.status} ${text}`);
    const shown = (await ask(service.operator, `/v1/profiles/p${index}/render`)).body.toString();
    assertNoCanaryIn(text + shown, payload);
    assert.doesNotMatch(text + shown, /\[object|function |native code/, payload);
  }
});

test('Foreman CVE-2014-3653: script in names, reports and configs comes out as text', async (t) => {
  const script = '<script>alert(1)</script>';
  const site = await writeSite(t, {
    'profiles/good.yaml': `title: "${script}"\n${composed(script)}`,
    'profiles/bad.bu': `${FCOS}"${script}": 1\n`,
    'groups/a.yaml': `profile: good\nmatch: { rack: "${script}" }\nparameters: { "${script}": "${script}" }\n`,
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const said = encodeURIComponent(script);
  const paths = ['/v1/profiles', '/v1/profiles/good', '/v1/profiles/good/render', '/v1/profiles/bad', '/v1/groups'];
  for (const path of [...paths, '/v1/reports', `/v1/select?rack=${said}`, `/v1/profiles/${said}`, `/${said}`]) {
    const { headers, body } = await ask(service.operator, path, { headers: { Accept: 'text/html' } });
    assert.match(String(headers['content-type']), /^application\/(?:problem\+)?json/, path);
    assert.doesNotThrow(() => JSON.parse(body.toString()));
  }
  for (const path of [`/ignition/${said}`, `/ignition?mac=${said}`, `/ignition?${said}=1`, `/${said}`]) {
    const answer = await ask(service.machine, path, { headers: { Accept: 'text/html' } });
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.ok(!answer.body.includes('<'), 'an error repeats nothing of the request');
  }
  const page = await ask(service.operator, '/docs/');
  assert.match(String(page.headers['content-security-policy']), /script-src 'self'/);
});

test('Foreman CVE-2016-3728, CVE-2022-4130: nothing that a site or a request names is run or fetched', async (t) => {
  let connections = 0;
  const listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  afterTest(t, () => listener.close());
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/x`;
  const never = join(await scratchDirectory(t), 'never');
  const evil = [url, `$(touch ${never})`, `\`touch ${never}\``, `; touch ${never}`, `'; touch ${never}; '`];
  const site = await writeSite(t, {
    'profiles/fetch.bu': `${FCOS}ignition: { config: { merge: [{ source: "${url}" }] } }\nstorage: { files: [{ path: /a, contents: { source: "${url}" } }] }\n`,
    'profiles/replace.ign': `{"ignition": {"version": "3.4.0", "config": {"replace": {"source": "${url}"}}}}`,
    'profiles/fill.yaml': composed('{{ labels.x }} {{ parameters.url }}'),
    'groups/a.yaml': `profile: fill\nmatch: { rack: r1 }\nparameters: { url: "${url}" }\n`,
    'profiles/ref.yaml': `butane: { variant: fcos, version: 1.5.0 }\nparameters: { type: object, properties: { a: { $ref: "#/properties/b" }, b: {} } }\n`,
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  for (const text of evil) {
    const said = encodeURIComponent(text);
    for (const path of ['fetch', 'replace', 'fill', said]) {
      for (const key of ['x', 'url', 'hostname', 'serial', 'callback']) {
        const headers = { Host: `127.0.0.1:${port}`, 'X-Forwarded-Host': text, Referer: text, 'User-Agent': text };
        await ask(service.machine, `/ignition/${path}?rack=r1&${key}=${said}`, { headers });
        await ask(service.operator, `/v1/profiles/${path}/render?rack=r1&${key}=${said}`);
        await ask(service.operator, `/v1/select?${key}=${said}`);
      }
    }
  }
  await askRaw(service.machine, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await askRaw(service.machine, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
  assert.equal(connections, 0);
  await assert.rejects(readFile(never), 'no shell has run');
  const remote = await writeSite(t, {
    'profiles/a.yaml': `butane: { variant: fcos, version: 1.5.0 }\nparameters: { type: object, $ref: "${url}" }\n`,
  });
  assert.equal((await failing('lint', '--site', remote)).code, 1);
  assert.equal(connections, 0);
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What answers to anybody, since it tells no more than that the service is up. */
const OPEN = new Set(['/healthz', '/readyz', '/problems']);

test('Cobbler CVE-2018-1000226: every route refuses who has no token, or another one', async (t) => {
  const service = await startWithToken(t, EXAMPLE_SITE);
  if (service === undefined) return;
  const { paths } = parse(await readFile('openapi/operator.yaml', 'utf8'));
  const described = Object.keys(paths).filter((path) => !OPEN.has(path));
  const others = [
    '/',
    '/docs',
    '/docs/',
    '/docs/json',
    '/docs/static/index.html',
    '/openapi.json',
    '/metrics',
    '/nowhere',
  ];
  for (const path of [...described.map((each) => each.replace('{id}', 'worker')), ...others]) {
    for (const method of METHODS) {
      for (const headers of [{}, { Authorization: 'Bearer another-token-of-16-characters' }]) {
        const { status, body } = await ask(service.operator, path, { method, headers });
        assert.equal(status, 401, `${method} ${path}`);
        if (method !== 'HEAD') assert.equal(JSON.parse(body.toString()).code, 'unauthorized');
      }
    }
  }
});

test('Cobbler CVE-2021-40323, CVE-2021-40324, CVE-2021-40325: no path leads out, and no template comes in', async (t) => {
  const site = await writeSite(t, {
    'profiles/echo.yaml': composed('{{ labels.say }}'),
    'site.yaml': `parameters: { secret: ${CANARY} }\n`,
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const steps = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%5c', '....//', '%252e%252e%252f', '..%c0%af', '..;/'];
  for (const step of steps) {
    for (const file of ['etc/passwd', 'site.yaml', 'package.json', 'proc/self/environ%00']) {
      for (const before of ['/ignition/', '/', '/ignition/echo/']) {
        const { status } = await ask(service.machine, `${before}${step.repeat(6)}${file}`);
        assert.ok(status === 400 || status === 404, `${before}${step}${file}: ${status}`);
      }
      for (const before of ['/docs/static/', '/docs/', '/v1/profiles/', '/v1/groups/']) {
        const { status } = await ask(service.operator, `${before}${step.repeat(6)}${file}`);
        assert.ok(status === 400 || status === 404, `${before}${step}${file}: ${status}`);
      }
    }
  }
  for (const payload of [
    '{{7*7}}',
    '{{ parameters.secret }}',
    '#set $x = 7',
    '$\u{7b}7*7}',
    '<%= 7*7 %>',
    '{% raw %}',
  ]) {
    const { status, body } = await ask(service.machine, `/ignition/echo?say=${encodeURIComponent(payload)}`);
    assert.equal(status, 200);
    const { contents } = JSON.parse(body.toString()).storage.files[0];
    assert.equal(embeddedContent(contents)?.toString(), payload);
  }
});

test('Cobbler CVE-2022-0860, CVE-2024-47533: empty, null and -1 are no credentials', async (t) => {
  const service = await startWithToken(t, EXAMPLE_SITE);
  if (service === undefined) return;
  const none = ['', 'null', 'undefined', '-1', '0', 'false', '[]', '{}', '""', '*', '%00', 'NaN', 'Og=='];
  for (const Authorization of none.flatMap((each) => [each, `Bearer ${each}`, `Basic ${each}`, `Token ${each}`])) {
    assert.equal(
      (await ask(service.operator, '/v1/revision', { headers: { Authorization } })).status,
      401,
      Authorization,
    );
  }
  const headers = { Authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(service.operator, '/v1/revision', { headers })).status, 200);
  const file = join(await scratchDirectory(t), 'token');
  for (const text of ['', '\n', '-1', 'null', 'short', 'two words of sixteen letters']) {
    await writeFile(file, text);
    const flags = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0', '--operator-token-file', file];
    const { code, printed } = await failing('serve', '--site', EXAMPLE_SITE, ...flags);
    assert.equal(code, 1, text);
    assert.match(printed, /must hold one token on each line/);
  }
});

test('Ironic OSSA-2025-001, CVE-2026-44917: no path of a site leads out of it, wherever it stands', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const outside = join(await scratchDirectory(t), 'secret');
  await writeFile(outside, CANARY);
  const up = `${'../'.repeat(20)}${outside.slice(1)}`;
  const bu = (text: string) => ({ ending: 'bu', text: `${FCOS}${text}\n` });
  const yaml = (text: string) => ({ ending: 'yaml', text: `${text}\n` });
  const inComposed = (path: string) =>
    `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /a, contents: { local: "${path}" } }] } }`;
  const places: Readonly<Record<string, (path: string) => { readonly ending: string; readonly text: string }>> = {
    file: (path) => bu(`storage: { files: [{ path: /a, contents: { local: "${path}" } }] }`),
    appended: (path) => bu(`storage: { files: [{ path: /a, append: [{ local: "${path}" }] }] }`),
    tree: (path) => bu(`storage: { trees: [{ local: "${path}" }] }`),
    unit: (path) => bu(`systemd: { units: [{ name: a.service, contents_local: "${path}" }] }`),
    keys: (path) => bu(`passwd: { users: [{ name: a, ssh_authorized_keys_local: ["${path}"] }] }`),
    merged: (path) => bu(`ignition: { config: { merge: [{ local: "${path}" }] } }`),
    replaced: (path) => bu(`ignition: { config: { replace: { local: "${path}" } } }`),
    certificate: (path) => bu(`ignition: { security: { tls: { certificate_authorities: [{ local: "${path}" }] } } }`),
    composed: (path) => yaml(inComposed(path)),
    filled: (path) =>
      yaml(
        `${inComposed('{{ parameters.p }}')}\nparameters: { type: object, properties: { p: { default: "${path}" } } }`,
      ),
    fragment: (path) => yaml(`layers: ["${path}"]\nbutane: { variant: fcos, version: 1.5.0 }`),
  };
  const paths = [outside, up, `file://${outside}`, `files/../${up}`, `.//${up}`, '../x/secret', '..'];
  const profiles = Object.values(places).flatMap((profile) => paths.map(profile));
  const named = profiles.map(({ ending, text }, index) => [`profiles/p${index}.${ending}`, text]);
  const service = await startTestService(t, {
    site: await writeSite(t, { 'files/x': 'x', ...Object.fromEntries(named) }),
  });
  if (service === undefined) return;
  for (const [index, { text }] of profiles.entries()) {
    const answer = await ask(service.machine, `/ignition/p${index}`);
    assertProblem(answer, 503, 'profile-broken');
    const shown = await ask(service.operator, `/v1/profiles/p${index}/render`);
    assertNoCanaryIn(`${answer.body}${shown.body}`, text);
  }
  for (const target of [outside, dirname(outside)]) {
    const site = await writeSite(t, { 'profiles/a.bu': withFile('{ local: link }'), 'files/x': 'x' });
    await symlink(target, join(site, 'files/link'));
    const { code, printed } = await failing('lint', '--site', site);
    assert.equal(code, 1);
    assert.match(printed, /leads out of/);
    assertNoCanaryIn(printed, target);
  }
  for (const folder of ['profiles', 'fragments', 'groups']) {
    const site = await writeSite(t, { 'profiles/a.bu': withFile('{ inline: x }') });
    await mkdir(join(site, folder), { recursive: true });
    await symlink(outside, join(site, folder, folder === 'groups' ? 'b.yaml' : 'b.bu'));
    const { code, printed } = await failing('lint', '--site', site);
    assert.equal(code, 1);
    assert.match(printed, /leads out of the site/);
    assertNoCanaryIn(printed, folder);
  }
});

test('BMO PRs 1929-1931: a profile can only name files of its own site', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const both = await writeSite(t, {
    'mine/profiles/a.bu': withFile('{ local: ../../theirs/files/secret }'),
    'mine/profiles/b.yaml': 'layers: [../../theirs/fragments/secret.bu]\nbutane: { variant: fcos, version: 1.5.0 }\n',
    'mine/files/x': 'x',
    'theirs/files/secret': CANARY,
    'theirs/fragments/secret.bu': withFile(`{ inline: ${CANARY} }`),
  });
  for (const id of ['a', 'b']) {
    const { code, printed } = await failing('render', id, '--site', join(both, 'mine'));
    assert.equal(code, 1);
    assertNoCanaryIn(printed, id);
  }
});

test('cloud-init CVE-2024-6174: nothing is offered to a network, or at a link-local address, by itself', () => {
  const result = readConfig({}, {}, false);
  assert.ok(result.ok);
  assert.deepEqual([result.config.listen.host, result.config.operatorListen.host], ['127.0.0.1', '127.0.0.1']);
  assert.equal(result.config.publicUrl, 'http://127.0.0.1:8080');
});

test('Machine Config Server: a config with a private key leaves no trace of it in the log', async (t) => {
  const key = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`;
  const site = await writeSite(t, {
    'profiles/a.bu': withFile(`{ inline: ${JSON.stringify(key)} }`),
    'profiles/large.bu': withFile(`{ inline: ${JSON.stringify(key.repeat(10_000))} }`),
    'profiles/broken.bu': `${withFile(`{ inline: ${JSON.stringify(key)} }`)}nonsense: 1\n`,
  });
  const service = await startTestService(t, { site, logLevel: 'trace' });
  if (service === undefined) return;
  assert.equal((await ask(service.machine, '/ignition/a')).status, 200);
  await ask(service.machine, '/ignition/large');
  assert.equal((await ask(service.machine, '/ignition/broken')).status, 503);
  await siteChecked(service);
  assertNoCanary(service);
});

/** Many machines of one profile that ask at the same time. */
function askAll(service: TestService, count: number): Promise<readonly Answer[]> {
  const mac = (index: number) => `525400${index.toString(16).padStart(6, '0')}`;
  return Promise.all(
    Array.from({ length: count }, (_, index) => ask(service.machine, `/ignition/same?mac=${mac(index)}`)),
  );
}

test('Machine Config Server PR 3262: 1,000 machines that boot at once wait for one render', async (t) => {
  const { butane, runs } = await notingButane(t);
  if (butane === undefined) return;
  const site = await writeSite(t, { 'profiles/same.bu': butaneProfile('fcos', '1.5.0') });
  const service = await startTestService(t, { site, butane });
  if (service === undefined) return;
  const startedAt = performance.now();
  const answers = await askAll(service, 1000);
  assert.ok(performance.now() - startedAt < 10_000);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ headers }) => headers.etag)).size, 1);
  assert.equal((await runs()).length, 1);
});

test('Machine Config Server: an unknown profile is 404, and a broken one is not unknown', async (t) => {
  const site = await writeSite(t, { 'profiles/broken.bu': `${FCOS}nonsense: 1\n` });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  for (const id of ['nowhere', 'BROKEN', 'broken.bu', 'null', '%20', 'a'.repeat(256)]) {
    assertProblem(await ask(service.machine, `/ignition/${id}`), 404, 'profile-not-found');
  }
  assertProblem(await ask(service.machine, '/ignition/broken'), 503, 'profile-broken');
});

test('HyperShift 1021: a restart under load costs a render for each config, not for each machine', async (t) => {
  const { butane, runs } = await notingButane(t);
  if (butane === undefined) return;
  const site = await writeSite(t, { 'profiles/same.bu': butaneProfile('fcos', '1.5.0') });
  const etags = new Set<unknown>();
  for (const restart of [1, 2, 3]) {
    const service = await startTestService(t, { site, butane });
    if (service === undefined) return;
    const answers = await askAll(service, 200);
    for (const { status, headers } of answers) {
      assert.equal(status, 200);
      etags.add(headers.etag);
    }
    await service.close();
    assert.equal((await runs()).length, restart);
  }
  assert.equal(etags.size, 1);
});

test('boot-operator: a forwarded address counts from a listed proxy alone, and only its last entry', async (t) => {
  const site = await writeSite(t, {
    'profiles/a.bu': butaneProfile('fcos', '1.5.0'),
    'groups/a.yaml': 'profile: a\nmatch: { ip: 192.0.2.7 }\n',
  });
  const ours = await startTestService(t, { site });
  const behind = await startTestService(t, { site, trustedProxies: ['127.0.0.1/32'] });
  if (ours === undefined || behind === undefined) return;
  const statusOf = async (service: TestService, headers: Readonly<Record<string, string>>) =>
    (await ask(service.machine, '/ignition', { headers })).status;
  for (const name of [
    'X-Forwarded-For',
    'Forwarded',
    'X-Real-IP',
    'X-Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
  ]) {
    assert.equal(await statusOf(ours, { [name]: name === 'Forwarded' ? 'for=192.0.2.7' : '192.0.2.7' }), 404, name);
  }
  assert.equal(await statusOf(behind, { 'X-Forwarded-For': '192.0.2.7' }), 200);
  assert.equal(await statusOf(behind, { 'X-Forwarded-For': '192.0.2.7, 192.0.2.8' }), 404);
  assert.equal(await statusOf(behind, { 'X-Forwarded-For': '192.0.2.8, 192.0.2.7' }), 200);
});

test('boot-operator: what is not known is answered alike, so that nothing can be counted through', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const asked = async (query: string) => {
    const { status, headers, body } = await ask(service.machine, `/ignition?${query}`);
    const { date: _date, ...rest } = headers;
    const { instance: _instance, ...problem } = JSON.parse(body.toString());
    return { status, rest, problem };
  };
  const first = await asked('uuid=4c4c4544-0035-4d10-8054-b4c04f4d3132');
  assert.equal(first.status, 404);
  for (const query of ['uuid=00000000-0000-0000-0000-000000000000', 'mac=52:54:00:00:00:01', 'serial=x', '']) {
    assert.deepEqual(await asked(query), first);
  }
});

test('Hegel: a list of proxies that would trust everyone is refused', async () => {
  for (const network of ['0.0.0.0/0', '::/0', '10.0.0.0/0']) {
    const { code, printed } = await failing('serve', '--site', EXAMPLE_SITE, '--trusted-proxy', network);
    assert.equal(code, 2);
    assert.match(printed, /would let every machine say which address it has/);
  }
});

test('Foreman: two groups that match equally well are refused, whichever is newer', async (t) => {
  const site = await writeSite(t, {
    'profiles/a.bu': butaneProfile('fcos', '1.5.0'),
    'profiles/b.bu': butaneProfile('fcos', '1.4.0'),
    'groups/by-rack.yaml': 'profile: a\nmatch: { rack: r1 }\n',
    'groups/by-role.yaml': 'profile: b\nmatch: { role: db }\n',
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  assertProblem(await ask(service.machine, '/ignition?rack=r1&role=db'), 503, 'selection-ambiguous');
  assert.equal((await ask(service.machine, '/ignition?rack=r1')).status, 200);
});

test('Nebraska 642: no token stands in a URL, and one that a client puts there is not logged', async (t) => {
  const service = await startWithToken(t, EXAMPLE_SITE);
  if (service === undefined) return;
  for (const key of ['token', 'access_token', 'authorization', 'bearer', 'api_key']) {
    assertProblem(await ask(service.operator, `/v1/revision?${key}=${TOKEN}`), 401, 'unauthorized');
    await ask(service.machine, `/ignition/fcos?${key === 'authorization' ? 'auth_token' : `${key}_token`}=${CANARY}`);
  }
  assertNoCanary(service);
  assert.ok(!JSON.stringify(service.log).includes(TOKEN));
});

test('Tinkerbell: no route of a machine redirects, whatever is said about the way it came', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const paths = [
    '/',
    '/ignition',
    '/ignition/',
    '/ignition/fcos',
    '/ignition/fcos/',
    '//ignition/fcos',
    '/IGNITION/fcos',
  ];
  for (const path of [...paths, '/ignition/../ignition/fcos', '/ignition/fcos?', '/index.html']) {
    for (const method of METHODS) {
      const headers = { Host: 'other.example', 'X-Forwarded-Proto': 'https', 'Upgrade-Insecure-Requests': '1' };
      const { status, headers: got } = await ask(service.machine, path, { method, headers });
      assert.ok(status < 300 || status >= 400, `${method} ${path}: ${status}`);
      assert.equal(got.location, undefined);
    }
  }
});

test('pixiecore: a second request, and another replica, give the same bytes', async (t) => {
  const replicas = [
    await startTestService(t, { site: EXAMPLE_SITE }),
    await startTestService(t, { site: EXAMPLE_SITE }),
  ];
  const bodies = new Set<string>();
  for (const service of replicas) {
    if (service === undefined) return;
    for (let times = 0; times < 3; times += 1) {
      const { status, body } = await ask(service.machine, '/ignition?mac=52:54:00:a1:9c:ae');
      assert.equal(status, 200);
      bodies.add(body.toString());
    }
  }
  assert.equal(bodies.size, 1);
});

test('Sidero: a label that is missing or malformed is 4xx', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const values = [
    '',
    '%20',
    'null',
    'undefined',
    '0',
    '-',
    '$%7buuid%7d',
    '%7b%7d',
    '%00',
    '%ff',
    '%',
    'a'.repeat(300),
  ];
  for (const path of ['/ignition', '/ignition/worker', '/ignition/nowhere']) {
    for (const key of ['uuid', 'mac', 'serial', 'hostname', 'arch', 'ip', 'x', '', '%00', '__proto__']) {
      for (const value of values) {
        const { status } = await ask(service.machine, `${path}?${key}=${value}`);
        assert.ok(status >= 400 && status < 500, `${path}?${key}=${value}: ${status}`);
      }
      const bare = (await ask(service.machine, `${path}?${key}`)).status;
      assert.ok(bare >= 400 && bare < 500, `${path}?${key}: ${bare}`);
    }
  }
});
