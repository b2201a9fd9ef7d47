import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { childText } from '../../../src/fragment/node.ts';
import type { DefinitionKind } from '../../../src/site/definition.ts';
import { parseDefinition, parseDocument } from '../../../src/site/definition.ts';
import { toPlain } from '../../support/nodes.ts';
import { inOneLine } from './parsed-site.ts';

function faultsOf(kind: DefinitionKind, text: string, file = `${kind}.yaml`): readonly string[] {
  const { value, diagnostics } = parseDefinition(kind, Buffer.from(text), file);
  assert.equal(value === undefined, diagnostics.length > 0);
  return diagnostics.map(inOneLine);
}

describe('a document', () => {
  test('is TOML when its name says so, and YAML otherwise', () => {
    for (const [file, text] of [
      ['groups/a.toml', 'a = "x"\n'],
      ['groups/a.yaml', 'a: x\n'],
      ['fragments/a.bu', 'a: x\n'],
      ['fragments/a.bu.liquid', 'a: x\n'],
    ] as const) {
      const { value } = parseDocument(Buffer.from(text), file);
      assert.ok(value, file);
      assert.deepEqual(toPlain(value), { a: 'x' });
      assert.equal(value.origin.file, file);
    }
  });

  test('may start with a byte order mark, which takes no column', () => {
    for (const [file, text] of [
      ['a.yaml', '\ufeffa: "ü"\n'],
      ['a.toml', '\ufeffa = "ü"\n'],
    ] as const) {
      const { value } = parseDocument(Buffer.from(text), file);
      assert.ok(value?.kind === 'map');
      assert.equal(childText(value, 'a'), 'ü');
      assert.deepEqual(value.entries.get('a')?.keyOrigin, { file, line: 1, column: 1 });
    }
  });

  test('has to be UTF-8, from its first to its last byte', () => {
    const cases: readonly (readonly [string, readonly number[], string])[] = [
      ['', [0xff], '1:1'],
      ['a: ü', [0xe4], '1:5'],
      ['# ü\na: 1 # ', [0xc0, 0x80], '2:8'],
      ['a: "😀', [0xed, 0xa0, 0x80], '1:6'],
      ['a: 1\n', [0xf0, 0x9f, 0x98], '2:1'],
      ['', [0xff, 0xfe, 0x61, 0], '1:1'],
    ];
    for (const [text, bytes, place] of cases) {
      const { value, diagnostics } = parseDocument(Buffer.concat([Buffer.from(text), Buffer.from(bytes)]), 'a.yaml');
      assert.equal(value, undefined);
      assert.deepEqual(diagnostics.map(inOneLine), [`a.yaml:${place} error encoding: the file is not UTF-8`]);
    }
  });
});

describe('a definition is fine:', () => {
  const fine: readonly (readonly [DefinitionKind, string])[] = [
    ['profile', 'layers: [fragments/a.bu, { use: fragments/b.bu, when: true, each: parameters.x }]'],
    ['profile', 'layers: [{ use: a, when: "labels.x" }]\ntitle: A title'],
    ['profile', 'butane: { variant: fcos, mode: 0644, x: ~, y: 123456789012345678901234567890 }'],
    ['profile', 'parameters: { type: object }'],
    ['group', 'profile: worker'],
    ['group', 'match: { mac: 525400a19cae, rack: [07, r7, ~, true, 1e3], "a/b": yes, __proto__: x }'],
    ['group', 'priority: -1000\nmatch: {}'],
    ['group', 'parameters: { mode: 0644, big: 123456789012345678901234567890, deep: { a: [~] } }'],
    ['site', 'strict: false\nexperimental: true\nparameters: { a: 0644 }'],
    ['site', '{}'],
  ];
  for (const [kind, text] of fine) test(text.split('\n').join('; '), () => assert.deepEqual(faultsOf(kind, text), []));

  test('in TOML', () => {
    assert.deepEqual(faultsOf('group', 'profile = "w"\n[match]\nmac = "525400a19cae"\nrack = ["r7"]\n', 'g.toml'), []);
  });
});

