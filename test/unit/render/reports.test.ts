import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReportEntry, Translation } from '../../../src/butane/butane.ts';
import type { Diagnostic } from '../../../src/diagnostic.ts';
import { emitButane } from '../../../src/fragment/emit.ts';
import { mapReport } from '../../../src/render/reports.ts';
import { parseLayer } from '../../support/nodes.ts';
import { refusal, translated } from './stand-in-butane.ts';

const TEXT = `variant: flatcar
version: 1.1.0
storage:
  files:
    - path: /etc/motd
      mod: 0644
    - path: relative
      contents: { local: missing }
systemd:
`;

const DOCUMENT = parseLayer(TEXT, 'profiles/web.bu');

function mapped(translation: Translation, rest: { strict?: boolean; source?: string } = {}): readonly Diagnostic[] {
  return mapReport(translation, { document: DOCUMENT, source: TEXT, strict: false, filesDir: '/tmp/private', ...rest });
}

function shown(translation: Translation, rest?: Parameters<typeof mapped>[1]): readonly string[] {
  return mapped(translation, rest).map(
    ({ severity, code, message, path, origin }) =>
      `${origin?.file}:${origin?.line}:${origin?.column} ${severity} ${code} ${path ?? '-'}: ${message}`,
  );
}

function entry(message: string, path?: string, severity: ReportEntry['severity'] = 'error'): ReportEntry {
  return { severity, message, ...(path === undefined ? {} : { path, line: 99, column: 99 }) };
}

describe('an entry of butane is mapped to the place in the author’s document', () => {
  const cases: readonly (readonly [string, ReportEntry, string])[] = [
    [
      'an unused key at the key',
      entry('unused key mod', '$.storage.files.0.mod', 'warning'),
      '6:7 warning butane $.storage.files.0.mod: unused key mod',
    ],
    [
      'a value at the value',
      entry('path not absolute', '$.storage.files.1.path'),
      '7:13 error butane $.storage.files.1.path: path not absolute',
    ],
    [
      'what is missing at its nearest parent',
      entry('unset', '$.storage.files.1.contents.verification.hash'),
      '8:17 error butane $.storage.files.1.contents.verification.hash: unset',
    ],
    ['what has no path at the start', entry('something'), '1:1 error butane -: something'],
    ['a remark as a remark', entry('x', '$', 'info'), '1:1 info butane $: x'],
  ];
  for (const [title, given, expected] of cases) {
    test(title, () => assert.deepEqual(shown(translated({}, [given])), [`profiles/web.bu:${expected}`]));
  }

  test('sorted, and without repeats', () => {
    const entries = [
      entry('unused key mod', '$.storage.files.0.mod', 'warning'),
      entry('b', '$'),
      entry('unused key mod', '$.storage.files.0.mod', 'warning'),
      entry('a', '$'),
    ];
    assert.deepEqual(
      mapped(translated({}, entries)).map(({ message }) => message),
      ['a', 'b', 'unused key mod'],
    );
  });
});

describe('a warning', () => {
  const warning = translated({}, [
    entry('unused key mod', '$.storage.files.0.mod', 'warning'),
    entry('x', '$', 'info'),
  ]);

  test('is an error where the site is strict, and a remark stays one', () => {
    const severities = (strict: boolean) => mapped(warning, { strict }).map(({ severity }) => severity);
    assert.deepEqual(severities(false), ['info', 'warning']);
    assert.deepEqual(severities(true), ['info', 'error']);
  });

  test('that became an error tells how to let it pass', () => {
    const hint = (message: string, strict: boolean) =>
      mapped(translated({}, [entry(message, '$', 'warning')]), { strict })[0]?.hint;
    assert.match(hint('careful', true) ?? '', /strict: false/);
    assert.equal(hint('careful', false), undefined);
    assert.match(hint('unused key x', true) ?? '', /spelling/);
  });
});

test('a key without a value is told as that, and not in words about butane itself', () => {
  const about = (path: string) => `context tree does not match content tree at ${path}. Line and column`;
  const [empty, alias] = ['$.systemd', '$.storage'].map((path) => mapped(refusal([entry(about(path))]))[0]);
  assert.equal(empty?.message, 'this key has no value');
  assert.match(alias?.message ?? '', /^context tree/);
  assert.match(alias?.hint ?? '', /aliases/);
});

test('the private directory is not shown', () => {
  const entries = [
    entry('open /tmp/private/missing: no such file or directory', '$.storage.files.1.contents.local'),
    entry('walking /tmp/private: /tmp/private/a and /tmp/private/b'),
  ];
  const found = mapped(refusal(entries));
  assert.doesNotMatch(JSON.stringify(found), /private/);
  assert.ok(found.some(({ message }) => message === 'open files/missing: no such file or directory'));
  assert.ok(found.some(({ hint }) => hint === 'the path is relative to files/ in the site'));
});

