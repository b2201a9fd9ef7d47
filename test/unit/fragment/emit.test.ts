import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parse as parseCore } from 'yaml';
import { emitButane } from '../../../src/fragment/emit.ts';
import type { MapEntry, MapNode, Node } from '../../../src/fragment/node.ts';
import { listNode, mapNode, plainNode, textNode } from '../../../src/fragment/node.ts';
import { parseYaml } from '../../../src/fragment/parse-yaml.ts';
import { embeddedContent } from '../../../src/ignition/embedded-content.ts';
import type { JsonObject } from '../../../src/ignition/json.ts';
import { realButane, translate } from '../../support/butanes.ts';
import { anyText } from '../any-text.ts';

const ORIGIN = { file: 'a.bu', line: 1, column: 1 };

function map(entries: readonly (readonly [string, Node])[], origin = ORIGIN): MapNode {
  return mapNode(
    entries.map(([key, value]): [string, MapEntry] => [key, { keyOrigin: origin, value }]),
    origin,
  );
}

function only(value: Node): MapNode {
  return map([['k', value]]);
}

type Shape = readonly unknown[];

/** All that a node says, apart from where it was written. */
function shape(node: Node): Shape {
  switch (node.kind) {
    case 'scalar':
      return ['scalar', node.text, node.plain, node.tag];
    case 'list':
      return ['list', ...node.items.map(shape)];
    case 'map':
      return ['map', ...[...node.entries].map(([key, entry]) => [key, shape(entry.value)])];
  }
}

function assertReadBack(root: MapNode): void {
  const text = emitButane(root);
  const { value, diagnostics } = parseYaml(text, 'emitted');
  assert.deepEqual(diagnostics, [], text);
  assert.ok(value);
  assert.deepEqual(shape(value), shape(root), text);
}

/** Texts that a careless writer of YAML breaks, or turns into something else. */
const NASTY = [
  '',
  ' ',
  '  leading',
  'trailing  ',
  '\t',
  '\tleading tab',
  'trailing tab\t',
  'in\tside',
  '\n',
  '\n\n',
  'a\n',
  'a\n\n',
  'a\nb',
  'a\n b\n  c\n',
  '\na',
  ' a\nb',
  'a \nb',
  'a\t\nb',
  'a\n\tb',
  'a\n   \nb',
  'a\nb ',
  'a\r\nb',
  'a\rb',
  '---',
  '--- a',
  '---\na',
  'a\n---\nb',
  'a\n...\nb',
  '...',
  '%YAML 1.2',
  '#',
  '# a',
  'a # b',
  'a\n# b\n',
  'a: b',
  'a:',
  ': a',
  ':',
  '-',
  '- a',
  '-\n',
  '?',
  '? a',
  '&a',
  '*a',
  '!a',
  '!!int 5',
  '|',
  '>',
  '@a',
  '`a`',
  "'",
  '"',
  "it's",
  '"quoted"',
  'back\\slash',
  '\\n',
  '\\u0041',
  '[a]',
  '{a: b}',
  '{{ parameters.x }}',
  '{% if x %}',
  '\u0024{a}',
  '<<',
  '=',
  ',',
  '0644',
  'yes',
  'null',
  '~',
  '1e3',
  '2001-12-14',
  '2001-12-14 21:59:43',
  '12:30',
  '.inf',
  '\0',
  'a\u0001b\u001b[31mc',
  '\u007f',
  '\u0085',
  'a\u0085b',
  'a\u0085b\nc',
  '\u00a0',
  '\u200b',
  '\u2028',
  'a\u2029b',
  '\ufeff',
  'a\ufeffb',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{10ffff}',
  '😀',
  'ü'.repeat(100),
  'x'.repeat(2000),
  `${'word '.repeat(60)}\n  ${'word '.repeat(60)}\n`,
  `${'a \n'.repeat(40)}`,
  `${'\\ \u0085\n'.repeat(40)}`,
] as const;

/** Plain scalars that butane alone is to type. */
const TYPED = ['', '~', 'null', 'true', 'No', 'yes', '0644', '0o644', '0x1F', '1_000', '-7', '+7', '1.5', '-.5', '1e3'];
const MORE_TYPED = ['.inf', '-.inf', '.nan', '2001-12-14', '2001-12-14T21:59:43.10-05:00', '12:30:45', '/etc', 'plain'];

