import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { ProvisioningError } from '../../src/errors.ts';
import { createMachineApp } from '../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import type { Renderer } from '../../src/render/renderer.ts';
import { readSiteRevision } from '../../src/service/workshop-process.ts';
import { afterTest } from '../support/after-test.ts';
import { ask, assertProblem, eventually, siteChecked, startTestService, wrapButane } from '../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

const TEMPLATE = [
  'butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /n, contents: { inline: "{{ labels.say }}" } }] } }',
].join('\n');

/** A service whose butane leaves a mark for each document, and how many documents with a text there were. */
async function counted(t: TestContext, script = '') {
  const counter = join(await scratchDirectory(t), 'runs');
  const butane = await wrapButane(
    t,
    `printf '%s\\n' "$text" | tr '\\n' ' ' >> '${counter}'; echo >> '${counter}'\n${script}`,
  );
  if (butane === undefined) return undefined;
  const bad = 'butane: { variant: fcos, version: 1.5.0, systemd: { units: [{ name: "{{ labels.say }}" }] } }';
  const site = await writeSite(t, { 'profiles/echo.yaml': TEMPLATE, 'profiles/bad.yaml': bad });
  const service = await startTestService(t, { site, butane });
  if (service === undefined) return undefined;
  await siteChecked(service);
  const runs = async (text: string) =>
    (await readFile(counter, 'utf8').catch(() => '')).split('\n').filter((line) => line.includes(text)).length;
  return { service, runs };
}

test('What butane has to do', async (t) => {
  const at = await counted(t);
  if (at === undefined) return;
  const { service, runs } = at;
  const get = (path: string) => ask(service.machine, path);

  await t.test('a machine that was never seen costs one run, and one that was seen costs none', async () => {
    for (const mac of ['52:54:00:00:00:01', '52:54:00:00:00:01', '52:54:00:00:00:01']) {
      assert.equal((await get(`/ignition/echo?say=single&mac=${mac}`)).status, 200);
    }
    assert.equal(await runs('single'), 1);
  });

  await t.test('a machine whose config is that of another one costs no run', async () => {
    for (let number = 10; number < 20; number += 1) {
      assert.equal((await get(`/ignition/echo?say=shared&mac=52:54:00:00:00:${number}`)).status, 200);
    }
    assert.equal(await runs('shared'), 1);
  });

  await t.test('fifty machines that ask at the same time for one new config cost one run', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => get('/ignition/echo?say=crowd')));
    assert.ok(answers.every((answer) => answer.status === 200));
    assert.equal(new Set(answers.map((answer) => answer.headers.etag)).size, 1);
    assert.equal(await runs('crowd'), 1);
  });

  await t.test('a document with a fault costs one run, however often it is asked for', async () => {
    for (let times = 0; times < 3; times += 1)
      assertProblem(await get('/ignition/bad?say=wrong'), 503, 'profile-broken');
    assert.equal(await runs('wrong'), 1);
  });

  await t.test('an older spec costs one more run, once', async () => {
    const headers = { Accept: 'application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1' };
    for (let times = 0; times < 3; times += 1) {
      assert.equal((await ask(service.machine, '/ignition/echo?say=older', { headers })).status, 200);
    }
    assert.equal(await runs('older'), 2);
  });
});