describe('a definition has faults:', () => {
  const faults: readonly (readonly [DefinitionKind, string, readonly string[]])[] = [
    ['profile', '[]', ['profile.yaml:1:1 error schema: a profile is a mapping']],
    ['profile', 'just text', ['profile.yaml:1:1 error schema: a profile is a mapping']],
    ['profile', '{}', ['profile.yaml:1:1 error schema $: must NOT have fewer than 1 properties']],
    [
      'profile',
      'title: 5\nlayer: []\nbutane: text\nparameters: ~\n',
      [
        'profile.yaml:2:1 error schema $.layer: unknown key `layer`',
        'profile.yaml:1:8 error schema $.title: must be a text',
        'profile.yaml:3:9 error schema $.butane: must be a mapping',
        'profile.yaml:4:13 error schema $.parameters: must be a mapping',
      ],
    ],
    [
      'profile',
      'layers:\n  - 5\n  - {}\n  - use: a\n    if: x\n  - use: [a]\n  - use: a\n    when: 5\n    each: ""\n',
      [
        'profile.yaml:2:5 error schema $.layers.0: must be a text or a mapping',
        'profile.yaml:3:5 error schema $.layers.1.use: `use` is missing',
        'profile.yaml:5:5 error schema $.layers.2.if: unknown key `if`',
        'profile.yaml:6:10 error schema $.layers.3.use: must be a text',
        'profile.yaml:8:11 error schema $.layers.4.when: must be true or false or a text',
        'profile.yaml:9:11 error schema $.layers.4.each: must NOT have fewer than 1 characters',
      ],
    ],
    [
      'profile',
      `title: ${'x'.repeat(201)}`,
      ['profile.yaml:1:8 error schema $.title: must NOT have more than 200 characters'],
    ],
    [
      'profile',
      `layers: [${'a, '.repeat(201)}]`,
      ['profile.yaml:1:9 error schema $.layers: must NOT have more than 200 items'],
    ],
    ['group', '{}', ['group.yaml:1:1 error schema $: must NOT have fewer than 1 properties']],
    [
      'group',
      'match:\n  a:\n  b: ""\n  c: []\n  d: [x, ""]\n  e: { f: x }\n  g: [[x]]\n',
      [
        'group.yaml:2:5 error schema $.match.a: must be a text or a list',
        'group.yaml:3:6 error schema $.match.b: must NOT have fewer than 1 characters',
        'group.yaml:4:6 error schema $.match.c: must NOT have fewer than 1 items',
        'group.yaml:5:10 error schema $.match.d.1: must NOT have fewer than 1 characters',
        'group.yaml:6:6 error schema $.match.e: must be a text or a list',
        'group.yaml:7:7 error schema $.match.g.0: must be a text',
      ],
    ],
    [
      'group',
      `match: { ${Array.from({ length: 33 }, (_, index) => `k${index}: v`).join(', ')} }`,
      ['group.yaml:1:8 error schema $.match: must NOT have more than 32 properties'],
    ],
    ['group', 'match:\n', ['group.yaml:1:7 error schema $.match: must be a mapping']],
    ['group', 'profile: 7\n', ['group.yaml:1:10 error schema $.profile: must be a text']],
    ['group', 'priority: 1.5\n', ['group.yaml:1:11 error schema $.priority: must be a whole number']],
    ['group', 'priority: "5"\n', ['group.yaml:1:11 error schema $.priority: must be a whole number']],
    ['group', 'priority: 1001\n', ['group.yaml:1:11 error schema $.priority: must be <= 1000']],
    ['group', 'priority: -1001\n', ['group.yaml:1:11 error schema $.priority: must be >= -1000']],
    [
      'group',
      'priority: 010\n',
      [
        'group.yaml:1:11 error schema $.priority: a number that starts with 0 is octal to some readers and decimal to others',
      ],
    ],
    ['group', 'parameters: [a]\n', ['group.yaml:1:13 error schema $.parameters: must be a mapping']],
    [
      'site',
      'strict: yes\nexperimental: "true"\nparameter: {}\n',
      [
        'site.yaml:3:1 error schema $.parameter: unknown key `parameter`',
        'site.yaml:1:9 error schema $.strict: must be true or false',
        'site.yaml:2:15 error schema $.experimental: must be true or false',
      ],
    ],
    ['site', 'a: 1\na: 2\n', ['site.yaml:2:1 error yaml-syntax: this key is written twice in one mapping']],
  ];
  for (const [kind, text, expected] of faults) {
    test(`${kind} ${text.split('\n')[0]?.slice(0, 40)}`, () =>
      assert.deepEqual([...faultsOf(kind, text)].sort(), [...expected].sort()));
  }

  test('a key that is nearly right is guessed, and for another one all are named', () => {
    const hint = (key: string) => parseDefinition('group', Buffer.from(`${key}: x`), 'g.yaml').diagnostics[0]?.hint;
    assert.equal(hint('profil'), 'did you mean `profile`?');
    assert.equal(hint('Match'), 'did you mean `match`?');
    assert.equal(hint('selector'), 'expected one of `profile`, `match`, `priority`, `parameters`, `metadata`');
  });

  const inner: readonly (readonly [kind: DefinitionKind, text: string, hint: string])[] = [
    ['group', 'metadata: { hostnam: a }', 'did you mean `hostname`?'],
    ['site', 'metadata: { dialekts: [aws] }', 'did you mean `dialects`?'],
    ['site', 'boot: { unknown: { profil: x } }', 'did you mean `profile`?'],
    ['profile', 'layers: [{ use: a.bu }, { use: b.bu, eech: x }]', 'did you mean `each`?'],
  ];
  for (const [kind, text, hint] of inner) {
    test(`so is one further in: ${text}`, () => {
      const { diagnostics } = parseDefinition(kind, Buffer.from(text), 'x.yaml');
      assert.deepEqual(
        diagnostics.flatMap((each) => each.hint ?? []),
        [hint],
      );
    });
  }

  test('thousands of levels are one of them, and no crash', () => {
    const key = Array.from({ length: 95 }, () => 'k').join('.');
    let inline = '1';
    for (let level = 0; level < 90; level += 1) {
      inline = `{ ${key} = ${inline} }`;
      if (level % 10 === 9) assert.equal(faultsOf('group', `[match]\na = ${inline}`, 'g.toml').length, 1);
    }
    assert.equal(faultsOf('group', `match: { a: ${'['.repeat(9000)}${']'.repeat(9000)} }`).length, 1);
  });

  test('no value is quoted', () => {
    const text = 'profile: [s3cr3t]\npriority: s3cr3t\nmatch: { a: { s3cr3t: s3cr3t } }\nparameters: s3cr3t\n';
    assert.equal(faultsOf('group', text).length, 4);
    assert.doesNotMatch(faultsOf('group', text).join('\n'), /s3cr3t/);
  });
});
