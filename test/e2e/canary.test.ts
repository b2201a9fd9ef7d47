import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { embeddedContent } from '../../src/ignition/embedded-content.ts';
import type { JsonObject, JsonValue } from '../../src/ignition/json.ts';
import { isObject } from '../../src/ignition/json.ts';
import { itemsAt } from '../support/applied-root.ts';
import { assertNoCanary, assertNoCanaryIn, CANARY, tellsCanary } from '../support/canary.ts';
import { requireProgram } from '../support/programs.ts';
import {
  type Answer,
  ask,
  askRaw,
  siteChecked,
  startTestService,
  wrapButane,
  writeTokenFile,
} from '../support/service.ts';
import { scratchDirectory, writeSite } from '../support/site.ts';

const execute = promisify(execFile);

const FCOS = 'variant: fcos\nversion: 1.5.0\n';
const file = (contents: string) => `storage: { files: [{ path: /secret, contents: ${contents} }] }\n`;
const inline = (text: string) => `${FCOS}${file(`{ inline: ${JSON.stringify(text)} }`)}`;
const composed = (scalar: string, parameters = '{ type: object }') =>
  `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /a, contents: { inline: ${JSON.stringify(scalar)} } }] } }\nparameters: ${parameters}\n`;
const withInside = (config: string) => `${FCOS}ignition: { config: { merge: [{ ${config} }] } }\n`;

/** A profile with the feature that holds credentials. */
const feature = (block: object) => JSON.stringify({ features: { overlaybd: block } });
const AUTH = Buffer.from(`u:${CANARY}`).toString('base64');

/** Blocks that a rule or the schema refuses, each with the secret where a message could quote it. */
const BAD_BLOCKS: Readonly<Record<string, object>> = {
  auth: { credentials: [{ registry: 'a.example', auth: CANARY }] },
  'auth-line': { credentials: [{ registry: 'a.example', auth: Buffer.from(`u:${CANARY}\n`).toString('base64') }] },
  registry: { credentials: [{ registry: `${CANARY}/${CANARY}:1`, username: 'u', password: CANARY }] },
  half: { credentials: [{ registry: 'a.example', password: CANARY }] },
  twice: { credentials: [1, 2].map(() => ({ registry: 'a.example', username: 'u', password: CANARY })) },
  places: {
    credentials: [{ registry: 'a.example', auth: AUTH }],
    backstore: { credentialConfig: { path: `/${CANARY}` } },
  },
  service: { credentials: { mode: 'http', path: CANARY } },
  type: { credentials: [{ registry: 'a.example', username: [CANARY], password: CANARY }] },
  ref: { prepull: [{ ref: `https://u:${CANARY}@a.example/app:1` }] },
  authority: { authorities: [`-----BEGIN PRIVATE KEY-----\n${CANARY}`] },
  release: { release: CANARY },
  address: { backstore: { serviceConfig: { address: `http://u:${CANARY}@a.example` } } },
};

/** What a wrapped butane makes a crash of. */
const CRASH = 'crash-now';

/** Profiles that are served, with the secret from wherever a config can have it. */
const GOOD: Readonly<Record<string, string>> = {
  'site.yaml': `parameters: { everywhere: ${CANARY} }\n`,
  'files/secret.txt': CANARY,
  'files/tree/etc/secret': CANARY,
  'fragments/literal.bu': file(`{ inline: ${CANARY} }`),
  'fragments/filled.bu.liquid':
    'storage: { files: [{ path: /all, contents: { inline: "{{ parameters | json }} {{ labels.token }}" } }] }\n',
  'profiles/local.bu': `${FCOS}storage: { files: [{ path: /a, contents: { local: secret.txt } }], trees: [{ local: tree }] }\n`,
  'profiles/plain.bu': inline(CANARY),
  'profiles/hand.ign': `{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a","contents":{"source":"data:,${CANARY}"}}]}}`,
  'profiles/whole.yaml': `layers: [fragments/literal.bu, fragments/filled.bu.liquid]
butane: { variant: fcos, version: 1.5.0 }
parameters:
  type: object
  properties: { everywhere: { type: string }, password: { type: string }, fallback: { default: ${CANARY} } }
`,
  'profiles/feature.yaml': feature({
    credentials: [
      { registry: 'docker.io', username: 'fleet', password: CANARY },
      { registry: 'a.example', auth: AUTH },
    ],
    prepull: [{ ref: 'a.example/app:1' }, { ref: 'docker.io/team/app:1' }],
  }),
  'groups/one.yaml': `profile: whole\nmatch: { rack: r1 }\nparameters: { password: ${CANARY} }\n`,
};

