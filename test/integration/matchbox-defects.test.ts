import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintSite, type WrittenReport } from '../support/lint.ts';
import { ask, assertProblem, siteChecked, startTestService } from '../support/service.ts';
import { writeSite } from '../support/site.ts';

/** What matchbox answers with an empty config, or with 404; and what it is here. */
interface Defect {
  readonly title: string;
  /** The name of the document, below ignition/. */
  readonly name: string;
  readonly text: string;
  /** Added to the group. */
  readonly metadata?: object;
  /** The newest spec that the client reads. */
  readonly accepts?: string;
  /** The spec version that is served, or else the code of the problem. */
  readonly gives: { readonly spec: string } | { readonly status: number; readonly code: string; readonly at?: string };
  /** The code of the report. */
  readonly report?: string;
}

/** Must not be seen outside of the config. */
const SECRET = 'S3CRET-of-the-group';

const USERS = '"passwd":{"users":[{"name":"core"}]}';
const config = (version: string) => `{"ignition":{"version":"${version}"},${USERS}}`;
const butane = (variant: string, version: string, more = '') => `variant: ${variant}\nversion: ${version}\n${more}`;
const broken = (at: string) => ({ status: 503, code: 'profile-broken', at });

const DEFECTS: readonly Defect[] = [
  {
    title: 'Ignition that is no JSON',
    name: 'a.ign',
    text: '{"ignition":\n  {"version" "3.3.0"}}',
    gives: broken('2:14'),
    report: 'json-syntax',
  },
  { title: 'an empty .ign', name: 'b.ign', text: '', gives: broken('1:1'), report: 'json-syntax' },
  { title: 'an empty .ignition', name: 'b2.ignition', text: '\n', gives: broken('1:1'), report: 'json-syntax' },
  { title: 'Ignition 3.5', name: 'c.ign', text: config('3.5.0'), gives: { spec: '3.5.0' } },
  {
    title: 'Ignition 3.5 for a client that reads 3.4',
    name: 'd.ign',
    text: config('3.5.0'),
    accepts: '3.4.0',
    gives: { status: 406, code: 'spec-not-acceptable' },
  },
  {
    title: 'Ignition 2.2',
    name: 'e.ign',
    text: '{"ignition":{"version":"2.2.0"}}',
    gives: broken('1:24'),
    report: 'ignition',
  },
  {
    title: 'Ignition with a relative path',
    name: 'f.ign',
    text: '{"ignition":{"version":"3.3.0"},\n"storage":{"files":[\n  {"path":"etc/motd"}]}}',
    gives: broken('3:11'),
    report: 'ignition',
  },
  {
    title: 'Butane with a relative path, below a block that takes lines away',
    name: 'g.yaml',
    text: butane(
      'fcos',
      '1.5.0',
      '{{- /* a comment\n of\n three lines */}}\nstorage:\n  files:\n{{- if .missing_is_fine}}\n{{end}}\n    - path: etc/motd\n',
    ),
    metadata: { missing_is_fine: false },
    gives: broken('10:13'),
    report: 'butane',
  },
  {
    title: 'a relative path out of the metadata, below a block that adds lines',
    name: 'h.yaml',
    text: butane(
      'fcos',
      '1.5.0',
      'storage:\n  files:\n{{range .paths}}    - path: {{.}}\n{{end}}    - path: {{.wrong}}\n',
    ),
    metadata: { paths: ['/a', '/b', '/c', '/d'], wrong: SECRET },
    gives: broken('6:22'),
    report: 'butane',
  },
  { title: 'fcos 1.6.0', name: 'i.yaml', text: butane('fcos', '1.6.0'), gives: { spec: '3.5.0' } },
  {
    title: 'fcos 1.6.0 for a client that reads 3.4, as what it is without its news',
    name: 'j.yaml',
    text: butane('fcos', '1.6.0'),
    accepts: '3.4.0',
    gives: { spec: '3.4.0' },
  },
  {
    title: 'an experimental version',
    name: 'k.yaml',
    text: butane('fcos', '1.8.0-experimental'),
    gives: broken('2:10'),
    report: 'variant',
  },
  {
    title: 'an experimental version of Ignition',
    name: 'l.ign',
    text: config('3.7.0-experimental'),
    gives: broken('1:24'),
    report: 'ignition',
  },
  {
    title: 'openshift',
    name: 'm.yaml',
    text: butane(
      'openshift',
      '4.18.0',
      'metadata:\n  name: a\n  labels:\n    machineconfiguration.openshift.io/role: worker\n',
    ),
    gives: { spec: '3.4.0' },
  },
  { title: 'Ignition 3.0', name: 'n.ign', text: config('3.0.0'), gives: { spec: '3.4.0' } },
  {
    title: 'Ignition 3.0 for a client that reads 3.3',
    name: 'o.ign',
    text: config('3.0.0'),
    accepts: '3.3.0',
    gives: { spec: '3.0.0' },
  },
  {
    title: 'Ignition 3.0 for a client that reads 3.4',
    name: 'p.ign',
    text: config('3.0.0'),
    accepts: '3.4.0',
    gives: { spec: '3.4.0' },
  },
  { title: 'fcos 1.0.0', name: 'q.yaml', text: butane('fcos', '1.0.0'), gives: { spec: '3.4.0' } },
  {
    title: 'a key that nobody knows',
    name: 'r.yaml',
    text: butane('fcos', '1.5.0', 'storage:\n  files:\n    - path: /a\n      moed: 0644\n'),
    gives: broken('6:7'),
    report: 'butane',
  },
  {
    title: 'a key of Ignition that nobody knows',
    name: 's.ign',
    text: '{"ignition":{"version":"3.3.0"},\n"storaeg":{}}',
    gives: broken('2:1'),
    report: 'ignition',
  },
  {
    title: 'a local file',
    name: 't.yaml',
    text: butane('fcos', '1.5.0', 'storage:\n  files:\n    - path: /a\n      contents:\n        local: a\n'),
    gives: broken('7:16'),
    report: 'butane',
  },
  {
    title: 'a local tree',
    name: 'u.yaml',
    text: butane('fcos', '1.5.0', 'storage:\n  trees:\n    - local: a\n'),
    gives: broken('5:7'),
    report: 'butane',
  },
  {
    title: 'what is no YAML, below a value of two lines',
    name: 'v.yaml',
    text: butane('fcos', '1.5.0', '# {{.text}}\nstorage: [\n'),
    metadata: { text: 'a\n# b' },
    gives: broken('4:10'),
    report: 'yaml-syntax',
  },
  {
    title: 'an unknown version',
    name: 'w.yaml',
    text: butane('fcos', '9.9.9'),
    gives: broken('2:10'),
    report: 'variant',
  },
  {
    title: 'an unknown variant',
    name: 'x.yaml',
    text: butane('nocos', '1.0.0'),
    gives: broken('1:10'),
    report: 'variant',
  },
  { title: 'no variant', name: 'y.yaml', text: 'version: 1.5.0\n', gives: broken('1:1'), report: 'variant' },
  { title: 'an empty template', name: 'z.yaml', text: '', gives: broken('1:1'), report: 'yaml-syntax' },
  {
    title: 'a template that gives nothing',
    name: 'za.yaml',
    text: '{{if .off}}\nvariant: fcos\n{{end}}',
    metadata: { off: false },
    gives: broken('1:1'),
    report: 'yaml-syntax',
  },
  {
    title: 'Ignition under another name',
    name: 'zb.json',
    text: config('3.3.0'),
    gives: broken('1:1'),
    report: 'variant',
  },
  {
    title: 'a template that does not parse',
    name: 'zc.yaml',
    text: 'variant: fcos\nversion: {{.version\n',
    gives: broken('2:10'),
    report: 'template-syntax',
  },
  {
    title: 'a value that is missing',
    name: 'zd.yaml',
    text: 'variant: fcos\nversion: {{.a.b}}\n',
    metadata: { a: { c: SECRET } },
    gives: broken('2:12'),
    report: 'template-value',
  },
  {
    title: 'a value of the wrong kind',
    name: 'ze.yaml',
    text: 'variant: fcos\nversion: 1.5.0\nsystemd: {units: [{name: a.service, enabled: {{.enabled}}}]}\n',
    metadata: { enabled: SECRET },
    gives: broken('3:48'),
    report: 'butane',
  },
  {
    title: 'a loop without end',
    name: 'zf.yaml',
    text: '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
    gives: broken('1:17'),
    report: 'template-limit',
  },
];

