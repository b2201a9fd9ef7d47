import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { METRICS, type MetricDefinition } from '../../../src/metrics/definitions.ts';
import { createMetrics, type Metrics, NO_METRICS } from '../../../src/metrics/metrics.ts';

const PROGRAM = { version: '1.2.3', nodeVersion: '20.0.0' };

const SERVED_AT = new Date('2026-11-25T02:24:28.500Z');

/** Metrics in which every one has been counted at least once. */
function createUsed(): Metrics {
  const metrics = createMetrics(PROGRAM);
  metrics.observeRequest('machine', '/ignition/:profile', 200, 'web', 3);
  metrics.observeRender({ outcome: 'ok', timings: { selectMs: 0.2, composeMs: 2, translateMs: 20 } });
  metrics.observeRender({ outcome: 'profile-broken' });
  metrics.observeRun({ outcome: 'timeout', durationMs: 5000 });
  metrics.observeReload('refused');
  metrics.observeStateWriteFailure();
  metrics.observeInternalError();
  metrics.observeConnectionClosed('machine', 'idle');
  metrics.observeAbandoned('machine');
  metrics.watch({
    caches: () => ({
      contents: { bytes: 10, maxBytes: 100, entries: 1, hits: 7, misses: 3 },
      reports: { bytes: 1, maxBytes: 25, entries: 2, hits: 0, misses: 2 },
    }),
    butane: () => ({ running: 2, queued: 5, queueLimit: 256, version: '0.27.0' }),
    revision: () => ({ id: 'abc', source: 'state', servedAt: SERVED_AT, faults: 4, refused: true }),
    connections: async (api) => (api === 'machine' ? 3 : 1),
  });
  return metrics;
}

/** The lines of a scrape that begin so, without comments. */
async function linesOf(metrics: Metrics, start: string): Promise<readonly string[]> {
  return (await metrics.scrape()).split('\n').filter((line) => line.startsWith(start));
}

describe('every metric', () => {
  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    test(`${name} is scraped as it is defined`, async () => {
      const text = await createUsed().scrape();
      assert.ok(text.includes(`# HELP ${name} ${definition.help}\n# TYPE ${name} ${definition.type}\n`));
      const series = new RegExp(`^${name}(?:_(?:bucket|sum|count))?(?:\\{(.*)\\})? \\S+$`, 'gm');
      const found = [...text.matchAll(series)];
      assert.ok(found.length > 0, 'it has a series');
      for (const [, labels = ''] of found) {
        const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
        assert.deepEqual(names, definition.labels);
      }
    });

    test(`${name} is named and explained as Prometheus wants it`, () => {
      assert.match(
        name,
        definition.type === 'counter' ? /^pilotlight_[a-z_]+_total$/ : /^pilotlight_[a-z_]+(?<!_total)$/,
      );
      assert.match(definition.help, /^\S.{10,}[^.\s]$/);
    });
  }

  test('has a definition, or is of the process or of Node.js', async () => {
    const text = await createUsed().scrape();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    const foreign = names.filter((name) => !/^(?:process|nodejs)_/.test(name));
    assert.deepEqual(foreign.sort(), Object.keys(METRICS).sort());
    assert.ok(names.includes('process_cpu_seconds_total') && names.includes('nodejs_eventloop_lag_seconds'));
  });
});

test('A scrape before anything is known says what runs, and nothing that is not so', async () => {
  const metrics = createMetrics(PROGRAM);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_build_info'), [
    'pilotlight_build_info{version="1.2.3",butane_version="",node_version="20.0.0"} 1',
  ]);
  for (const unknown of ['revision', 'cache', 'butane_running', 'butane_queue', 'connections']) {
    assert.deepEqual(await linesOf(metrics, `pilotlight_${unknown}`), []);
  }
});

test('What can happen to a run, a render and a reload is counted from zero', async () => {
  const metrics = createMetrics(PROGRAM);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_renders_total'), ['pilotlight_renders_total{outcome="ok"} 0']);
  assert.equal((await linesOf(metrics, 'pilotlight_butane_runs_total')).length, 6);
  assert.equal((await linesOf(metrics, 'pilotlight_reloads_total')).length, 4);
});

