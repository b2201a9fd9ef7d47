import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { locateText } from '../../../src/fragment/locate.ts';
import type { MapNode, Node } from '../../../src/fragment/node.ts';
import { parseToml } from '../../../src/fragment/parse-toml.ts';
import { type Plain, toPlain } from '../../support/nodes.ts';
import { anyText } from '../any-text.ts';

const FILE = 'groups/node1.toml';

function parsed(text: string): MapNode {
  const { value, diagnostics } = parseToml(text, FILE);
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  return value;
}

function faultsOf(text: string): readonly string[] {
  const { value, diagnostics } = parseToml(text, FILE);
  assert.ok(value === undefined, 'a fault leaves no value');
  return diagnostics.map(({ code, origin }) => `${origin?.line}:${origin?.column} ${code}`);
}

function readValue(text: string): Node {
  const value = parsed(`a = ${text}`).entries.get('a')?.value;
  assert.ok(value);
  return value;
}

describe('a value becomes what the same value is in YAML:', () => {
  const plain: Readonly<Record<string, string>> = {
    '42': '42',
    '+7': '7',
    '-7': '-7',
    '0o644': '420',
    '0x1F': '31',
    '0b101': '5',
    '1_000': '1000',
    '9223372036854775807': '9223372036854775807',
    '1.5': '1.5',
    '1.0': '1.0',
    '1e3': '1000.0',
    '1e-7': '1e-7',
    '1e300': '1e+300',
    inf: '.inf',
    '-inf': '-.inf',
    nan: '.nan',
    true: 'true',
    false: 'false',
  };
  for (const [written, text] of Object.entries(plain)) {
    test(`${written} is the plain scalar ${text}`, () => {
      const { origin, ...node } = readValue(written);
      assert.deepEqual(node, { kind: 'scalar', text, plain: true });
      assert.deepEqual(origin, { file: FILE, line: 1, column: 5 });
    });
  }

  const texts: Readonly<Record<string, string>> = {
    '"0644"': '0644',
    '"true"': 'true',
    '""': '',
    '"a\\tb\\u00e9\\U0001F600\\u0000"': 'a\tbé😀\0',
    "'C:\\temp'": 'C:\\temp',
    '"""\none\n two\\\n   three"""': 'one\n twothree',
    "'''\none\n'''": 'one\n',
    '1979-05-27': '1979-05-27',
    '1979-05-27T07:32:00Z': '1979-05-27T07:32:00Z',
    '07:32:00': '07:32:00',
  };
  for (const [written, text] of Object.entries(texts)) {
    test(`${JSON.stringify(written)} is a text`, () => {
      const { origin: _, ...node } = readValue(written);
      assert.deepEqual(node, { kind: 'scalar', text, plain: false });
    });
  }
});

describe('tables:', () => {
  const cases: Readonly<Record<string, readonly [string, Plain]>> = {
    'an empty document is an empty mapping': ['# nothing\n', {}],
    'tables and tables in them': [
      'z = 0\n[a]\nx = 1\n[a.b]\ny = 2\n[c.d.e]\n',
      { z: '0', a: { x: '1', b: { y: '2' } }, c: { d: { e: {} } } },
    ],
    'dotted keys': ['a.b.c = 1\na.b.d = 2\n"x.y".z = 3\n', { a: { b: { c: '1', d: '2' } }, 'x.y': { z: '3' } }],
    'inline tables': ['a = { b = 1, c.d = [2, { e = 3 }] }\n', { a: { b: '1', c: { d: ['2', { e: '3' }] } } }],
    'lists of tables, and tables in the last of them': [
      '[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[[a.c]]\nz = 3\n[[a.c]]\n',
      { a: [{ x: '1', b: { y: '2' } }, { c: [{ z: '3' }, {}] }] },
    ],
    'a list over several lines': ['a = [\n  1, # one\n  2,\n]\n', { a: ['1', '2'] }],
    'keys in the order they were written': ['b = 1\na = 2\n', { b: '1', a: '2' }],
  };
  for (const [title, [text, plain]] of Object.entries(cases)) {
    test(title, () => {
      const found = toPlain(parsed(text));
      assert.deepEqual(found, plain);
      assert.equal(JSON.stringify(found), JSON.stringify(plain));
    });
  }

  test('keys that objects have by themselves are keys like any other', () => {
    const root = parsed('__proto__ = 1\n[constructor]\n__proto__.x = 2\n');
    assert.deepEqual([...root.entries.keys()], ['__proto__', 'constructor']);
    const inner = root.entries.get('constructor')?.value;
    assert.deepEqual(inner?.kind === 'map' && [...inner.entries.keys()], ['__proto__']);
  });
});

