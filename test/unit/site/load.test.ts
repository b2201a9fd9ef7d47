import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSite } from '../../../src/site/load.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { fileTree } from '../../support/nodes.ts';
import type { Documents } from './parsed-site.ts';
import { inOneLine, PLAIN, parsedSite, revisionOf, sourceTree } from './parsed-site.ts';

function errorsOf(documents: Documents): readonly string[] {
  const { value, diagnostics } = parsedSite(documents);
  assert.equal(value, undefined, 'the whole site is refused');
  return diagnostics.filter(({ severity }) => severity === 'error').map(inOneLine);
}

/** What a site that is taken says about itself. */
function reportsOf(documents: Documents): readonly string[] {
  return revisionOf({ 'profiles/web.bu': PLAIN, ...documents }).diagnostics.map(inOneLine);
}

test('a site has its profiles and groups by id, in the order of their ids', () => {
  const revision = revisionOf({
    'profiles/web.bu': PLAIN,
    'profiles/old.ign': '{"ignition":{"version":"3.3.0"}}',
    'profiles/worker.yaml': 'layers: [fragments/base.bu]\n',
    'profiles/small.toml': 'layers = ["fragments/base.bu"]\n',
    'profiles/1.2.bu': PLAIN,
    'fragments/base.bu': PLAIN,
    'groups/b.yaml': 'profile: web\n',
    'groups/a.toml': 'profile = "old"\n[match]\nrack = "r7"\n',
  });
  assert.deepEqual(
    [...revision.profiles].map(([id, { kind, file }]) => [id, kind, file]),
    [
      ['1.2', 'butane', 'profiles/1.2.bu'],
      ['old', 'ignition', 'profiles/old.ign'],
      ['small', 'composed', 'profiles/small.toml'],
      ['web', 'butane', 'profiles/web.bu'],
      ['worker', 'composed', 'profiles/worker.yaml'],
    ],
  );
  assert.deepEqual([...revision.groups.keys()], ['a', 'b']);
  assert.deepEqual(revision.diagnostics, []);
  assert.ok(Object.isFrozen(revision));
});

describe('site.yaml', () => {
  const settings = (text: string) => revisionOf({ 'profiles/web.bu': PLAIN, 'site.yaml': text }).settings;

  test('is strict and not experimental by default, also when it holds nothing', () => {
    for (const text of ['', '\n', '# a comment\n', '# a\n\n  # b', '{}', 'parameters: {}', '\ufeff']) {
      const { strict, experimental, parameters } = settings(text);
      assert.deepEqual([strict, experimental, parameters.size], [true, false, 0], JSON.stringify(text));
    }
  });

  test('says otherwise', () => {
    const { strict, experimental, parameters } = settings(
      'strict: False\nexperimental: TRUE\nparameters: { ntp: [a], x: ~ }\n',
    );
    assert.deepEqual([strict, experimental, [...parameters.keys()]], [false, true, ['ntp', 'x']]);
    assert.equal(parameters.get('ntp')?.source, 'site.yaml');
  });

  test('may start with as many comments and blank lines as one likes', () => {
    const lines = (count: number) => `${'# a line of a licence\n'.repeat(count)}\nstrict: false\n`;
    assert.equal(settings(lines(300)).strict, false);
    assert.equal(settings(`${' \n'.repeat(3000)}strict: false\n`).strict, false);
  });
});

