import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  parseButaneProfile,
  parseComposedProfile,
  parseFragment,
  parseIgnitionProfile,
} from '../../../src/site/profile.ts';
import type { ComposedProfile, Fragment } from '../../../src/site/revision.ts';
import { inOneLine } from './parsed-site.ts';

function fragments(texts: Readonly<Record<string, string>>): ReadonlyMap<string, Fragment> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, parseFragment(Buffer.from(text), path)]));
}

const FRAGMENTS = fragments({
  'fragments/base.bu': 'variant: fcos\nversion: 1.5.0\nx: "{{ not a template"\n',
  'fragments/name.bu.liquid': 'a: "{{ parameters.hostname }}"\n',
  'fragments/disk.bu.liquid': 'a: "{{ item.path }} {{ index }}"\n',
  'fragments/broken.bu': 'a: 1\na: 2\n',
  'fragments/typo.bu.liquid': 'a:\n  - ok\n  - "{{ parameters.hostnam }} {{ nope }}"\n',
});

const PARAMETERS = 'parameters: { type: object, properties: { hostname: {}, disks: {}, gpu: {} } }\n';

function composed(text: string): ComposedProfile {
  const { value, diagnostics } = parseComposedProfile('w', Buffer.from(text), 'profiles/w.yaml', {
    fragments: FRAGMENTS,
    files: new Map(),
  });
  assert.ok(value, diagnostics.map(inOneLine).join('\n'));
  assert.deepEqual(diagnostics, []);
  return value;
}

function faultsOf(text: string): readonly string[] {
  return composed(text).diagnostics.map(inOneLine);
}

describe('a fragment', () => {
  test('holds templates only when its name says so', () => {
    assert.equal(FRAGMENTS.get('fragments/base.bu')?.value?.templates.size, 0);
    assert.equal(FRAGMENTS.get('fragments/name.bu.liquid')?.value?.templates.size, 1);
  });

  test('is a mapping', () => {
    for (const text of ['[a]', 'text', '']) {
      const { value, diagnostics } = parseFragment(Buffer.from(text), 'fragments/a.bu');
      assert.equal(value, undefined);
      assert.equal(diagnostics[0]?.code, 'yaml-syntax');
    }
  });

  test('is YAML whatever stands in it', () => {
    assert.equal(parseFragment(Buffer.from('a = 1'), 'fragments/a.bu').value, undefined);
    assert.equal(parseFragment(Buffer.from([0xff]), 'fragments/a.bu').diagnostics[0]?.code, 'encoding');
  });

  test('with a scalar that is too long for a template has a fault', () => {
    const text = `a: "{{ labels.x }}${'x'.repeat(300 * 1024)}"\n`;
    const { value, diagnostics } = parseFragment(Buffer.from(text), 'fragments/a.bu.liquid');
    assert.equal(value, undefined);
    assert.equal(diagnostics.length, 1);
  });
});

describe('a plain Butane profile', () => {
  test('keeps its own bytes', () => {
    const bytes = Buffer.from('\ufeff# a comment\nvariant: fcos\r\nmode: 0644\n');
    const profile = parseButaneProfile('web', bytes, 'profiles/web.bu');
    assert.equal(profile.kind, 'butane');
    assert.equal(profile.bytes, bytes);
    assert.deepEqual(profile.diagnostics, []);
    assert.ok(profile.document);
  });

  test('that does not parse is broken', () => {
    for (const text of ['a: [', '- a', '', 'a: *b']) {
      const profile = parseButaneProfile('web', Buffer.from(text), 'profiles/web.bu');
      assert.equal(profile.document, undefined, text);
      assert.equal(profile.diagnostics[0]?.severity, 'error', text);
      assert.equal(profile.diagnostics[0]?.origin?.file, 'profiles/web.bu');
    }
  });
});

test('a hand-written Ignition config keeps its own bytes, whatever they are', () => {
  for (const bytes of [Buffer.from('{"ignition":{"version":"3.3.0"}}'), Buffer.from([0xff, 0x00]), Buffer.alloc(0)]) {
    const profile = parseIgnitionProfile('old', bytes, 'profiles/old.ign');
    const { digest, ...rest } = profile;
    assert.deepEqual(rest, { kind: 'ignition', id: 'old', file: 'profiles/old.ign', bytes, diagnostics: [] });
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.equal(profile.bytes, bytes);
  }
});