/** Profiles that are not, each with the secret where a message could quote it. */
const BROKEN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(BAD_BLOCKS).map(([name, block]) => [`profiles/feature-${name}.yaml`, feature(block)]),
  ),
  'profiles/yaml-unclosed.bu': `${FCOS}storage: { files: [ "${CANARY}\n`,
  'profiles/yaml-alias.bu': `${FCOS}storage: *${CANARY}\n`,
  'profiles/yaml-tag.bu': `${FCOS}storage: !${CANARY} x\n`,
  'profiles/yaml-escape.bu': `${FCOS}storage: "\\q${CANARY}"\n`,
  'profiles/yaml-colon.bu': `${FCOS}storage: a: ${CANARY}: b\n`,
  'profiles/yaml-indent.bu': `${FCOS}storage:\n    files: ${CANARY}\n  links: ${CANARY}\n`,
  'profiles/yaml-bytes.bu': `${FCOS}# ${CANARY}\nstorage: \u0000${CANARY}\n`,
  'profiles/variant.bu': `variant: ${CANARY}\nversion: 1.5.0\n`,
  'profiles/version.bu': `variant: fcos\nversion: ${CANARY}\n`,
  'profiles/type-number.bu': `${FCOS}storage: { files: [{ path: /a, mode: ${CANARY} }] }\n`,
  'profiles/type-flag.bu': `${FCOS}storage: { files: [{ path: /a, overwrite: ${CANARY} }] }\n`,
  'profiles/type-list.bu': `${FCOS}storage: { files: ${CANARY} }\n`,
  'profiles/path.bu': `${FCOS}storage: { files: [{ path: ${CANARY} }] }\n`,
  'profiles/hash.bu': `${FCOS}${file(`{ source: "https://x.invalid/", verification: { hash: "${CANARY}" } }`)}`,
  'profiles/source.bu': `${FCOS}${file(`{ source: "${CANARY}://${CANARY}" }`)}`,
  'profiles/local-missing.bu': `${FCOS}${file(`{ local: ${CANARY} }`)}`,
  'profiles/unit.bu': `${FCOS}systemd: { units: [{ name: ${CANARY} }] }\n`,
  'profiles/key.bu': `${FCOS}passwd: { users: [{ name: a, password_hash: [${CANARY}] }] }\n`,
  'profiles/inside-no-json.bu': withInside(`inline: "${CANARY}"`),
  'profiles/inside-type.bu': withInside(
    `inline: '{"ignition": {"version": "3.4.0"}, "storage": {"files": "${CANARY}"}}'`,
  ),
  'files/child.ign': `{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "${CANARY}"}]}}`,
  'profiles/inside-local.bu': withInside('local: child.ign'),
  'profiles/ign-syntax.ign': `{"ignition": {"version": "3.4.0"}, ${CANARY}}`,
  'profiles/ign-end.ign': `{"ignition": {"version": "3.4.0"}} ${CANARY}`,
  'profiles/ign-type.ign': `{"ignition": {"version": "3.4.0"}, "storage": {"files": "${CANARY}"}}`,
  'profiles/ign-version.ign': `{"ignition": {"version": "${CANARY}"}}`,
  'profiles/ign-value.ign': `{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "${CANARY}"}]}}`,
  'profiles/template-filter.yaml': composed(`{{ "${CANARY}" | nosuch }}`),
  'profiles/template-tag.yaml': composed(`{% ${CANARY} %}`),
  'profiles/template-open.yaml': composed(`{{ "${CANARY}"`),
  'profiles/template-value.yaml': composed(`{{ "${CANARY}" | base64_decode | date: "x" | map: "y" }} {{ 1 | slice }}`),
  'profiles/template-toml.yaml': composed(`{{ "${CANARY}" | toml }}`),
  'profiles/template-type.yaml': `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /a, mode: "{{ parameters.mode }}" }] } }\nparameters: { type: object, properties: { mode: { type: string, default: ${CANARY} } } }\n`,
  'profiles/template-loop.yaml': composed(`{% for i in (1..100000000) %}${CANARY}{% endfor %}`),
  'profiles/parameter-enum.yaml': composed(
    '{{ parameters.everywhere }}',
    '{ type: object, properties: { everywhere: { enum: [other] } } }',
  ),
  'profiles/parameter-pattern.yaml': composed(
    '{{ parameters.everywhere }}',
    '{ type: object, properties: { everywhere: { type: string, pattern: "^x$" } } }',
  ),
  'profiles/parameter-format.yaml': composed(
    '{{ parameters.everywhere }}',
    '{ type: object, properties: { everywhere: { type: string, format: ipv4 } } }',
  ),
  'profiles/parameter-default.yaml': composed(
    'x',
    `{ type: object, properties: { d: { type: integer, default: ${CANARY} } } }`,
  ),
  'profiles/parameter-needed.yaml': composed(
    '{{ parameters.needed }}',
    '{ type: object, required: [needed], properties: { needed: { type: string }, everywhere: { type: string } } }',
  ),
  'profiles/crash.bu': inline(`${CRASH} ${CANARY}`),
  'groups/twin-a.yaml': `match: { role: twin }\nparameters: { password: ${CANARY} }\n`,
  'groups/twin-b.yaml': 'match: { role2: twin }\nparameters: { password: another }\n',
};

