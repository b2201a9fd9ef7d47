import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBudget, FILL_LIMITS, type FillLimits } from '../../../src/fragment/budget.ts';
import { type CompiledLayer, compileLayer, faultCode, interpolate } from '../../../src/fragment/interpolate.ts';
import { locateText } from '../../../src/fragment/locate.ts';
import type { MapNode, Node } from '../../../src/fragment/node.ts';
import { TemplateFault, TemplateLimit, type TemplateScope } from '../../../src/fragment/template.ts';
import type { ValueObject } from '../../../src/fragment/value.ts';
import { parseLayer, toPlain } from '../../support/nodes.ts';

function object(entries: ValueObject): ValueObject {
  return Object.assign(Object.create(null), entries);
}

const EVIL = 'x"\n    evil: true\n- more: {a: b} # \t{{ labels.rack }} {% raw %} &a *b !!int';

const SCOPE: TemplateScope = {
  parameters: object({
    number: 420,
    fraction: 1.5,
    yes: true,
    no: false,
    nothing: null,
    list: ['a', 'b'],
    empty: [],
    lists: [['a'], ['b', 'c']],
    objects: [object({ path: '/a' }), object({ path: '/b', mode: 420 })],
    object: object({ b: 1, a: [true] }),
    word: 'yes',
    mode: '0644',
    evil: EVIL,
    emoji: '😀',
  }),
  machine: object({ mac: '52:54:00:a1:9c:ae' }),
  labels: object({ rack: 'r7' }),
  profile: object({ id: 'worker' }),
  group: object({}),
  service: object({ url: 'http://boot.example' }),
};

function compiled(text: string) {
  const { value, diagnostics } = compileLayer(parseLayer(text, 'fragments/a.bu.liquid'));
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  return value;
}

function fillIn(layer: CompiledLayer, scope: TemplateScope = SCOPE, limits: Partial<FillLimits> = {}) {
  return interpolate(
    layer,
    scope,
    createBudget(() => performance.now(), { ...FILL_LIMITS, ...limits }),
  );
}

function filled(text: string, scope: TemplateScope = SCOPE): MapNode {
  const { value, diagnostics } = fillIn(compiled(text), scope);
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  return value;
}

function faultsOf(text: string): readonly string[] {
  const { value, diagnostics } = fillIn(compiled(text), SCOPE);
  assert.equal(value, undefined);
  return diagnostics.map(
    ({ code, message, path, origin }) => `${origin?.line}:${origin?.column} ${path} ${code}: ${message}`,
  );
}

function nodeOf(written: string): Node {
  const { node, complete } = locateText(filled(`a: ${written}`), '$.a');
  assert.ok(complete);
  return node;
}

describe('a lone expression becomes the value with its type:', () => {
  const scalars: readonly (readonly [string, string, boolean])[] = [
    ['"{{ parameters.number }}"', '420', true],
    ["'{{ parameters.fraction }}'", '1.5', true],
    ['"{{ parameters.yes }}"', 'true', true],
    ['"{{ parameters.no }}"', 'false', true],
    ['"{{ parameters.nothing }}"', 'null', true],
    ['"{{ parameters.mode | octal }}"', '420', true],
    ['"{{ parameters.mode }}"', '0644', false],
    ['"{{ parameters.word }}"', 'yes', false],
    ['"{{ parameters.number }} "', '420 ', false],
    ['"{{ parameters.yes }}{{ parameters.no }}"', 'truefalse', false],
    ['"{% if parameters.yes %}0644{% endif %}"', '0644', false],
    ['|\n  {{ parameters.number }}\n', '420\n', false],
    ['x{{ parameters.number }}', 'x420', false],
  ];
  for (const [written, text, plain] of scalars) {
    test(written, () => {
      const { origin: _, ...node } = nodeOf(written);
      assert.deepEqual(node, { kind: 'scalar', text, plain });
    });
  }

  test('a list and an object', () => {
    assert.deepEqual(toPlain(nodeOf('"{{ parameters.list }}"')), ['a', 'b']);
    assert.equal(JSON.stringify(toPlain(nodeOf('"{{ parameters.object }}"'))), '{"b":"1","a":["true"]}');
  });
});