describe('a composed profile', () => {
  test('has its layers in their order, its own Butane last', () => {
    const { title, layers, diagnostics } = composed(
      `title: A worker\nlayers:\n  - fragments/base.bu\n  - { use: ./fragments/name.bu.liquid, when: labels.x }\n  - fragments/base.bu\nbutane: { mode: 0644 }\n${PARAMETERS}`,
    );
    assert.deepEqual(diagnostics, []);
    assert.equal(title, 'A worker');
    assert.deepEqual(
      layers.map(({ file, origin }) => `${file} ${origin.line}:${origin.column}`),
      ['fragments/base.bu 3:5', 'fragments/name.bu.liquid 4:12', 'fragments/base.bu 5:5', 'profiles/w.yaml 6:9'],
    );
  });

  test('has layers that take part always, never, or when something holds', () => {
    const when = (written: string) =>
      composed(`layers: [{ use: fragments/base.bu, when: ${written} }]\n${PARAMETERS}`).layers[0]?.when;
    assert.equal(when('true'), true);
    assert.equal(when('False'), false);
    assert.equal(typeof when('parameters.gpu'), 'object');
    assert.equal(typeof when('"true"'), 'object');
    assert.equal(composed('layers: [fragments/base.bu]').layers[0]?.when, undefined);
  });

  test('may read the item in a layer with each, and in its when', () => {
    const { layers, diagnostics } = composed(
      `layers: [{ use: fragments/disk.bu.liquid, each: parameters.disks, when: item.wanted and index > 0 }]\n${PARAMETERS}`,
    );
    assert.deepEqual(diagnostics, []);
    assert.ok(layers[0]?.each);
  });

  test('may hold templates in its own Butane', () => {
    const { layers } = composed(`butane: { a: "{{ parameters.hostname }}", mode: 0644 }\n${PARAMETERS}`);
    assert.equal(layers[0]?.content.templates.size, 1);
  });

  const faults: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    'a fragment that does not exist': [
      'layers: [fragments/bas.bu, { use: ../fragments/base.bu }, fragments/base.bu]\n',
      [
        'profiles/w.yaml:1:10 error reference $.layers.0: there is no fragment fragments/bas.bu',
        'profiles/w.yaml:1:35 error reference $.layers.1: there is no fragment ../fragments/base.bu',
      ],
    ],
    'a fragment that does not parse, at its own place': [
      'layers: [fragments/broken.bu]\n',
      ['fragments/broken.bu:2:1 error yaml-syntax: this key is written twice in one mapping'],
    ],
    'templates that read what is not declared': [
      `layers: [fragments/typo.bu.liquid]\n${PARAMETERS}`,
      [
        'fragments/typo.bu.liquid:3:5 error template-value $.a.1: the parameter `hostnam` is not declared by the profile',
        'fragments/typo.bu.liquid:3:5 error template-value $.a.1: `nope` is not defined',
      ],
    ],
    'an item without each': [
      'layers: [fragments/disk.bu.liquid]\n',
      [
        'fragments/disk.bu.liquid:1:4 error template-value $.a: `item` is not defined',
        'fragments/disk.bu.liquid:1:4 error template-value $.a: `index` is not defined',
      ],
    ],
    'conditions that do not compile or read what is not there': [
      `layers:\n  - { use: fragments/base.bu, when: "{{ x }}" }\n  - { use: fragments/base.bu, when: yes }\n  - { use: fragments/base.bu, each: item }\n${PARAMETERS}`,
      [
        'profiles/w.yaml:2:37 error template-syntax $.layers.0.when: write the expression without {{ }}: parameters.gpu',
        'profiles/w.yaml:3:37 error template-value $.layers.1.when: `yes` is not defined',
        'profiles/w.yaml:4:37 error template-value $.layers.2.each: `item` is not defined',
      ],
    ],
    'its own Butane': [
      `butane: { a: "{{ parameters.nope }}", b: "{{ x" }\n${PARAMETERS}`,
      ['profiles/w.yaml:1:42 error template-syntax $.b: output "{{ x" not closed'],
    ],
    'no layer': [PARAMETERS, ['profiles/w.yaml:1:1 error schema: the profile has no layers']],
    'an empty list of layers': ['layers: []\n', ['profiles/w.yaml:1:1 error schema: the profile has no layers']],
  };
  for (const [title, [text, expected]] of Object.entries(faults)) {
    test(`is broken by ${title}`, () => assert.deepEqual(faultsOf(text), expected));
  }

  test('with a condition that is too long for a template is broken', () => {
    const long = `${'true and '.repeat(40_000)}true`;
    assert.equal(faultsOf(`layers: [{ use: fragments/base.bu, when: "${long}" }]\n`).length, 1);
  });

  test('suggests the fragment that was meant', () => {
    const hint = (name: string) => composed(`layers: [${name}]`).diagnostics[0]?.hint;
    assert.equal(hint('fragments/bse.bu'), 'did you mean `fragments/base.bu`?');
    assert.match(hint('x') ?? '', /^expected one of `fragments\/base\.bu`/);
  });

  for (const text of [
    'layers: {}',
    'layer: []',
    'parameters: { type: array }',
    'parameters: { type: object, x: 1 }',
    '[]',
    'a: [',
  ]) {
    test(`whose definition is at fault stops the whole site: ${text}`, () => {
      const { value, diagnostics } = parseComposedProfile('w', Buffer.from(text), 'profiles/w.yaml', {
        fragments: FRAGMENTS,
        files: new Map(),
      });
      assert.equal(value, undefined);
      assert.equal(diagnostics[0]?.severity, 'error');
    });
  }
});