/** Every defect in one data directory: a machine gets into one by its label `case`. */
function siteOf(defects: readonly Defect[]): Readonly<Record<string, string>> {
  return Object.assign(
    {},
    ...defects.map(({ name, text, metadata = {} }) => ({
      [`profiles/${name}.json`]: JSON.stringify({ id: name, ignition_id: name }),
      [`groups/${name}.json`]: JSON.stringify({ profile: name, selector: { case: name }, metadata }),
      [`ignition/${name}`]: text,
    })),
  );
}

test('What matchbox answers with an empty config or with 404 is a config, or a problem with a report:', async (t) => {
  const service = await startTestService(t, { site: await writeSite(t, siteOf(DEFECTS)), siteFormat: 'matchbox' });
  if (service === undefined) return;
  await siteChecked(service);
  const known = await ask(service.operator, '/v1/reports?limit=1000');
  const reports: readonly WrittenReport[] = JSON.parse(known.body.toString()).reports;
  assert.doesNotMatch(known.body.toString(), new RegExp(SECRET));
  for (const { title, name, accepts, gives, report } of DEFECTS) {
    await t.test(title, async () => {
      const headers =
        accepts === undefined ? {} : { Accept: `application/vnd.coreos.ignition+json;version=${accepts}` };
      const before = service.log.length;
      const answer = await ask(service.machine, `/ignition?case=${name}`, { headers });
      const said = answer.body.toString();
      const line = service.log.slice(before).find(({ msg }) => msg === 'request');
      assert.doesNotMatch(said + JSON.stringify(line), new RegExp(SECRET));
      const file = `ignition/${name}`;
      const own = reports.filter((each) => each.file === file);
      if ('spec' in gives) {
        assert.deepEqual(
          [answer.status, answer.headers['content-type'], JSON.parse(said).ignition?.version],
          [200, 'application/json', gives.spec],
          said,
        );
        assert.deepEqual(own, []);
        return;
      }
      const { status, code, at } = gives;
      assertProblem(answer, status, code);
      assert.equal(line?.code, code);
      if (at === undefined) return;
      const places = own.map((each) => `${each.severity} ${each.code} ${each.line}:${each.column}`);
      assert.deepEqual(places, [`error ${report} ${at}`], JSON.stringify(own));
      assert.deepEqual(placesIn(line), [`error ${report} ${file}:${at}`]);
    });
  }
});