describe('a list item that yields a list is spliced in:', () => {
  const cases: Readonly<Record<string, readonly [string, unknown]>> = {
    'where it stands': ['[x, "{{ parameters.list }}", y]', ['x', 'a', 'b', 'y']],
    'several of them': ['["{{ parameters.list }}", "{{ parameters.list }}"]', ['a', 'b', 'a', 'b']],
    'an empty one leaves nothing': ['[x, "{{ parameters.empty }}"]', ['x']],
    'a list of lists by one level': ['["{{ parameters.lists }}"]', [['a'], ['b', 'c']]],
    'objects become items': ['["{{ parameters.objects }}"]', [{ path: '/a' }, { path: '/b', mode: '420' }]],
    'a list that was written stays one item': ['[["{{ parameters.list }}"]]', [['a', 'b']]],
    'a null stays an item': ['[x, "{{ parameters.nothing }}"]', ['x', 'null']],
    'a text that only looks like a list stays a text': ['["{{ parameters.list | json }}"]', ['["a","b"]']],
  };
  for (const [title, [written, expected]] of Object.entries(cases)) {
    test(title, () => assert.deepEqual(toPlain(nodeOf(written)), expected));
  }
});

test('no value can change the structure', () => {
  const text = 'a: "{{ parameters.evil }}"\nb: ["x {{ parameters.evil }}"]\nc: |\n  {{ parameters.evil }}\n';
  assert.deepEqual(toPlain(filled(text)), { a: EVIL, b: [`x ${EVIL}`], c: `${EVIL}\n` });
});

test('what is filled in is no template itself', () => {
  const scope = { ...SCOPE, labels: object({ rack: '{{ parameters.number }}' }) };
  assert.deepEqual(toPlain(filled('a: "{{ labels.rack }}"', scope)), { a: '{{ parameters.number }}' });
});

test('what holds no template stays as it was written', () => {
  const text = 'mode: 0644\nyes: yes\nnull: ~\nquoted: "0644"\nlist: [0644]\n';
  const layer = compiled(text);
  assert.equal(layer.templates.size, 0);
  assert.deepEqual(fillIn(layer).value, layer.root);
});

test('values stand where their template is written', () => {
  const root = filled('a:\n  - "{{ parameters.objects }}"\n');
  const { node } = locateText(root, '$.a.1.path');
  assert.deepEqual(node.origin, { file: 'fragments/a.bu.liquid', line: 2, column: 5 });
});

test('each scalar is filled in for itself', () => {
  const text = 'a: "{% assign x = 1 %}{% cycle 1, 2 %}"\nb: "{% cycle 1, 2 %}"\nc: "{{ labels.rack }}"\n';
  assert.deepEqual(toPlain(filled(text, { ...SCOPE })), { a: '1', b: '1', c: 'r7' });
  assert.match(fillIn(compiled('a: "{% assign x = 1 %}"\nb: "{{ x }}"')).diagnostics[0]?.message ?? '', /`x`/);
});

test('one layer can be filled in for many machines', () => {
  const layer = compiled('a: ["{{ labels.rack }}", "{{ parameters.list }}"]');
  for (const rack of ['r1', 'r2', 'r1']) {
    const { value } = fillIn(layer, { ...SCOPE, labels: object({ rack }) });
    assert.ok(value);
    assert.deepEqual(toPlain(value), { a: [rack, 'a', 'b'] });
  }
});