describe('the whole site is refused for', () => {
  const cases: Readonly<Record<string, readonly [Documents, readonly RegExp[]]>> = {
    'no profile at all': [{ 'fragments/a.bu': 'a: 1' }, [/^profiles:1:1 error site-file: the site has no profile/]],
    'a site.yaml with an unknown key': [
      { 'profiles/web.bu': PLAIN, 'site.yaml': 'strikt: true' },
      [/^site\.yaml:1:1 error schema \$\.strikt/],
    ],
    'metadata services that have one path': [
      { 'profiles/web.bu': PLAIN, 'site.yaml': 'strict: true\nmetadata: { dialects: [gcp, openstack, aws] }' },
      [/^site\.yaml:2:\d+ error schema.*aws and openstack have the same paths/],
    ],
    'a metadata service that is none': [
      { 'profiles/web.bu': PLAIN, 'site.yaml': 'metadata: { dialects: [other] }' },
      [/^site\.yaml:1:\d+ error schema \$\.metadata\.dialects/],
    ],
    'a site.yaml that does not parse': [
      { 'profiles/web.bu': PLAIN, 'site.yaml': 'a: [' },
      [/^site\.yaml:1:\d+ error yaml-syntax/],
    ],
    'a group that does not parse': [
      { 'profiles/web.bu': PLAIN, 'groups/a.yaml': 'a: b: c' },
      [/^groups\/a\.yaml:1:4 error yaml-syntax/],
    ],
    'an empty group': [{ 'profiles/web.bu': PLAIN, 'groups/a.yaml': '' }, [/^groups\/a\.yaml:1:1 error yaml-syntax/]],
    'a group that matches no schema': [{ 'profiles/web.bu': PLAIN, 'groups/a.yaml': 'profle: web' }, [/\$\.profle/]],
    'a MAC address in a group that is none': [
      { 'profiles/web.bu': PLAIN, 'groups/a.yaml': 'profile: web\nmatch: { mac: x }' },
      [/^groups\/a\.yaml:2:15 error schema \$\.match\.mac/],
    ],
    'a definition of a profile that does not parse': [
      { 'profiles/w.yaml': 'layers: [' },
      [/^profiles\/w\.yaml:1:\d+ error yaml-syntax/],
    ],
    'a definition of a profile with parameters that are no schema': [
      { 'profiles/w.yaml': 'parameters: { type: object, x: 1 }' },
      [/^profiles\/w\.yaml:1:\d+ error schema \$\.parameters: this is no JSON Schema/],
    ],
    'two groups with one selector, however it is written': [
      {
        'profiles/web.bu': PLAIN,
        'groups/a.yaml': 'profile: web\nmatch: { mac: [525400a19cae, 525400a19caf], rack: r7 }',
        'groups/b.yaml': 'profile: web\nmatch:\n  rack: [r7]\n  mac: ["52-54-00-A1-9C-AF", "52:54:00:a1:9c:ae"]\n',
      },
      [/^groups\/b\.yaml:1:1 error duplicate: the group has the same selector as groups\/a\.yaml/],
    ],
    'two groups that match everyone': [
      { 'profiles/web.bu': PLAIN, 'groups/a.yaml': 'profile: web', 'groups/b.yaml': 'match: {}\nparameters: { a: 1 }' },
      [/^groups\/b\.yaml:1:1 error duplicate/],
    ],
    'an id that is used twice': [
      {
        'profiles/web.bu': PLAIN,
        'profiles/web.yaml': 'butane: {}',
        'groups/a.toml': 'profile = "web"',
        'groups/a.yaml': 'profile: web',
      },
      [
        /^profiles\/web\.yaml:1:1 error duplicate: the id web is taken by profiles\/web\.bu/,
        /^groups\/a\.yaml:1:1 error duplicate/,
      ],
    ],
    'a file with another ending where files count': [
      {
        'profiles/web.bu': PLAIN,
        'profiles/a.yml': '',
        'profiles/README': '',
        'profiles/b.json': '',
        'groups/a.bu': '',
        'profiles/.': '',
      },
      [/^groups\/a\.bu/, /^profiles\/\.:/, /^profiles\/README/, /^profiles\/a\.yml/, /^profiles\/b\.json/],
    ],
    'all of these at once': [
      { 'site.yaml': 'x: 1', 'profiles/Web.bu': PLAIN, 'groups/a.yaml': '[]', 'groups/b.yaml': 'y: 1' },
      [/^site\.yaml/, /^profiles\/Web\.bu/, /^groups\/a\.yaml/, /^groups\/b\.yaml/],
    ],
  };
  for (const [title, [documents, expected]] of Object.entries(cases)) {
    test(title, () => {
      const errors = errorsOf(documents);
      assert.equal(errors.length, expected.length, errors.join('\n'));
      for (const each of expected)
        assert.ok(
          errors.some((error) => each.test(error)),
          `${each} in\n${errors.join('\n')}`,
        );
    });
  }

  for (const id of ['Web', '-web', '.web', '_web', 'wéb', 'a b', 'a\nb', 'a\u001b[2J', 'x'.repeat(129), '']) {
    test(`the id ${JSON.stringify(id.slice(0, 20))}`, () => {
      const errors = errorsOf({ 'profiles/web.bu': PLAIN, [`profiles/${id}.bu`]: PLAIN });
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /error site-id: `[ -~]{0,80}` is no id$/);
    });
  }

  test('what could not be read from disk', () => {
    const diagnostic = { severity: 'error', code: 'site-link', message: 'it leads out' } as const;
    const { value, diagnostics } = parseSite({
      ...sourceTree({ 'profiles/web.bu': PLAIN }),
      diagnostics: [diagnostic],
    });
    assert.equal(value, undefined);
    assert.deepEqual(diagnostics, [diagnostic]);
  });
});

