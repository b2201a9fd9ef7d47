import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { at, items, object } from '../support/deploy.ts';
import { METRICS } from '../support/metrics.ts';
import { requireProgram } from '../support/programs.ts';
import { scratchDirectory } from '../support/site.ts';

const run = promisify(execFile);

describe('The rules for Prometheus', () => {
  const rules = items(object(parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8'))), 'groups').flatMap((group) =>
    items(group, 'rules'),
  );

  test('are valid, and fire when they should and only then', async (t) => {
    const promtool = requireProgram(t, 'promtool');
    if (promtool === undefined) return;
    await run(promtool, ['check', 'rules', 'deploy/prometheus/alerts.yaml']);
    await run(promtool, ['test', 'rules', 'deploy/prometheus/alerts.test.yaml']);
  });

  test('each have a case in which they fire', () => {
    const cases = readFileSync('deploy/prometheus/alerts.test.yaml', 'utf8');
    const fired = new Set([...cases.matchAll(/labels: 'ALERTS\{alertname="(\w+)"/g)].map(([, name]) => name));
    assert.deepEqual(
      rules.map(({ alert }) => alert).filter((alert) => !fired.has(String(alert))),
      [],
    );
  });

  test('name only metrics that there are', () => {
    assert.ok(rules.length > 10);
    for (const { alert, expr } of rules) assert.deepEqual(unknownMetrics(String(expr)), [], String(alert));
  });

  test('each have a severity, a summary, a description, and a section that says what to do', () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    for (const rule of rules) {
      const { summary, description, runbook } = object(rule.annotations);
      assert.ok(['critical', 'warning'].includes(String(at(rule, 'labels', 'severity'))));
      assert.ok(String(summary).length > 10 && String(description).length > 30, String(rule.alert));
      assert.equal(runbook, `docs/operations.md#${String(rule.alert).toLowerCase()}`);
      assert.ok(page.includes(`\n### ${rule.alert}\n`), `${rule.alert} has a section`);
    }
  });
});

describe('The dashboard for Grafana', () => {
  const dashboard = object(parse(readFileSync('deploy/grafana/dashboard.json', 'utf8')));
  const panels = items(dashboard, 'panels');
  const expressions = [
    ...panels.flatMap((panel) => items(panel, 'targets')),
    ...items(dashboard, 'annotations', 'list'),
  ].map(({ expr }) => String(expr));

  test('asks for metrics that there are', () => {
    assert.ok(expressions.length > 30);
    for (const expression of expressions) assert.deepEqual(unknownMetrics(expression), [], expression);
  });

  test('shows every metric of the service', () => {
    const shown = expressions.join('\n');
    const missing = METRICS.filter((name) => name.startsWith('pilotlight_') && !shown.includes(name));
    assert.deepEqual(missing, []);
  });

  test('asks in a language that Prometheus reads', async (t) => {
    const promtool = requireProgram(t, 'promtool');
    if (promtool === undefined) return;
    const filled = expressions.map((text) => text.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));
    assert.ok(!filled.join().includes('$'));
    const file = join(await scratchDirectory(t), 'rules.yaml');
    const rules = filled.map((expr, index) => ({ record: `dashboard:${index}`, expr }));
    await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    await run(promtool, ['check', 'rules', file]);
  });

  test('has panels that are told apart, explained and in each other’s way nowhere', () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
    const taken = new Set<string>();
    for (const panel of panels) {
      assert.ok(panel.type === 'row' || String(panel.description).length > 5, String(panel.title));
      const [x = 0, y = 0, w = 0, h = 0] = ['x', 'y', 'w', 'h'].map((key) => Number(at(panel, 'gridPos', key)));
      assert.ok(x + w <= 24);
      for (let cell = 0; cell < w * h; cell += 1) {
        const place = `${x + (cell % w)},${y + Math.floor(cell / w)}`;
        assert.ok(!taken.has(place), `${panel.title} covers another panel`);
        taken.add(place);
      }
    }
  });
});

test('docs/operations.md explains every metric of the service', () => {
  const page = readFileSync('docs/operations.md', 'utf8');
  const missing = METRICS.filter((name) => name.startsWith('pilotlight_') && !page.includes(`\`${name}`));
  assert.deepEqual(missing, []);
});

/** Names in an expression that no metric has; histograms are asked by their parts. */
function unknownMetrics(expression: string): readonly string[] {
  const bare = expression.replace(/"[^"]*"/g, '').replace(/\{\{[^}]*\}\}/g, '');
  const names = bare.match(/\b(?:pilotlight|process|nodejs)_\w+|\bup\b/g) ?? [];
  assert.ok(names.length > 0, `${expression} asks for nothing`);
  const known = new Set([...METRICS, 'up']);
  return names.filter((name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, '')));
}