const KEYS = ['a', 'path', 'x-y.z', '', ' ', 'a b', ' a', 'a: b', '#', '- a', '0', '1.5', 'true', '~', '<<', '{{ x }}'];
const MORE_KEYS = ['"', "'", '[a]', '&a', '*a', '!a', '|', '?', '? a', '---', 'é', '😀', '\u00a0', '\ufeff', '\\', '%'];

describe('what is written is read back as it was:', () => {
  for (const text of NASTY) {
    test(JSON.stringify(text.length > 60 ? `${text.slice(0, 30)}…` : text), () => {
      assertReadBack(only(textNode(text, ORIGIN)));
      assertReadBack(only(listNode([textNode(text, ORIGIN), only(textNode(text, ORIGIN))], ORIGIN)));
    });
  }

  test('every plain scalar that butane types', () => {
    for (const text of [...TYPED, ...MORE_TYPED.filter((each) => each !== '/etc')]) {
      assertReadBack(only(plainNode(text, ORIGIN)));
      assertReadBack(only(listNode([plainNode(text, ORIGIN), textNode(text, ORIGIN)], ORIGIN)));
    }
  });

  test('every key', () => {
    for (const key of [...KEYS, ...MORE_KEYS, 'k'.repeat(2000), '__proto__', 'constructor']) {
      assertReadBack(map([[key, map([[key, listNode([map([[key, textNode('x', ORIGIN)]])], ORIGIN)]])]]));
    }
  });

  test('an explicit tag', () => {
    for (const tag of ['!!binary', '!!int', '!local', 'tag:example.com,2000:x']) {
      assertReadBack(only({ ...textNode('aGk=', ORIGIN), tag }));
      assertReadBack(only({ ...textNode('a\nb\n', ORIGIN), tag }));
    }
  });

  test('what is empty', () => {
    assertReadBack(map([]));
    assertReadBack(
      map([
        ['a', map([])],
        ['b', listNode([], ORIGIN)],
        ['c', listNode([listNode([], ORIGIN), map([])], ORIGIN)],
      ]),
    );
  });

  test('any tree', () => {
    const text = fc.oneof(
      fc.constantFrom(...NASTY),
      anyText(80),
      fc.array(fc.constantFrom(...NASTY), { maxLength: 6 }).map((parts) => parts.join('')),
      fc
        .array(fc.constantFrom(' ', '\n', '\t', 'a', ':', '#', '-', '\r', '\u0085', '"'), { maxLength: 60 })
        .map((parts) => parts.join('')),
    );
    const scalar = fc.oneof(
      text.map((each) => textNode(each, ORIGIN)),
      fc.constantFrom(...TYPED, 'plain', '2001-12-14').map((each) => plainNode(each, ORIGIN)),
    );
    const key = fc.oneof(
      fc.constantFrom(...KEYS, ...MORE_KEYS),
      anyText(20).filter((each) => !/[\p{Cc}\u2028\u2029\ufffe\uffff]/u.test(each)),
    );
    const { node } = fc.letrec<{ node: Node }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('node'), { maxLength: 4 }).map((items) => listNode(items, ORIGIN)),
        fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }).map((entries) => map(entries)),
      ),
    }));
    const root = fc.array(fc.tuple(key, node), { maxLength: 4 }).map((entries) => map(entries));
    fc.assert(fc.property(root, assertReadBack), { numRuns: 300 });
  });
});