const ids = (files: Readonly<Record<string, string>>) =>
  Object.keys(files).flatMap((path) => /^profiles\/(.*)\.\w+$/.exec(path)?.[1] ?? []);

/** A butane that crashes as a Go program does, quoting what it was given, for documents that ask for it. */
const CRASHING = `case "$text" in *${CRASH}*) echo "panic: $text" >&2; echo "goroutine 1 [running]:" >&2; exit 2;; esac`;

const OLD = { Accept: 'application/vnd.coreos.ignition+json;version=3.0.0, */*;q=0.1' };

/** What the operator API tells without contents; the three that may quote a site are left out (docs/reports.md). */
const DISCREET = ['/v1/revision', '/v1/profiles', '/v1/groups', '/v1/groups/one', '/v1/select?rack=r1', '/metrics'];

const HEADERS = { Authorization: `Bearer ${CANARY}`, Cookie: `session=${CANARY}`, Referer: `http://x/?${CANARY}` };

test('The secret is found in whatever spelling it is told', () => {
  for (const before of ['', 'a', 'ab']) {
    for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      const told = Buffer.from(`${before}${CANARY}xyz`).toString(encoding);
      assert.throws(() => assertNoCanaryIn(told, 'a text'), /a text tells the secret/, `${encoding} after ${before}`);
      assert.throws(() => assertNoCanary({ log: [{ message: told }] }), /a line of the log tells/);
    }
  }
  assertNoCanaryIn('no more than a canary', 'a text');
});

