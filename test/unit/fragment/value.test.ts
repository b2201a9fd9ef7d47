import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseYaml } from '../../../src/fragment/parse-yaml.ts';
import { fromValue, toValue, type Value } from '../../../src/fragment/value.ts';
import { parseLayer } from '../../support/nodes.ts';
import { anyText } from '../any-text.ts';

const ORIGIN = { file: 'a.yaml', line: 3, column: 4 };

/** The value of what stands after `a: `. */
function readValue(written: string): unknown {
  const { value, diagnostics } = toValue(parseLayer(`a: ${written}`));
  assert.deepEqual(diagnostics, []);
  return Object(value).a;
}

describe('a plain scalar is typed by the core rules of YAML 1.2:', () => {
  const cases: readonly (readonly [string, Value])[] = [
    ['', null],
    ['~', null],
    ['null', null],
    ['NULL', null],
    ['true', true],
    ['True', true],
    ['FALSE', false],
    ['0', 0],
    ['42', 42],
    ['-7', -7],
    ['+7', 7],
    ['0o644', 420],
    ['0x1F', 31],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1.', 1],
    ['-1e3', -1000],
    ['9007199254740991', 9_007_199_254_740_991],
  ];
  for (const [written, value] of cases) {
    test(`${JSON.stringify(written)} is ${JSON.stringify(value)}`, () => assert.equal(readValue(written), value));
  }

  for (const text of [
    'yes',
    'No',
    'on',
    'nULL',
    'tRUE',
    '1_000',
    '0b101',
    '0xZ',
    '0o8',
    '1e',
    '1.2.3',
    '12:30',
    '2001-12-14',
    'e3',
  ]) {
    test(`${text} is a text`, () => {
      assert.equal(readValue(text), text);
    });
  }

  for (const text of ['true', '~', '42', '0644', '']) {
    test(`"${text}" in quotes is a text`, () => assert.equal(readValue(`"${text}"`), text));
  }
});

describe('a number that readers disagree about is refused:', () => {
  for (const text of ['0644', '-007', '+01', '00', '09']) {
    test(text, () => {
      const { value, diagnostics } = toValue(parseLayer(`a: { b: [x, ${text}] }`, 'groups/a.yaml'));
      assert.equal(value, undefined);
      const [diagnostic, ...more] = diagnostics;
      assert.deepEqual(more, []);
      assert.equal(diagnostic?.path, '$.a.b.1');
      assert.deepEqual(diagnostic?.origin, { file: 'groups/a.yaml', line: 1, column: 13 });
      assert.match(diagnostic?.message ?? '', /starts with 0/);
    });
  }

  test('all of them are reported', () => {
    assert.deepEqual(
      toValue(parseLayer('a: 01\nb: 2\nc: 9007199254740993\n')).diagnostics.map(({ path }) => path),
      ['$.a', '$.c'],
    );
  });
});

describe('a number that cannot be kept exactly is refused:', () => {
  for (const text of ['9007199254740992', '-9007199254740993', '0xFFFFFFFFFFFFFFFF', '1e400', '-1e400']) {
    test(text, () => {
      const { value, diagnostics } = toValue(parseLayer(`a: ${text}`));
      assert.equal(value, undefined, `it became ${JSON.stringify(value)}`);
      assert.match(diagnostics[0]?.message ?? '', /too large/);
    });
  }
});

describe('an object', () => {
  test('has no prototype, so every key is data', () => {
    const { value } = toValue(parseLayer('__proto__: { polluted: true }\nconstructor: { prototype: 1 }\n'));
    assert.ok(typeof value === 'object' && value !== null);
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
    assert.equal(Object(value).polluted, undefined);
    assert.equal(Object({}).polluted, undefined);
  });

  test('keeps its keys and lists in the order they were written', () => {
    const { value } = toValue(parseLayer('b: [2, [~, "x"], {}]\na: { d: 1, c: [] }\n'));
    assert.equal(JSON.stringify(value), '{"b":[2,[null,"x"],{}],"a":{"d":1,"c":[]}}');
  });
});

describe('a value becomes a node', () => {
  const scalars: readonly (readonly [unknown, string, boolean])[] = [
    [null, 'null', true],
    [undefined, 'null', true],
    [true, 'true', true],
    [false, 'false', true],
    [420, '420', true],
    [-1.5, '-1.5', true],
    [1e21, '1e+21', true],
    [12345678901234567890n, '12345678901234567890', true],
    ['0644', '0644', false],
    ['true', 'true', false],
    ['', '', false],
    ['~', '~', false],
  ];
  for (const [value, text, plain] of scalars) {
    test(`${typeof value === 'string' ? JSON.stringify(value) : String(value)} ${plain ? 'that butane types' : 'that stays a text'}`, () => {
      assert.deepEqual(fromValue(value, ORIGIN), { kind: 'scalar', text, plain, origin: ORIGIN });
    });
  }

  test('with one origin in all its parts', () => {
    const node = fromValue({ a: [1, { __proto__: null, b: 'x' }] }, ORIGIN);
    const seen = JSON.stringify(node, (_key, inner) => (inner instanceof Map ? [...inner] : inner));
    assert.equal(seen.split('"line":3').length - 1, 7);
    assert.equal(seen.includes('"line":1'), false);
  });

  test('and back, whatever it holds', () => {
    const key = fc.oneof(anyText(5), fc.constantFrom('__proto__', 'constructor'));
    const { value: anything } = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false),
        fc.integer(),
        fc.double({ noNaN: true, min: -1e15, max: 1e15 }).filter((number) => !Object.is(number, -0)),
        anyText(10),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: false }),
      ),
    }));
    fc.assert(
      fc.property(anything, (value) => {
        const back = toValue(fromValue(value, ORIGIN));
        assert.deepEqual(back.diagnostics, []);
        assert.equal(JSON.stringify(back.value), JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });
});

test('a list of a document is a list', () => {
  const { value } = parseYaml('[1, x]', 'a.yaml');
  assert.ok(value);
  assert.deepEqual(toValue(value).value, [1, 'x']);
});