describe('faults:', () => {
  test('all of them are reported, at their scalars', () => {
    assert.deepEqual(
      faultsOf('a: "{{ labels.zone }}"\nb:\n  - ok\n  - x{{ parameters.nope }}\nc: "{{ group.id }}"\n'),
      [
        '1:4 $.a parameter-missing: `labels.zone` is not defined',
        '4:5 $.b.1 template-value: `parameters.nope` is not defined',
        '5:4 $.c parameter-missing: `group.id` is not defined',
      ],
    );
  });

  test('the URL of the service, where nobody knows it, with the flag that names it', () => {
    const { diagnostics } = fillIn(compiled('a: "{{ service.url }}"'), { ...SCOPE, service: object({}) });
    assert.deepEqual(
      diagnostics.map(({ code, hint }) => [code, /--public-url/.test(hint ?? '')]),
      [['template-value', true]],
    );
    assert.equal(fillIn(compiled('a: "{{ parameters.nope }}"')).diagnostics[0]?.hint, undefined);
  });

  test('a filter that refuses its value', () => {
    assert.match(faultsOf('a: "{{ parameters.word | octal }}"').join(), /^1:4 \$\.a template-value: octal needs/);
  });

  test('half of a character cannot be written', () => {
    assert.equal(faultsOf('a: "{{ parameters.emoji | split: \'\' | first }}"').length, 1);
    assert.equal(faultsOf('a: "x{{ parameters.emoji | split: \'\' | first }}"').length, 1);
  });

  test('a number that is none cannot be written', () => {
    assert.equal(faultsOf('a: "{{ 1 | divided_by: 0 }}"').length, 1);
    assert.equal(faultsOf('a: "{{ 0 | divided_by: 0 }}"').length, 1);
  });

  test('only what the request may give is missing from the request', () => {
    const code = (name?: string) => faultCode(new TemplateFault('x', name));
    for (const name of ['machine.mac', 'machine', 'labels.rack', 'group.id'])
      assert.equal(code(name), 'parameter-missing', name);
    for (const name of ['parameters.a', 'machines.mac', 'labelsx', 'item', 'profile.id', undefined]) {
      assert.equal(code(name), 'template-value', name);
    }
  });

  test('a template that uses too much ends the filling in, at its scalar', () => {
    const text = 'a: "{{ labels.zone }}"\nb: "{% for i in (1..100000000) %}{% endfor %}"\nc: "{{ labels.zone }}"\n';
    assert.deepEqual(
      faultsOf(text).map((fault) => fault.replace(/: .*/, '')),
      ['1:4 $.a parameter-missing', '2:4 $.b template-limit'],
    );
  });

  test('a template that does not compile is reported with all others of its layer', () => {
    const layer = parseLayer(
      'a: "{{ x"\nb: ["{{ parameters.word | nosuch }}", ok]\n"{{ c }}": 1\nd: { "x{% if %}": 1 }\n',
    );
    const { value, diagnostics } = compileLayer(layer);
    assert.equal(value, undefined);
    assert.deepEqual(
      diagnostics.map(({ code, path, origin }) => `${code} ${path} ${origin?.line}:${origin?.column}`).sort(),
      [
        'template-syntax $.a 1:4',
        'template-syntax $.b.0 2:5',
        'template-syntax $.d.x{% if %} 4:6',
        'template-syntax $.{{ c }} 3:1',
      ],
    );
  });

  test('a scalar that is too long for a template is reported like any other', () => {
    const layer = parseLayer(`a: "{{ labels.rack }}${'x'.repeat(300 * 1024)}"\n`);
    const { value, diagnostics } = compileLayer(layer);
    assert.equal(value, undefined);
    assert.deepEqual(
      diagnostics.map(({ path }) => path),
      ['$.a'],
    );
  });
});

describe('what a document becomes is bounded:', () => {
  const layer = compiled('a: "{{ parameters.list }}"\nb: ["x{{ parameters.word }}", literal]\n');

  test('in nodes, those of values and of what was written', () => {
    // Two lists and four scalars.
    assert.deepEqual(fillIn(layer, SCOPE, { nodes: 6 }).diagnostics, []);
    const { value, diagnostics } = fillIn(layer, SCOPE, { nodes: 5 });
    assert.equal(value, undefined);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['too-large $.b.1'],
    );
  });

  test('in characters', () => {
    const length = 'ab'.length + 'xyes'.length + 'literal'.length;
    assert.deepEqual(fillIn(layer, SCOPE, { textLength: length }).diagnostics, []);
    assert.deepEqual(
      fillIn(layer, SCOPE, { textLength: length - 1 }).diagnostics.map(({ code }) => code),
      ['too-large'],
    );
  });

  test('over all layers and repetitions together', () => {
    const budget = createBudget(() => 0, { ...FILL_LIMITS, nodes: 15 });
    const results = [1, 2, 3].map(() => interpolate(layer, SCOPE, budget).diagnostics.length);
    assert.deepEqual(results, [0, 0, 1]);
  });

  test('in time', () => {
    let now = 0;
    const budget = createBudget(() => now, { ...FILL_LIMITS, timeMs: 100 });
    now = 99;
    assert.equal(budget.timeLeftMs(), 1);
    assert.deepEqual(interpolate(layer, SCOPE, budget).diagnostics, []);
    now = 100;
    assert.throws(() => budget.timeLeftMs(), TemplateLimit);
    assert.deepEqual(
      interpolate(layer, SCOPE, budget).diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['template-limit $.a'],
    );
  });
});
