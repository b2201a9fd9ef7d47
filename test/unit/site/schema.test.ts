import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Value } from '../../../src/fragment/value.ts';
import { toValue } from '../../../src/fragment/value.ts';
import { compileSchema, schemaDiagnostics } from '../../../src/site/schema.ts';
import { parseLayer } from '../../support/nodes.ts';
import { inOneLine } from './parsed-site.ts';

function typed(text: string): Value {
  const { value } = toValue(parseLayer(text));
  assert.ok(value !== undefined);
  return value;
}

function checked(schema: object, text: string): readonly string[] {
  return compileSchema(schema)
    .check(typed(text))
    .map(
      ({ path, key, kind, message }) => `${kind} ${path.join('/')}${key === undefined ? '' : ` (${key})`}: ${message}`,
    );
}

describe('a schema that would check nothing is refused:', () => {
  const wrong: Readonly<Record<string, object>> = {
    'an unknown keyword': { type: 'object', requird: ['a'] },
    'an unknown type': { type: 'text' },
    'an unknown format': { type: 'string', format: 'macaddress' },
    'a keyword of the wrong kind': { type: 'object', required: 'a' },
    'a pattern that is none': { type: 'string', pattern: '[' },
    'a reference that leads nowhere': { $ref: '#/$defs/nope' },
    'a reference to another place': { $ref: 'https://example.com/schema.json' },
    'properties that are no schemas': { type: 'object', properties: { a: 5 } },
    'a draft that is not known': { $schema: 'http://json-schema.org/draft-04/schema#' },
  };
  for (const [title, schema] of Object.entries(wrong))
    test(title, () => assert.throws(() => compileSchema(schema), Error));
});

describe('faults say what was expected:', () => {
  const cases: readonly (readonly [object, string, readonly string[]])[] = [
    [{ required: ['a', 'b'] }, 'b: 1', ['missing  (a): `a` is missing']],
    [{ additionalProperties: false, properties: { a: {} } }, 'a: 1\nb: 2', ['unknown  (b): unknown key `b`']],
    [{ unevaluatedProperties: false, allOf: [{ properties: { a: {} } }] }, 'b: 2', ['unknown  (b): unknown key `b`']],
    [{ properties: { a: { type: 'integer' } } }, 'a: 1.5', ['wrong a: must be a whole number']],
    [{ properties: { a: { type: ['string', 'null'] } } }, 'a: 1', ['wrong a: must be a text or null']],
    [{ properties: { a: { enum: ['x', 5, null] } } }, 'a: y', ['wrong a: must be one of "x", 5, null']],
    [{ properties: { a: { const: 'x' } } }, 'a: y', ['wrong a: must be "x"']],
    [{ properties: { a: { format: 'ipv4' } } }, 'a: 10.7.0', ['wrong a: must be an IPv4 address']],
    [{ properties: { a: { items: { type: 'boolean' } } } }, 'a: [true, 1]', ['wrong a/1: must be true or false']],
    [{ properties: { a: { minItems: 2 } } }, 'a: [1]', ['wrong a: must NOT have fewer than 2 items']],
    [{ properties: { 'a/b~c': { type: 'null' } } }, '"a/b~c": 1', ['wrong a/b~c: must be null']],
    [JSON.parse('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}'), 'a: 1', ['missing  (b): `b` is missing']],
    [
      { properties: { a: { type: 'string' }, b: { type: 'array' }, c: { type: 'object' }, d: { type: 'number' } } },
      'a: 1\nb: 2\nc: 3\nd: x',
      ['wrong a: must be a text', 'wrong b: must be a list', 'wrong c: must be a mapping', 'wrong d: must be a number'],
    ],
  ];
  for (const [schema, text, faults] of cases) {
    test(faults.join('; '), () => assert.deepEqual(checked({ type: 'object', ...schema }, text), faults));
  }

  test('no value is quoted', () => {
    const schema = {
      type: 'object',
      properties: { a: { pattern: '^x$' }, b: { maximum: 1 }, c: { format: 'hostname' } },
    };
    const faults = checked(schema, 'a: s3cr3t\nb: 77777\nc: s3cr3t_');
    assert.equal(faults.length, 3);
    assert.doesNotMatch(faults.join('\n'), /s3cr3t|77777/);
  });
});

describe('values', () => {
  test('get the defaults of the schema, each its own', () => {
    const schema = compileSchema({
      type: 'object',
      properties: {
        a: { default: 5 },
        list: { type: 'array', default: [1] },
        b: { properties: { c: { default: 'x' } } },
      },
    });
    const [one, other] = [typed('b: {}'), typed('a: 6')];
    assert.deepEqual([schema.check(one), schema.check(other)], [[], []]);
    assert.equal(JSON.stringify(one), '{"b":{"c":"x"},"a":5,"list":[1]}');
    assert.equal(JSON.stringify(other), '{"a":6,"list":[1]}');
    assert.notEqual(Object(one).list, Object(other).list);
  });

  test('are not changed in type', () => {
    assert.deepEqual(checked({ type: 'object', properties: { a: { type: 'string' } } }, 'a: 5'), [
      'wrong a: must be a text',
    ]);
    assert.deepEqual(checked({ type: 'object', properties: { a: { type: 'integer' } } }, 'a: "5"'), [
      'wrong a: must be a whole number',
    ]);
  });

  test('do not satisfy a schema by what objects have by themselves', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      assert.deepEqual(checked({ type: 'object', required: [name] }, 'a: 1'), [
        `missing  (${name}): \`${name}\` is missing`,
      ]);
    }
  });

  test('that are unknown are found, whatever their key', () => {
    const faults = checked({ type: 'object', additionalProperties: false }, '__proto__: 1\nconstructor: 2\n');
    assert.deepEqual([...faults].sort(), [
      'unknown  (__proto__): unknown key `__proto__`',
      'unknown  (constructor): unknown key `constructor`',
    ]);
  });
});

test('a fault stands at its value, an unknown key at the key, and a missing one at its parent', () => {
  const root = parseLayer('a:\n  b: 1\n  c: x\nd: []\n', 'g.yaml');
  const diagnostics = schemaDiagnostics(
    [
      { path: ['a', 'b'], kind: 'wrong', message: 'is wrong' },
      { path: ['a'], key: 'c', kind: 'unknown', message: 'is unknown' },
      { path: ['a'], key: 'e', kind: 'missing', message: 'is missing' },
      { path: [], key: 'd', kind: 'unknown', message: 'is unknown' },
    ],
    root,
    'schema',
    (path) => (path.length === 0 ? ['dd', 'x'] : ['cc']),
  );
  assert.deepEqual(diagnostics.map(inOneLine), [
    'g.yaml:2:6 error schema $.a.b: is wrong',
    'g.yaml:3:3 error schema $.a.c: is unknown',
    'g.yaml:2:3 error schema $.a.e: is missing',
    'g.yaml:4:1 error schema $.d: is unknown',
  ]);
  assert.deepEqual(
    diagnostics.map(({ hint }) => hint),
    [undefined, 'did you mean `cc`?', undefined, 'did you mean `dd`?'],
  );
});