describe('one profile is broken, and nothing else, by', () => {
  const cases: Readonly<Record<string, Documents>> = {
    'Butane that is no YAML': { 'profiles/bad.bu': 'a: [' },
    'a fragment that does not parse': { 'profiles/bad.yaml': 'layers: [fragments/a.bu]', 'fragments/a.bu': 'a: [' },
    'a fragment that does not exist': { 'profiles/bad.yaml': 'layers: [fragments/a.bu]' },
    'a template that does not compile': {
      'profiles/bad.yaml': 'layers: [fragments/a.bu.liquid]',
      'fragments/a.bu.liquid': 'a: "{{ x"',
    },
    'a template that reads an undeclared parameter': { 'profiles/bad.yaml': 'butane: { a: "{{ parameters.x }}" }' },
    'a template that is too long': { 'profiles/bad.yaml': `butane: { a: "{{ labels.x }}${'x'.repeat(300 * 1024)}" }` },
    'no layers': { 'profiles/bad.yaml': 'title: x' },
  };
  for (const [title, documents] of Object.entries(cases)) {
    test(title, () => {
      const revision = revisionOf({ 'profiles/web.bu': PLAIN, ...documents });
      assert.deepEqual(revision.profiles.get('web')?.diagnostics, []);
      const broken = revision.profiles.get('bad')?.diagnostics ?? [];
      assert.equal(broken[0]?.severity, 'error');
      assert.ok(broken[0]?.origin);
    });
  }
});