describe('a fault of the YAML decoder', () => {
  const faulty = (message: string, line?: number): Translation =>
    refusal([], {
      failure: 'the document is not valid YAML for butane',
      yamlFaults: [{ message, ...(line === undefined ? {} : { line }) }],
    });

  const cases: readonly (readonly [string, number, string])[] = [
    [
      'cannot unmarshal !!str `relative` into int',
      7,
      '7:13 error butane $.storage.files.1.path: a text stands where a whole number is expected',
    ],
    [
      'cannot unmarshal !!map into []string',
      8,
      '8:17 error butane $.storage.files.1.contents: a mapping stands where a list is expected',
    ],
    [
      'cannot unmarshal !!seq into v1_1.Storage',
      5,
      '5:5 error butane $.storage.files: a list stands where a mapping is expected',
    ],
    [
      'cannot unmarshal !!int `0644` into *string',
      6,
      '6:12 error butane $.storage.files.0.mod: a number stands where a text is expected',
    ],
    [
      'cannot unmarshal !!str `yes` into bool',
      6,
      '6:12 error butane $.storage.files.0.mod: a text stands where true or false is expected',
    ],
    ['mapping key `secret` already defined', 1, '1:10 error butane $.variant: mapping key … already defined'],
  ];
  for (const [message, line, expected] of cases) {
    test(`is said in an author's words: ${expected}`, () => {
      assert.deepEqual(shown(faulty(message, line)), [`profiles/web.bu:${expected}`]);
    });
  }

  test('is told apart from others in its line by what it quotes', () => {
    const text = 'a: { x: one, y: two, z: { w: three } }\n';
    const place = (message: string) =>
      mapReport(faulty(message, 1), { document: parseLayer(text), source: text, strict: false, filesDir: '/x' })[0]
        ?.path;
    assert.equal(place('cannot unmarshal !!str `two` into int'), '$.a.y');
    assert.equal(place('cannot unmarshal !!str `thr...` into int'), '$.a.z.w');
    assert.equal(place('cannot unmarshal !!map into []string'), '$');
  });

  test('without a line stands at the start', () => {
    assert.deepEqual(shown(faulty('invalid leading UTF-8 octet')), [
      'profiles/web.bu:1:1 error butane -: invalid leading UTF-8 octet',
    ]);
  });

  test('in a document that was written for butane stands where the author wrote it', () => {
    const source = emitButane(DOCUMENT);
    const line = source.split('\n').findIndex((text) => text.includes('relative')) + 1;
    assert.deepEqual(shown(faulty('cannot unmarshal !!str `relative` into int', line), { source }), [
      'profiles/web.bu:7:13 error butane $.storage.files.1.path: a text stands where a whole number is expected',
    ]);
  });

  test('quotes no value', () => {
    assert.doesNotMatch(JSON.stringify(mapped(faulty('cannot unmarshal !!str `s3cr3t` into int', 6))), /s3cr3t/);
  });
});

describe('a failure without a report', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['No translator exists for variant flatcar with version 9.9.9', '2:10 error variant $.version'],
    ['No translator exists for variant nope with version 1.0.0', '1:10 error variant $.variant'],
    ['error parsing version; must be a valid semver', '2:10 error variant $.version'],
    ['error parsing variant; must be specified', '1:10 error variant $.variant'],
    ['rhcos variant has been removed; use openshift variant instead', '1:10 error variant $.variant'],
    ['something else', '1:1 error butane -'],
  ];
  for (const [failure, expected] of cases) {
    test(`is told where it belongs: ${failure}`, () => {
      assert.deepEqual(shown(refusal([], { failure })), [`profiles/web.bu:${expected}: ${failure}`]);
    });
  }

  test('tells the versions or variants that there are', () => {
    const hint = (failure: string, text: string) =>
      mapReport(refusal([], { failure }), {
        document: parseLayer(text),
        source: text,
        strict: false,
        filesDir: '/x',
      })[0]?.hint;
    const version = 'error parsing version; must be a valid semver';
    assert.equal(hint(version, 'variant: flatcar\nversion: 1'), 'versions of flatcar: 1.0.0, 1.1.0');
    assert.equal(hint(version, 'variant: nope\nversion: 1'), 'a version has three numbers, such as 1.1.0');
    assert.match(
      hint('error parsing variant; must be specified', 'version: 1.0.0') ?? '',
      /butane knows fcos, flatcar/,
    );
  });

  test('is left out where a report says more', () => {
    assert.deepEqual(
      mapped(refusal([entry('a', '$')])).map(({ message }) => message),
      ['a'],
    );
  });
});
