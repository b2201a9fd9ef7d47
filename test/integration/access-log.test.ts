import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AskOptions } from '../support/service.ts';
import { accessLine, ask, siteChecked, startTestService, writeTokenFile } from '../support/service.ts';
import { writeSite } from '../support/site.ts';

/** What no line of the log may hold, each in another place. */
const SECRETS = {
  parameter: 'hunter2-parameter',
  literal: 'hunter2-literal',
  refused: 'hunter2-refused',
  label: 'hunter2-label',
  header: 'hunter2-header',
  token: 'hunter2-operator-token',
};

const SITE = {
  'profiles/web.yaml': [
    'butane:',
    '  variant: fcos',
    '  version: 1.5.0',
    '  storage:',
    '    files:',
    '      - { path: /etc/secret, contents: { inline: "{{ parameters.password }}" } }',
    `      - { path: /etc/literal, contents: { inline: ${SECRETS.literal} } }`,
    'parameters:',
    '  type: object',
    '  required: [password]',
    '  properties: { password: { type: string, pattern: "^hunter2-[pl]" } }',
  ].join('\n'),
  'profiles/broken.bu': `variant: fcos\nversion: 1.5.0\nstorage: { files: [{ path: ${SECRETS.literal} }] }\n`,
  'groups/node.yaml': `profile: web\nmatch: { role: web }\nparameters: { password: ${SECRETS.parameter} }\n`,
  'groups/wrong.yaml': `profile: web\nmatch: { role: wrong }\nparameters: { password: ${SECRETS.refused} }\n`,
};

test('The access log', async (t) => {
  const site = await writeSite(t, SITE);
  const operatorTokenFile = await writeTokenFile(t, SECRETS.token);
  const service = await startTestService(t, { site, operatorTokenFile });
  if (service === undefined) return;
  await siteChecked(service);
  const lineFor = async (path: string, options?: AskOptions, base = service.machine) => {
    const before = service.log.length;
    const answer = await ask(base, path, options);
    return { answer, line: await accessLine(service, before) };
  };

  await t.test('tells who asked for what and what was given', async () => {
    const headers = {
      Accept: 'application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1',
      'User-Agent': 'Ignition/2.14.0',
    };
    const { answer, line } = await lineFor('/ignition?role=web&mac=52-54-00-A1-9C-AE', { headers });
    const { reqId, time: _, durationMs, stagesMs, revision, ...rest } = line;
    assert.match(String(reqId), /^[0-9a-f-]{36}$/);
    assert.match(String(revision), /^[0-9a-f]{64}$/);
    assert.ok(Number(durationMs) > 0);
    assert.deepEqual(Object.keys(Object(stagesMs)), ['select', 'compose', 'translate']);
    assert.deepEqual(rest, {
      level: 30,
      api: 'machine',
      method: 'GET',
      route: '/ignition',
      status: 200,
      remote: '127.0.0.1',
      userAgent: 'Ignition/2.14.0',
      profile: 'web',
      group: 'node',
      specAsked: '3.3.0',
      specGiven: '3.3.0',
      labels: { mac: '52:54:00:a1:9c:ae', ip: '127.0.0.1', role: 'web' },
      sha512: createHash('sha512').update(answer.body).digest('hex'),
      bytes: answer.body.length,
      msg: 'request',
    });
  });

  await t.test('has the id that a problem names, its code, and the place of the fault', async () => {
    const { answer, line } = await lineFor('/ignition/broken');
    assert.equal(line.reqId, JSON.parse(answer.body.toString()).instance);
    assert.equal(line.status, 503);
    assert.equal(line.code, 'profile-broken');
    assert.match(JSON.stringify(line.reports), /"at":"profiles\/broken\.bu:3:\d+"/);
  });

  await t.test('has one line for each request, also for those that are refused', async () => {
    for (const path of ['/', '/nowhere', '/ignition?mac=zz', '/ignition/%zz', '/ignition/web?role=wrong']) {
      const logged: number = service.log.length;
      const { answer, line } = await lineFor(path);
      assert.equal(line.status, answer.status, path);
      assert.equal(service.log.slice(logged).filter((each) => each.msg === 'request').length, 1, path);
    }
  });

  await t.test('holds neither content nor values of parameters nor tokens', async () => {
    const Authorization = `Bearer ${SECRETS.header}`;
    const own = `Bearer ${SECRETS.token}`;
    const secretLabels = `token=${SECRETS.label}&password=${SECRETS.label}&api_key=${SECRETS.label}`;
    for (const path of ['/ignition?role=web', '/ignition?role=wrong', '/ignition/broken', '/ignition/nowhere']) {
      await lineFor(`${path}${path.includes('?') ? '&' : '?'}${secretLabels}`, { headers: { Authorization } });
    }
    for (const path of ['/v1/profiles/web/render?role=web', '/v1/groups', '/v1/select?role=wrong', '/v1/reports']) {
      await lineFor(path, { headers: { Authorization: own } }, service.operator);
      await lineFor(path, { headers: { Authorization } }, service.operator);
    }
    const text = JSON.stringify(service.log);
    for (const [place, secret] of Object.entries(SECRETS))
      assert.ok(!text.includes(secret), `a secret of the ${place}`);
    assert.ok(text.includes('"token":"[redacted]"'));
  });
});