test('Sources are read anew at each scrape', async () => {
  const metrics = createUsed();
  assert.deepEqual(await linesOf(metrics, 'pilotlight_cache_hits_total'), [
    'pilotlight_cache_hits_total{cache="contents"} 7',
    'pilotlight_cache_hits_total{cache="reports"} 0',
  ]);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_revision'), [
    'pilotlight_revision_info{revision="abc",source="state"} 1',
    `pilotlight_revision_served_timestamp_seconds ${SERVED_AT.getTime() / 1000}`,
    'pilotlight_revision_refused 1',
    'pilotlight_revision_faults 4',
  ]);
  metrics.watch({
    caches: () => ({ contents: { bytes: 10, maxBytes: 100, entries: 1, hits: 9, misses: 3 } }),
    revision: () => ({ id: 'def', source: 'site', servedAt: SERVED_AT, faults: 0, refused: false }),
  });
  assert.deepEqual(await linesOf(metrics, 'pilotlight_cache_hits_total'), [
    'pilotlight_cache_hits_total{cache="contents"} 9',
  ]);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_revision_info'), [
    'pilotlight_revision_info{revision="def",source="site"} 1',
  ]);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_butane_queued'), ['pilotlight_butane_queued 5']);
  metrics.watch({ butane: () => undefined });
  assert.deepEqual(await linesOf(metrics, 'pilotlight_butane_queued'), []);
});

test('Two scrapes at the same time tell the same', async () => {
  const metrics = createUsed();
  const lines = await Promise.all([1, 2, 3].map(() => linesOf(metrics, 'pilotlight_cache')));
  assert.deepEqual(lines[1], lines[0]);
  assert.deepEqual(lines[2], lines[0]);
});

test('Durations are in seconds', async () => {
  const metrics = createUsed();
  assert.deepEqual(await linesOf(metrics, 'pilotlight_render_stage_duration_seconds_sum'), [
    'pilotlight_render_stage_duration_seconds_sum{stage="select"} 0.0002',
    'pilotlight_render_stage_duration_seconds_sum{stage="compose"} 0.002',
    'pilotlight_render_stage_duration_seconds_sum{stage="translate"} 0.02',
  ]);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_butane_run_duration_seconds_sum'), [
    'pilotlight_butane_run_duration_seconds_sum 5',
  ]);
});

test('However many profiles there are, two hundred are told apart', async () => {
  const metrics = createMetrics(PROGRAM);
  for (let number = 0; number < 1000; number += 1) {
    metrics.observeRequest(number % 2 === 0 ? 'machine' : 'operator', '/a', 200, `profile-${number}`, 1);
  }
  metrics.observeRequest('machine', '/a', 200, '', 1);
  metrics.observeRequest('machine', '/a', 200, 'other', 1);
  metrics.observeRequest('machine', '/a', 200, 'profile-0', 1);
  const lines = await linesOf(metrics, 'pilotlight_http_requests_total');
  const labels = lines.map((line) => /profile="([^"]*)"/.exec(line)?.[1]);
  assert.equal(new Set(labels).size, 202);
  assert.ok(lines.some((line) => line.endsWith('profile="profile-0"} 2')));
  assert.ok(lines.some((line) => line.endsWith('profile=""} 1')));
  assert.ok(lines.some((line) => line.includes('api="machine"') && line.endsWith('profile="other"} 401')));
});

test('A request without a duration is counted and not measured', async () => {
  const metrics = createMetrics(PROGRAM);
  metrics.observeRequest('machine', 'unmatched', 400, '');
  assert.deepEqual(await linesOf(metrics, 'pilotlight_http_requests_total'), [
    'pilotlight_http_requests_total{api="machine",route="unmatched",status="400",profile=""} 1',
  ]);
  assert.deepEqual(await linesOf(metrics, 'pilotlight_http_request_duration'), []);
});

test('What counts nothing has the shape of what counts', async () => {
  assert.deepEqual(Object.keys(NO_METRICS).sort(), Object.keys(createMetrics(PROGRAM)).sort());
  assert.equal(await NO_METRICS.scrape(), '');
});