describe('A machine that meets a slow butane', { concurrency: true }, () => {
  test('is answered in time, and its config is tried again at the next request', async (t) => {
    const mark = join(await scratchDirectory(t), 'mark');
    const at = await counted(
      t,
      `case "$text" in *once*) [ -e '${mark}' ] || { touch '${mark}'; exec sleep 30; };; esac`,
    );
    if (at === undefined) return;
    assertProblem(await ask(at.service.machine, '/ignition/echo?say=once'), 503, 'render-timeout');
    assert.equal((await ask(at.service.machine, '/ignition/echo?say=once')).status, 200);
    assert.equal(await at.runs('once'), 2);
  });

  test('and has to wait behind others gets its answer before Ignition gives up', async (t) => {
    const at = await counted(t, 'case "$text" in *slow*) exec sleep 30;; esac');
    if (at === undefined) return;
    const started = performance.now();
    const numbers = Array.from({ length: 2 * availableParallelism() }, (_, index) => index);
    const answers = await Promise.all(
      numbers.map((index) => ask(at.service.machine, `/ignition/echo?say=slow${index}`)),
    );
    const took = performance.now() - started;
    for (const answer of answers) assertProblem(answer, 503, 'render-timeout');
    assert.ok(took > 7000 && took < 9500, `it took ${took} ms`);
  });

  test('and a full queue is told at once to ask again', async (t) => {
    const at = await counted(t, 'case "$text" in *full*) exec sleep 30;; esac');
    if (at === undefined) return;
    const many = Array.from(
      { length: 256 + 2 * availableParallelism() },
      (_, index) => `/ignition/echo?say=full${index}`,
    );
    const waiting = many.map((path) => ask(at.service.machine, path).catch(() => undefined));
    const first = await Promise.race(waiting);
    assert.ok(first !== undefined);
    assertProblem(first, 503, 'queue-full');
    await at.service.close();
    await Promise.all(waiting);
  });
});

test('A butane that crashes is no fault of a machine, and what it prints stays inside', async (t) => {
  const at = await counted(t, 'case "$text" in *crash*) echo "panic: $text" >&2; exit 2;; esac');
  if (at === undefined) return;
  const detail = assertProblem(await ask(at.service.machine, '/ignition/echo?say=crash-me'), 503, 'butane-failed');
  assert.ok(!detail.includes('crash-me'));
});

test('A machine that comes before the site is read is told to ask again', async (t) => {
  const app = await createMachineApp({ ...NOTHING_SERVED, version: '0', logger: pino({ level: 'silent' }) });
  afterTest(t, () => app.close());
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  for (const path of ['/ignition', '/ignition/any', '/ignition?mac=zz']) {
    assertProblem(await ask(base, path), 503, 'not-ready');
  }
  assert.equal((await ask(base, '/')).status, 200);
});

test('A fault that nobody foresaw is 503, and the machine is told nothing of it', async (t) => {
  const renderer: Renderer = {
    ...NOTHING_SERVED.renderer,
    render: () => Promise.reject(new TypeError('secret-inside', { cause: new ProvisioningError('internal', 'x') })),
  };
  const directory = await writeSite(t, { 'profiles/a.bu': butaneProfile('fcos', '1.5.0') });
  const served = { revision: await readSiteRevision(directory), filesDir: directory };
  const site = { ...NOTHING_SERVED.site, current: () => served, ready: true };
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const app = await createMachineApp({ ...NOTHING_SERVED, site, renderer, version: '0', logger });
  afterTest(t, () => app.close());
  const answer = await ask(await app.listen({ host: '127.0.0.1', port: 0 }), '/ignition/a');
  assertProblem(answer, 503, 'internal');
  assert.ok(!answer.body.includes('secret-inside'));
  await eventually(() => lines.some((line) => line.includes('unforeseen fault')));
});

test('A machine that nobody knows waits while an edit is on its way, and stops when there is none', async (t) => {
  const renderer: Renderer = {
    ...NOTHING_SERVED.renderer,
    render: () => Promise.reject(new ProvisioningError('machine-unknown', 'no group knows this machine')),
  };
  const directory = await writeSite(t, { 'profiles/a.bu': butaneProfile('fcos', '1.5.0') });
  const served = { revision: await readSiteRevision(directory), filesDir: directory };
  const site = { ...NOTHING_SERVED.site, current: () => served, ready: true, pending: true };
  const app = await createMachineApp({
    ...NOTHING_SERVED,
    site,
    renderer,
    version: '0',
    logger: pino({ level: 'silent' }),
  });
  afterTest(t, () => app.close());
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  assert.match(assertProblem(await ask(base, '/ignition'), 503, 'not-ready'), /an edit of the site is being checked/);
  site.pending = false;
  assertProblem(await ask(base, '/ignition'), 404, 'machine-unknown');
});