for (const level of ['info', 'trace'] as const) {
  test(`No secret of a site or a request gets into an error, a metric or the log of level ${level}`, async (t) => {
    const butane = await wrapButane(t, CRASHING);
    if (butane === undefined) return;
    const site = await writeSite(t, { ...GOOD, ...BROKEN });
    const service = await startTestService(t, { site, butane, logLevel: level });
    if (service === undefined) return;
    const asked = async (
      base: string,
      path: string,
      headers: Readonly<Record<string, string>> = {},
      method = 'GET',
    ) => {
      const answer = await ask(base, path, { headers: { ...HEADERS, ...headers }, method });
      if (answer.status !== 200 || base === service.operator) assertDiscreet(answer, path);
      return answer;
    };

    await t.test('of a config that is served', async () => {
      for (const id of ids(GOOD)) {
        const answer = await asked(service.machine, `/ignition/${id}?rack=r1&token=${CANARY}`);
        assert.equal(answer.status, 200, id);
        assert.ok(answer.body.includes(CANARY), `${id} carries the secret to the machine`);
        assertHeadersDiscreet(answer, id);
        await asked(service.machine, `/ignition/${id}?rack=r1`, OLD);
        await asked(service.machine, `/ignition/${id}?rack=r1`, {}, 'HEAD');
        assert.equal(
          (await asked(service.operator, `/v1/profiles/${id}/pointer?rack=r1&token=x&pin=true`)).status,
          200,
          id,
        );
      }
      const selected = await asked(service.machine, '/ignition?rack=r1&token=x');
      assert.equal(selected.status, 200, selected.body.toString());
    });

    await t.test('of a profile that is broken', async () => {
      for (const id of ids(BROKEN)) {
        const answer = await asked(service.machine, `/ignition/${id}`);
        assert.notEqual(answer.status, 200, `${id} is broken`);
        assertHeadersDiscreet(answer, id);
        assert.notEqual((await asked(service.operator, `/v1/profiles/${id}/pointer?pin=true`)).status, 200, id);
      }
      assert.equal((await asked(service.machine, '/ignition/whole?role=twin&role2=twin')).status, 503);
    });

    await t.test('of a request', async () => {
      for (const query of [
        `token=${CANARY}&api_key=${CANARY}&password=${CANARY}&client_secret=${CANARY}`,
        `mac=${CANARY}`,
        `uuid=${CANARY}`,
        `ip=${CANARY}`,
        `token=${CANARY}&token=${CANARY}`,
        `x=${CANARY}%zz`,
        `x=${CANARY}%00`,
        `${CANARY}%20=x`,
        `token=${CANARY.repeat(20)}`,
      ]) {
        for (const path of ['/ignition', '/ignition/nowhere', '/ignition/worker', '/nowhere', '/']) {
          await asked(service.machine, `${path}?${query}`);
        }
        for (const path of ['/v1/nowhere', '/v1/groups/one', '/v1/groups/nowhere']) {
          await asked(service.operator, `${path}?${query}`);
        }
      }
      const evil = await asked(service.operator, '/v1/revision', { Host: `${CANARY}.example` });
      assert.equal(evil.status, 401);
      for (const text of [
        `GET /ignition?x=${CANARY} HTTP/9.9\r\n\r\n`,
        `GET /ignition HTTP/1.1\r\nAuthorization ${CANARY}\r\n\r\n`,
        `GET /ignition HTTP/1.1\r\nAuthorization: ${CANARY.repeat(1000)}\r\n\r\n`,
        `CONNECT ${CANARY}:443 HTTP/1.1\r\n\r\n`,
        `${CANARY}\r\n\r\n`,
      ]) {
        assertNoCanaryIn(await askRaw(service.machine, text), 'the answer to no request');
      }
      const body = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: `{"${CANARY}` };
      assertDiscreet(await ask(service.machine, '/ignition', body), 'POST');
      assertDiscreet(await ask(service.operator, '/v1/select', body), 'POST');
    });

    await t.test('in what the operator API tells without contents', async () => {
      await siteChecked(service);
      for (const path of DISCREET) await asked(service.operator, path);
      // What an author wrote is quoted to operators, and so was there to be told to others.
      const { reports } = JSON.parse((await ask(service.operator, '/v1/reports')).body.toString());
      const quoting = reports.filter((report: unknown) => JSON.stringify(report).includes(CANARY));
      assert.ok(quoting.length >= 5, `${quoting.length} of ${reports.length} reports quote the secret`);
    });

    assert.ok(service.log.length > 150, 'every request left a line');
    assertNoCanary(service);
  });
}

test('Credentials of a registry are in files that root alone reads, and nowhere else in what a machine is given', async (t) => {
  const service = await startTestService(t, {
    site: await writeSite(t, { 'profiles/p.yaml': GOOD['profiles/feature.yaml'] ?? '' }),
  });
  if (service === undefined) return;
  const config: JsonValue = JSON.parse((await ask(service.machine, '/ignition/p')).body.toString());
  const holds = (item: JsonObject): boolean => {
    const content = isObject(item.contents) ? (embeddedContent(item.contents)?.toString() ?? '') : '';
    return tellsCanary(content) || tellsCanary(JSON.stringify(item));
  };
  const files = itemsAt(config, 'storage', 'files');
  const holders = files.filter(holds);
  assert.deepEqual(
    holders.map(({ path, mode }) => [path, mode]),
    [
      ['/etc/overlaybd/cred.json', 0o600],
      ['/etc/overlaybd-snapshotter/logins/a.example/a.example/hosts.toml', 0o600],
      ['/etc/overlaybd-snapshotter/logins/registry-1.docker.io/curl', 0o600],
    ],
  );
  const rest = { ...Object(config), storage: files.filter((file) => !holds(file)) };
  assertNoCanaryIn(JSON.stringify(rest), 'the rest of the config');
});

