import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createMachineApp } from '../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { afterTest } from '../support/after-test.ts';
import { ask, askRaw, eventually, siteChecked, startTestService, type TestService } from '../support/service.ts';
import { butaneProfile, writeSite } from '../support/site.ts';

/** The series of a scrape by their name and labels. */
async function scrape(service: TestService): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await ask(service.operator, '/metrics');
  assert.equal(status, 200);
  const lines = body.toString().split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('The metrics', async (t) => {
  const site = await writeSite(t, {
    'profiles/web.bu': butaneProfile('fcos', '1.5.0'),
    'profiles/bad.bu': `${butaneProfile('fcos', '1.5.0')}unknown: true\n`,
    'groups/web.yaml': 'profile: web\nmatch: { role: web }\n',
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const requests = (labels: string) => `pilotlight_http_requests_total{${labels}}`;
  /** Waits until a series has a value: a request is counted once its answer is out. */
  const counted = (series: string, value: number) =>
    eventually(async () => (await scrape(service)).get(series) === value);

  await t.test('are text that Prometheus reads, made anew each time', async () => {
    const { headers, body } = await ask(service.operator, '/metrics');
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.deepEqual([headers['cache-control'], headers.etag], ['no-store', undefined]);
    assert.match(body.toString(), /^# HELP pilotlight_http_requests_total /m);
  });

  await t.test('count requests by route, status and profile, whichever way the profile was found', async () => {
    for (const path of ['/ignition/web', '/ignition/web?a=b', '/ignition?role=web', '/ignition/bad', '/']) {
      await ask(service.machine, path);
    }
    await ask(service.machine, '/ignition/web', { method: 'HEAD' });
    await ask(service.operator, '/v1/profiles/web');
    await ask(service.operator, '/v1/profiles/web/render');
    await counted(requests('api="machine",route="/ignition/:profile",status="200",profile="web"'), 3);
    await counted(requests('api="machine",route="/ignition",status="200",profile="web"'), 1);
    await counted(requests('api="machine",route="/ignition/:profile",status="503",profile="bad"'), 1);
    await counted(requests('api="machine",route="/",status="200",profile=""'), 1);
    await counted(requests('api="operator",route="/v1/profiles/:id",status="200",profile="web"'), 1);
    await counted(requests('api="operator",route="/v1/profiles/:id/render",status="200",profile="web"'), 1);
    const durations = await scrape(service);
    const count = 'pilotlight_http_request_duration_seconds_count{api="machine",route="/ignition/:profile"}';
    assert.equal(durations.get(count), 4);
  });

  await t.test('tell nothing of what clients make up', async () => {
    for (const made of ['s3cr3t', 'other', '__proto__', 'constructor', encodeURIComponent('a"\n{}')]) {
      assert.equal((await ask(service.machine, `/ignition/${made}`)).status, 404);
      assert.equal((await ask(service.operator, `/v1/profiles/${made}`)).status, 404);
    }
    for (const path of ['/s3cr3t', '/ignition/a/s3cr3t']) await ask(service.machine, path);
    await counted(requests('api="machine",route="/ignition/:profile",status="404",profile="other"'), 5);
    await counted(requests('api="operator",route="/v1/profiles/:id",status="404",profile="other"'), 5);
    await counted(requests('api="machine",route="unmatched",status="404",profile=""'), 2);
    assert.ok(!(await ask(service.operator, '/metrics')).body.toString().includes('s3cr3t'));
  });

  await t.test('count what the framework refuses before there is a route', async () => {
    const series = requests('api="machine",route="unmatched",status="400",profile=""');
    assert.equal((await ask(service.machine, '/ignition/%zz')).status, 400);
    await counted(series, 1);
    assert.match(await askRaw(service.machine, 'NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 /);
    await counted(series, 2);
  });

  await t.test('tell what is served, with what, and how full things are', async () => {
    const { id } = JSON.parse((await ask(service.operator, '/v1/revision')).body.toString());
    const series = await scrape(service);
    assert.equal(series.get(`pilotlight_revision_info{revision="${id}",source="site"}`), 1);
    assert.equal(series.get('pilotlight_revision_faults'), 1);
    assert.equal(series.get('pilotlight_revision_refused'), 0);
    const age = Date.now() / 1000 - (series.get('pilotlight_revision_served_timestamp_seconds') ?? 0);
    assert.ok(age >= 0 && age < 60);
    assert.deepEqual([series.get('pilotlight_butane_running'), series.get('pilotlight_butane_queued')], [0, 0]);
    assert.equal(series.get('pilotlight_butane_queue_limit'), 256);
    assert.ok((series.get('pilotlight_cache_bytes{cache="contents"}') ?? 0) > 0);
    assert.equal(series.get('pilotlight_cache_max_bytes{cache="contents"}'), 128 * 1024 * 1024);
    assert.ok((series.get('pilotlight_cache_hits_total{cache="contents"}') ?? 0) > 0);
    assert.equal(series.get('pilotlight_connections{api="operator"}'), 1);
    const build = [...series.keys()].find((name) => name.startsWith('pilotlight_build_info'));
    assert.match(build ?? '', /version="\d.*",butane_version="\d.*",node_version="\d/);
  });
});

test('A fault that nobody foresaw is counted', async (t) => {
  const metrics = createMetrics({ version: '0', nodeVersion: '0' });
  const site = {
    ...NOTHING_SERVED.site,
    current() {
      throw new TypeError('unforeseen');
    },
  };
  const app = await createMachineApp({
    ...NOTHING_SERVED,
    site,
    metrics,
    version: '0',
    logger: pino({ level: 'silent' }),
  });
  afterTest(t, () => app.close());
  assert.equal((await app.inject('/ignition/any')).statusCode, 503);
  const text = await metrics.scrape();
  assert.match(text, /^pilotlight_internal_errors_total 1$/m);
  assert.match(text, /^pilotlight_http_requests_total\{.*status="503",profile="other"\} 1$/m);
});
