import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { child } from '../../../src/fragment/node.ts';
import {
  checkReads,
  parseContributions,
  parseParameterSchema,
  resolveParameters,
} from '../../../src/site/parameters.ts';
import type { Contribution, ParameterSchema } from '../../../src/site/revision.ts';
import { parseLayer } from '../../support/nodes.ts';
import { inOneLine } from './parsed-site.ts';

function declaredIn(text: string) {
  const root = parseLayer(text, 'profiles/w.yaml');
  return parseParameterSchema(child(root, 'parameters'), root.origin);
}

function declared(schema: string): ParameterSchema {
  const { value, diagnostics } = declaredIn(`parameters: ${schema}`);
  assert.ok(value, diagnostics.map(inOneLine).join('\n'));
  return value;
}

function given(text: string): ReadonlyMap<string, Contribution> {
  return parseContributions(
    parseLayer(`parameters:\n${text.replace(/^/gm, '  ')}`, 'groups/g.yaml'),
    'parameters',
    'groups/g.yaml',
  );
}

/** The values as JSON, or what is wrong with them. */
function resolved(schema: string, text = '{}'): unknown {
  const { value, diagnostics } = resolveParameters(declared(schema), given(text));
  assert.equal(value === undefined, diagnostics.length > 0);
  return value === undefined ? diagnostics.map(inOneLine) : JSON.parse(JSON.stringify(value));
}

describe('the schema of a profile', () => {
  test('declares nothing where it is absent', () => {
    const { value } = declaredIn('title: x');
    assert.deepEqual(value?.names, new Set());
    assert.ok(value);
    assert.deepEqual(resolveParameters(value, new Map()).value, Object.create(null));
  });

  const names: Readonly<Record<string, readonly string[] | undefined>> = {
    '{ type: object }': [],
    '{ type: object, properties: { a: {}, b: { properties: { c: {} } } } }': ['a', 'b'],
    '{ type: object, additionalProperties: false, properties: { a: {} } }': ['a'],
    '{ type: object, properties: { a: {} }, required: [a] }': ['a'],
    '{ type: object, additionalProperties: true }': undefined,
    '{ type: object, additionalProperties: { type: string } }': undefined,
    '{ type: object, patternProperties: { "^x": {} } }': undefined,
    '{ type: object, allOf: [{ properties: { a: {} } }] }': undefined,
    '{ type: object, $ref: "#/$defs/x", $defs: { x: { properties: { a: {} } } } }': undefined,
  };
  for (const [schema, expected] of Object.entries(names)) {
    test(`${expected === undefined ? 'leaves the names open' : `names ${expected.join(', ') || 'none'}`}: ${schema}`, () => {
      assert.deepEqual(declared(schema).names, expected === undefined ? undefined : new Set(expected));
    });
  }

  const faults: Readonly<Record<string, RegExp>> = {
    '{ properties: {} }': /^profiles\/w\.yaml:1:13 error schema \$\.parameters: .*needs `type: object`/,
    '{ type: array }': /^profiles\/w\.yaml:1:21 .*needs `type: object`/,
    '[a]': /must be a JSON Schema/,
    '{ type: object, requird: [a] }': /no JSON Schema: .*requird/,
    '{ type: object, properties: { a: { type: text } } }': /no JSON Schema/,
    '{ type: object, properties: { a: { format: macaddress } } }': /no JSON Schema: .*macaddress/,
    '{ type: object, properties: { a: { default: 0644 } } }': /starts with 0/,
  };
  for (const [schema, expected] of Object.entries(faults)) {
    test(`is refused: ${schema}`, () => {
      const { value, diagnostics } = declaredIn(`parameters: ${schema}`);
      assert.equal(value, undefined);
      assert.equal(diagnostics.length, 1);
      assert.match(diagnostics.map(inOneLine).join(), expected);
    });
  }

  test('is shown as it was written', () => {
    assert.equal(
      JSON.stringify(declared('{ type: object, properties: { a: { default: [1] } } }').source),
      '{"type":"object","properties":{"a":{"default":[1]}}}',
    );
  });
});