describe('every node knows its line and column:', () => {
  const text =
    '# ü\r\n"😀" = ["😀😀", "y"]\r\n[a.b]\r\n  key = { "é" = 1 }\r\n[[list]]\r\nx = 1\r\n[[list]]\r\nx = 2\r\n';
  const places: Readonly<Record<string, readonly [number, number, number, number]>> = {
    '$.😀': [2, 1, 2, 7],
    '$.😀.0': [2, 8, 2, 8],
    '$.😀.1': [2, 14, 2, 14],
    '$.a': [3, 2, 3, 2],
    '$.a.b': [3, 4, 3, 4],
    '$.a.b.key': [4, 3, 4, 9],
    '$.a.b.key.é': [4, 11, 4, 17],
    '$.list': [5, 3, 5, 3],
    '$.list.0.x': [6, 1, 6, 5],
    '$.list.1': [7, 3, 7, 3],
    '$.list.1.x': [8, 1, 8, 5],
  };
  for (const [path, [keyLine, keyColumn, line, column]] of Object.entries(places)) {
    test(path, () => {
      const location = locateText(parsed(text), path);
      assert.ok(location.complete);
      assert.deepEqual(location.keyOrigin, { file: FILE, line: keyLine, column: keyColumn });
      assert.deepEqual(location.node.origin, { file: FILE, line, column });
    });
  }
});

describe('a fault is reported where it stands:', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'a value that is none': ['x = 1\na = ?\n', '2:5 toml-syntax'],
    'a key written twice': ['a = 1\na = 2\n', '2:1 toml-syntax'],
    'a table written twice': ['[a]\n[a]\n', '2:2 toml-syntax'],
    'a table that is a list': ['[[a]]\n[a]\n', '2:2 toml-syntax'],
    'a table that an inline one closed': ['a = { b = 1 }\n[a.c]\n', '2:2 toml-syntax'],
    'two values in one line': ['a = 1 b = 2\n', '1:7 toml-syntax'],
    'a leading zero': ['a = 0644\n', '1:5 toml-syntax'],
    'half of a surrogate pair': ['a = "\\ud83d"\n', '1:11 toml-syntax'],
    'what stands after characters beyond the BMP': ['"😀😀" = ?\n', '1:8 toml-syntax'],
    'a key with a line break': ['[a]\n"b\\nc" = 1\n', '2:1 complex-key'],
    'a key with an escape, in a list of inline tables': ['a = [{ "\\u001b" = 1 }]\n', '1:8 complex-key'],
    'a key with NEL': ['"\\u0085" = 1\n', '1:1 complex-key'],
  };
  for (const [title, [text, fault]] of Object.entries(cases))
    test(title, () => assert.deepEqual(faultsOf(text), [fault]));
});

for (const depth of [1000, 3000, 6000, 12_000]) {
  test(`${depth} lists in each other are no crash`, () => {
    const { value, diagnostics } = parseToml(`a = ${'['.repeat(depth)}${']'.repeat(depth)}`, FILE);
    assert.equal(value === undefined, diagnostics.length > 0);
  });
}

describe('what is nested too deeply is a fault, however it is written:', () => {
  const dotted = (count: number) => Array.from({ length: count }, () => 'k').join('.');
  const inline = (levels: number, key: string): string =>
    levels === 0 ? '1' : `{ ${key} = ${inline(levels - 1, key)} }`;
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'dotted keys': [`${dotted(50)} = 1`, `${dotted(150)} = 1`],
    'a table': [`[${dotted(50)}]`, `[${dotted(150)}]`],
    lists: [`a = ${'['.repeat(50)}${']'.repeat(50)}`, `a = ${'['.repeat(150)}${']'.repeat(150)}`],
    'inline tables': [`a = ${inline(50, 'k')}`, `a = ${inline(150, 'k')}`],
    'dotted keys in inline tables': [`a = ${inline(5, dotted(10))}`, `a = ${inline(50, dotted(10))}`],
  };
  for (const [title, [fine, tooDeep]] of Object.entries(cases)) {
    test(title, () => {
      assert.deepEqual(parseToml(fine, FILE).diagnostics, []);
      assert.match(faultsOf(tooDeep).join(), /^\d+:\d+ too-large$/);
    });
  }
});

test('two thousand dotted keys are no crash', () => {
  assert.doesNotThrow(() => parseToml(`${'a.'.repeat(2000)}b = 1`, FILE));
});

test('every text can be parsed, whatever it holds', () => {
  const pieces = ['a', ' = ', '1', '"x"', '[', ']', '[[', ']]', '{', '}', ', ', '.', '\n', '#', "'", '"""', '\r\n'];
  const more = ['true', '1979-05-27', '-', '+inf', '\\u0000', '😀', '\0', '\ufeff', '__proto__'];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...pieces, ...more), anyText(2)), {
      maxLength: 20,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (written) => {
      const { value, diagnostics } = parseToml(written, FILE);
      assert.equal(value === undefined, diagnostics.length > 0);
      for (const { origin } of diagnostics) assert.ok(origin && origin.line >= 1 && origin.column >= 1);
    }),
    { numRuns: 500 },
  );
});