describe('a site that is taken tells what is doubtful:', () => {
  test('a group that names a profile which does not exist', () => {
    assert.deepEqual(reportsOf({ 'groups/a.yaml': 'profile: nope' }), [
      'groups/a.yaml:1:10 error reference $.profile: there is no profile nope',
    ]);
  });

  test('fragments whose name looks like a mistake, and no others', () => {
    const files = [
      'a.yaml',
      'b.yml',
      'c.liquid',
      'd.butane',
      'e.toml',
      'f.json',
      'README.md',
      'notes',
      'sub/g.bu.yaml',
    ];
    const reports = reportsOf(Object.fromEntries(files.map((file) => [`fragments/${file}`, 'x'])));
    assert.deepEqual(
      reports.map((line) => line.replace(/^fragments\/([^:]+):1:1 warning site-file: .*$/, '$1')),
      ['a.yaml', 'b.yml', 'c.liquid', 'd.butane', 'e.toml', 'f.json', 'sub/g.bu.yaml'],
    );
  });

  test('faults of fragments that nobody uses', () => {
    assert.match(reportsOf({ 'fragments/a.bu': 'a: b: c' }).join(), /^fragments\/a\.bu:1:4 error yaml-syntax/);
  });

  test('a group that does nothing', () => {
    assert.match(reportsOf({ 'groups/a.yaml': 'match: { a: b }' }).join(), /^groups\/a\.yaml:1:1 warning schema/);
  });

  const rivals: Readonly<Record<string, readonly [string, string, RegExp | undefined]>> = {
    'two groups that name different profiles': [
      'profile: web\nmatch: { a: x }',
      'profile: old\nmatch: { b: y }',
      /^groups\/b\.yaml:1:10 warning selection: a machine that matches this group and groups\/a\.yaml is refused: .* name different profiles$/,
    ],
    'two groups that disagree about a parameter': [
      'parameters: { ntp: [a] }\nmatch: { a: x }',
      'profile: web\nparameters: { ntp: [b] }\nmatch: { b: y }',
      /disagree about the parameter ntp$/,
    ],
    'two groups that give a list and a mapping': [
      'parameters: { x: [[a, 1]] }\nmatch: { a: x }',
      'parameters: { x: { a: 1 } }\nmatch: { b: y }',
      /disagree about the parameter x$/,
    ],
    'two groups that give an empty list and an empty mapping': [
      'parameters: { x: [] }\nmatch: { a: x }',
      'parameters: { x: {} }\nmatch: { b: y }',
      /disagree about the parameter x$/,
    ],
    'no groups that give the same in another order': [
      'parameters: { x: { a: 1, b: "2" } }\nmatch: { a: x }',
      'parameters: { x: { b: "2", a: 1.0 } }\nmatch: { b: y }',
      undefined,
    ],
    'no groups that name one profile': ['profile: web\nmatch: { a: x }', 'profile: web\nmatch: { b: y }', undefined],
    'no groups of different priority': [
      'profile: web\npriority: 1\nmatch: { a: x }',
      'profile: old\nmatch: { b: y }',
      undefined,
    ],
    'no groups of different specificity': [
      'profile: web\nmatch: { a: x, c: z }',
      'profile: old\nmatch: { b: y }',
      undefined,
    ],
    'no groups that no machine can match both': [
      'profile: web\nmatch: { a: [x, y] }',
      'profile: old\nmatch: { a: z }',
      undefined,
    ],
  };
  for (const [title, [a, b, expected]] of Object.entries(rivals)) {
    test(title, () => {
      const reports = reportsOf({
        'profiles/old.bu': PLAIN,
        'groups/a.yaml': a,
        'groups/b.yaml': b,
      });
      assert.equal(reports.length, expected === undefined ? 0 : 1, reports.join('\n'));
      if (expected !== undefined) assert.match(reports[0] ?? '', expected);
    });
  }

  test('in a fleet of a thousand machines without looking at all pairs', () => {
    const fleet = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `groups/n${index}.yaml`,
        `profile: web\nmatch: { mac: "02:00:00:00:${(index >> 8).toString(16)}:${(index & 255).toString(16)}" }\nparameters: { hostname: n${index} }\n`,
      ]),
    );
    const started = cpuMs();
    assert.deepEqual(reportsOf(fleet), []);
    assert.ok(cpuMs() - started < 3000);
  });
});

test('what the machines see of files/ belongs to the revision', () => {
  const files = fileTree({ 'a.txt': 'a' });
  const revision = revisionOf({ 'profiles/web.bu': PLAIN }, files);
  assert.equal(revision.files, files);
  assert.match(revision.filesDigest, /^[0-9a-f]{64}$/);
  assert.match(revision.id, /^[0-9a-f]{64}$/);
});

test('what a file has to end in is told for its own folder', () => {
  const hints = ['groups/a.yml', 'groups/a.json', 'profiles/a.yml'].map((path) => {
    const { diagnostics } = parsedSite({ 'profiles/web.bu': PLAIN, [path]: 'profile: web\n' });
    return diagnostics.map(({ hint }) => hint).join();
  });
  assert.deepEqual(hints, [
    'groups/ holds files that end in .yaml, .toml',
    'groups/ holds files that end in .yaml, .toml',
    'profiles/ holds files that end in .yaml, or .bu for Butane',
  ]);
});