describe('values of groups', () => {
  const schema =
    '{ type: object, required: [hostname, ntp], properties: { hostname: { type: string, format: hostname }, ntp: { type: array, items: { type: string, format: ipv4 } }, gpu: { type: boolean, default: false }, disks: { type: array, default: [], items: { type: object, additionalProperties: false, properties: { path: { type: string } } } } } }';

  test('are completed by the defaults of the schema', () => {
    assert.deepEqual(resolved(schema, 'hostname: n1\nntp: [10.7.0.1]'), {
      hostname: 'n1',
      ntp: ['10.7.0.1'],
      gpu: false,
      disks: [],
    });
  });

  test('win over the defaults of the schema', () => {
    assert.deepEqual(resolved('{ type: object, properties: { a: { default: 1 } } }', 'a: ~'), { a: null });
  });

  test('that are not declared are taken, unless the schema forbids them', () => {
    assert.deepEqual(resolved('{ type: object }', 'x: 1'), { x: 1 });
    assert.deepEqual(resolved('{ type: object, additionalProperties: false }', 'x: 1'), [
      'groups/g.yaml:2:3 error parameter-invalid $.parameters.x: the parameter `x`: unknown key `x`',
    ]);
  });

  const faults: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'are missing, each where the profile asks for it',
      '{}',
      [
        'profiles/w.yaml:1:40 error parameter-missing $.parameters.hostname: the parameter `hostname` is missing',
        'profiles/w.yaml:1:50 error parameter-missing $.parameters.ntp: the parameter `ntp` is missing',
      ],
    ],
    [
      'are wrong, where they were given',
      'hostname: no host\nntp:\n  - 10.7.0.1\n  - ntp1\ngpu: yes',
      [
        'groups/g.yaml:2:13 error parameter-invalid $.parameters.hostname: the parameter `hostname`: must be a host name',
        'groups/g.yaml:5:7 error parameter-invalid $.parameters.ntp.1: the parameter `ntp.1`: must be an IPv4 address',
        'groups/g.yaml:6:8 error parameter-invalid $.parameters.gpu: the parameter `gpu`: must be true or false',
      ],
    ],
    [
      'have an unknown key inside, at the key',
      'hostname: n1\nntp: []\ndisks:\n  - path: /a\n    size: 5',
      [
        'groups/g.yaml:6:7 error parameter-invalid $.parameters.disks.0.size: the parameter `disks.0`: unknown key `size`',
      ],
    ],
    [
      'are numbers that readers disagree about',
      'hostname: n1\nntp: [0644]',
      [
        'groups/g.yaml:3:9 error parameter-invalid $.parameters.ntp.0: a number that starts with 0 is octal to some readers and decimal to others',
      ],
    ],
  ];
  for (const [title, text, expected] of faults) {
    test(title, () => {
      const found = resolved(schema, text);
      assert.ok(Array.isArray(found));
      assert.deepEqual([...found].sort(), [...expected].sort());
    });
  }

  test('quote nothing that was given', () => {
    const found = resolved(schema, 'hostname: "s3cr3t!"\nntp: s3cr3t\ndisks: [s3cr3t]');
    assert.doesNotMatch(JSON.stringify(found), /s3cr3t/);
  });

  test('are each machine’s own', () => {
    const profile = declared('{ type: object, properties: { a: { type: array, default: [1] } } }');
    const [one, other] = [resolveParameters(profile, new Map()), resolveParameters(profile, new Map())];
    assert.deepEqual(one.value, other.value);
    assert.notEqual(one.value?.a, other.value?.a);
  });

  test('have no prototype, so that every name is data', () => {
    const { value } = resolveParameters(declared('{ type: object }'), given('__proto__: { a: 1 }\nconstructor: x'));
    assert.ok(value);
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
  });

  test('remember who gave them, and where', () => {
    const [[name, contribution] = []] = [...given('a: [1]')];
    assert.equal(name, 'a');
    assert.equal(contribution?.source, 'groups/g.yaml');
    assert.deepEqual(contribution?.keyOrigin, { file: 'groups/g.yaml', line: 2, column: 3 });
    assert.deepEqual(contribution?.node.origin, { file: 'groups/g.yaml', line: 2, column: 6 });
  });
});

describe('what a template reads', () => {
  const place = { origin: { file: 'fragments/a.bu.liquid', line: 2, column: 3 }, path: '$.a' };
  const names = new Set(['hostname']);
  const check = (
    reads: readonly (readonly (string | number | undefined)[])[],
    declaredNames: ReadonlySet<string> | undefined = names,
    inEach = false,
  ) => checkReads(reads, declaredNames, place, inEach).map(({ message }) => message);

  test('has to be declared, or be one of the names that every template sees', () => {
    assert.deepEqual(
      check([
        ['parameters', 'hostname'],
        ['parameters'],
        ['parameters', undefined],
        ['machine', 'mac'],
        ['labels', 'x'],
        ['group', 'id'],
        ['profile', 'id'],
        ['service', 'url'],
      ]),
      [],
    );
    assert.deepEqual(check([['parameters', 'hostnam'], ['hostname'], ['parameters', '__proto__']]), [
      'the parameter `hostnam` is not declared by the profile',
      '`hostname` is not defined',
      'the parameter `__proto__` is not declared by the profile',
    ]);
  });

  test('is open where the schema is', () => {
    assert.deepEqual(checkReads([['parameters', 'x']], undefined, place, false), []);
  });

  test('is an item only in a layer with each', () => {
    assert.deepEqual(check([['item', 'path'], ['index']], names, true), []);
    assert.deepEqual(check([['item', 'path'], ['index']]), ['`item` is not defined', '`index` is not defined']);
  });

  test('is reported where it stands', () => {
    const [diagnostic] = checkReads([['nope']], names, place, false);
    assert.ok(diagnostic);
    assert.equal(inOneLine(diagnostic), 'fragments/a.bu.liquid:2:3 error template-value $.a: `nope` is not defined');
  });
});