describe('butane reads the same as we do:', () => {
  test('no character stands there raw that a YAML 1.1 reader refuses, or changes without a word', () => {
    const text = emitButane(map(NASTY.map((each, index) => [`k${index}\ufeff`, textNode(each, ORIGIN)] as const)));
    const raw = /(?![\n\t])[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u.exec(text)?.[0];
    assert.equal(raw?.codePointAt(0), undefined);
    assert.equal(text, Buffer.from(text).toString('utf8'));
  });

  test('the program itself gives every text to the machine as it was', async (t) => {
    const butane = await realButane(t);
    if (butane === undefined) return;
    const files = NASTY.map((text, index) =>
      map([
        ['path', textNode(`/${index}`, ORIGIN)],
        ['contents', map([['inline', textNode(text, ORIGIN)]])],
      ]),
    );
    const root = map([
      ['variant', plainNode('fcos', ORIGIN)],
      ['version', plainNode('1.5.0', ORIGIN)],
      ['storage', map([['files', listNode(files, ORIGIN)]])],
    ]);
    const translation = await translate(butane, emitButane(root));
    assert.ok(translation.ok, JSON.stringify(translation));
    const written: readonly { readonly contents: JsonObject }[] = JSON.parse(translation.ignition).storage.files;
    assert.deepEqual(
      written.map(({ contents }) => embeddedContent(contents)?.toString('utf8')),
      NASTY,
    );
  });

  test('a text stays a text', () => {
    const texts = [...TYPED, ...MORE_TYPED, ...NASTY];
    const root = map([
      [
        'k',
        listNode(
          texts.map((each) => textNode(each, ORIGIN)),
          ORIGIN,
        ),
      ],
    ]);
    for (const version of ['1.1', '1.2'] as const) {
      assert.deepEqual(parseCore(emitButane(root), { version }).k, texts);
    }
  });

  test('a key that looks like null stays a text, so that it is not lost', () => {
    for (const key of ['null', 'Null', 'NULL', '~', '']) {
      const read: ReadonlyMap<unknown, unknown> = parseCore(emitButane(map([[key, textNode('x', ORIGIN)]])), {
        mapAsMap: true,
      });
      assert.deepEqual([...read.keys()], [key]);
    }
  });
});

describe('what is written can be read by people:', () => {
  test('plain scalars, texts, lists and literal blocks', () => {
    const root = map([
      ['variant', plainNode('fcos', ORIGIN)],
      [
        'storage',
        map([
          [
            'files',
            listNode(
              [
                map([
                  ['path', textNode('/etc/motd', ORIGIN)],
                  ['mode', plainNode('0644', ORIGIN)],
                  ['contents', only(textNode('#!/bin/sh\nexec true\n', ORIGIN))],
                ]),
              ],
              ORIGIN,
            ),
          ],
          ['links', listNode([], ORIGIN)],
        ]),
      ],
    ]);
    assert.equal(
      emitButane(root),
      [
        'variant: fcos',
        'storage:',
        '  files:',
        '    - path: "/etc/motd"',
        '      mode: 0644',
        '      contents:',
        '        k: |',
        '          #!/bin/sh',
        '          exec true',
        '  links: []',
        '',
      ].join('\n'),
    );
  });
});

test('equal trees give equal bytes, wherever they were written', () => {
  const other = { file: 'b.bu', line: 7, column: 9 };
  const tree = (origin: typeof ORIGIN) =>
    map(
      [
        [
          'a',
          listNode(
            [textNode('x\ny\n', origin), plainNode('0644', origin), map([['b', textNode('😀', origin)]], origin)],
            origin,
          ),
        ],
      ],
      origin,
    );
  assert.equal(emitButane(tree(ORIGIN)), emitButane(tree(other)));
});

test('trees that differ give different bytes', () => {
  const trees = [
    only(textNode('0644', ORIGIN)),
    only(plainNode('0644', ORIGIN)),
    only({ ...textNode('0644', ORIGIN), tag: '!!int' }),
    only(listNode([plainNode('0644', ORIGIN)], ORIGIN)),
    only(textNode('', ORIGIN)),
    only(plainNode('', ORIGIN)),
    only(map([])),
    only(listNode([], ORIGIN)),
    map([
      ['a', textNode('1', ORIGIN)],
      ['b', textNode('2', ORIGIN)],
    ]),
    map([
      ['b', textNode('2', ORIGIN)],
      ['a', textNode('1', ORIGIN)],
    ]),
  ];
  assert.equal(new Set(trees.map(emitButane)).size, trees.length);
});

test('what is written is read and written again as the same bytes', () => {
  const written = emitButane(map(NASTY.map((each, index) => [`k${index}`, textNode(each, ORIGIN)] as const)));
  const { value } = parseYaml(written, 'emitted');
  assert.ok(value?.kind === 'map');
  assert.equal(emitButane(value), written);
});