function placesIn(line: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const reports = (line?.reports ?? []) as readonly { severity: string; code: string; at: string }[];
  return reports.map(({ severity, code, at }) => `${severity} ${code} ${at}`);
}

test('lint reports each of them at the same places, and fails', async (t) => {
  const site = await writeSite(t, siteOf(DEFECTS));
  const { code, out, reports } = await lintSite(site);
  const found = reports.map((each) => `${each.file} ${each.code} ${each.line}:${each.column}`);
  const expected = DEFECTS.flatMap(({ name, gives, report }) =>
    'at' in gives ? [`ignition/${name} ${report} ${gives.at}`] : [],
  );
  assert.deepEqual([code, found.sort()], [1, expected.sort()]);
  assert.doesNotMatch(out, new RegExp(SECRET));
});

test('With `strict: false` in site.yaml a key that nobody knows is a warning, and the config is served', async (t) => {
  const known = DEFECTS.filter(({ name }) => ['r.yaml', 's.ign'].includes(name));
  const site = await writeSite(t, { ...siteOf(known), 'site.yaml': 'strict: false\n' });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  for (const { name } of known) {
    const { status, body } = await ask(service.machine, `/ignition?case=${name}`);
    // What its version does not know, the one that it would be raised to may.
    const version = name === 's.ign' ? '3.3.0' : '3.4.0';
    assert.deepEqual([status, JSON.parse(body.toString()).ignition.version], [200, version], name);
  }
  const { code, reports } = await lintSite(site);
  assert.deepEqual([code, reports.map(({ severity }) => severity)], [0, ['warning', 'warning']]);
});