test('No operator token, right or wrong, gets into an error, a metric or the log', async (t) => {
  const operatorTokenFile = await writeTokenFile(t, CANARY);
  const site = await writeSite(t, { 'profiles/a.bu': inline('x') });
  const service = await startTestService(t, { site, operatorTokenFile, logLevel: 'trace' });
  if (service === undefined) return;
  for (const authorization of [
    CANARY,
    `Bearer ${CANARY}`,
    `Bearer ${CANARY}x`,
    `Basic ${CANARY}`,
    `bearer  ${CANARY}`,
  ]) {
    for (const path of ['/v1/revision', '/v1/reports', '/metrics', '/nowhere', '/docs/', '/openapi.json', '/healthz']) {
      assertDiscreet(await ask(service.operator, path, { headers: { authorization } }), path);
      assertDiscreet(await ask(service.machine, path, { headers: { authorization } }), path);
    }
  }
  assertNoCanary(service);
});

/** Faults of a whole site end the start, and the log then has their reports. */
const FATAL: Readonly<Record<string, string>> = {
  'site.yaml, which is no YAML': `site.yaml\nparameters: { a: "${CANARY}\n`,
  'site.yaml, of another shape': `site.yaml\nstrict: ${CANARY}\nparameters: ${CANARY}\n`,
  'a group, which is no YAML': `groups/a.yaml\nprofile: x\nparameters: { password: ${CANARY}: x }\n`,
  'a group, whose YAML has a wrong escape': `groups/a.yaml\nparameters: { password: "\\q${CANARY}" }\n`,
  'a group, of another shape': `groups/a.yaml\nprofile: [${CANARY}]\npriority: ${CANARY}\nparameters: [${CANARY}]\n`,
  'a group, which is no TOML': `groups/a.toml\nprofile = "x"\n[parameters]\npassword = ${CANARY}\n`,
  'a group, whose TOML does not end': `groups/a.toml\n[parameters]\npassword = "${CANARY}\n`,
  'a group with a MAC that is none': `groups/a.yaml\nmatch: { mac: ${CANARY} }\n`,
  'a schema that is none': `profiles/b.yaml\nbutane: { variant: fcos, version: 1.5.0 }\nparameters: { type: object, properties: { a: { type: ${CANARY} } } }\n`,
  'a schema with a default that is none': `profiles/b.yaml\nbutane: {}\nparameters: { type: object, properties: { a: { pattern: "(${CANARY}" } } }\n`,
};

for (const [what, text] of Object.entries(FATAL)) {
  test(`A start that fails over ${what}, logs no value of it`, async (t) => {
    if (requireProgram(t, 'butane') === undefined) return;
    const [path = '', ...lines] = text.split('\n');
    const site = await writeSite(t, { 'profiles/x.bu': inline('x'), [path]: lines.join('\n') });
    const listeners = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0'];
    const flags = [...listeners, '--log-format', 'json', '--log-level', 'trace'];
    const args = [resolve('dist/main.js'), 'serve', '--site', site, ...flags];
    const failed = await execute(process.execPath, args, { timeout: 20_000, cwd: await scratchDirectory(t) }).then(
      () => assert.fail('should have failed'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /"site-invalid"/);
    assertNoCanaryIn(failed.stdout + failed.stderr, 'the log of the start');
  });
}

function assertDiscreet(answer: Answer, what: string): void {
  assertNoCanaryIn(answer.body.toString(), `the answer ${answer.status} to ${what}`);
  assertHeadersDiscreet(answer, what);
}

function assertHeadersDiscreet({ headers }: Answer, what: string): void {
  assertNoCanaryIn(JSON.stringify(headers), `a header of the answer to ${what}`);
}
