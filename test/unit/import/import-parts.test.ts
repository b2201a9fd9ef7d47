import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { fieldUses, plainPieces } from '../../../src/go-template/plain-template.ts';
import { importGroups, uniqueIds } from '../../../src/import/groups.ts';
import { toLiquidLayer } from '../../../src/import/liquid-layer.ts';
import { raisedButane } from '../../../src/import/raised-butane.ts';
import { parameterSchema } from '../../../src/import/values.ts';
import { parseMatchboxGroup } from '../../../src/site/matchbox/group.ts';
import type { Group } from '../../../src/site/revision.ts';

function groupOf(definition: object, id = 'g'): Group {
  const text = Buffer.from(JSON.stringify({ profile: 'p', ...definition }));
  const { value, diagnostics } = parseMatchboxGroup(id, text, `groups/${id}.json`);
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
}

describe('A template is plain', () => {
  test('when it only fills in values', () => {
    assert.deepEqual(plainPieces('a {{.b.c}}\n{{- .d -}}\n e'), ['a ', { fields: ['b', 'c'] }, { fields: ['d'] }, 'e']);
    assert.deepEqual(plainPieces('nothing'), ['nothing']);
  });

  for (const text of [
    '{{if .a}}{{end}}',
    '{{.a | print}}',
    '{{$x := .a}}',
    '{{index . "a"}}',
    '{{.}}',
    '{{define "x"}}{{end}}',
    '{{',
    '{{$.a}}',
  ]) {
    test(`and not with ${text}`, () => assert.equal(plainPieces(text), undefined));
  }
});

test('A template prints values, and uses others', () => {
  const uses = fieldUses(
    '{{.a.b}}{{if .c}}{{$.d}}{{end}}{{define "t"}}{{range $i, $x := .e}}{{$x.f}}{{end}}{{end}}{{index .g "h"}}',
  );
  assert.deepEqual(uses && { printed: uses.printed, other: uses.other, texts: uses.texts }, {
    printed: [['a', 'b'], ['d']],
    other: [['e'], ['f'], ['c'], ['g']],
    texts: ['h'],
  });
  assert.equal(fieldUses('{{'), undefined);
});

describe('A layer', () => {
  const groups = [
    groupOf({ selector: { mac: '52-54-00-00-00-01' }, metadata: { name: 'a', deep: { er: 1 } } }),
    groupOf({ selector: { mac: '52-54-00-00-00-02' }, metadata: { name: 'b', deep: { er: 2 } } }),
  ];
  const layerOf = (template: string) => toLiquidLayer(plainPieces(template) ?? [], groups);

  test('has parameters, the machine and labels where the template had values', () => {
    const layer = layerOf(
      '# {{.name}}\na: {{.name}}\nb: "x{{.deep.er}}y"\nc: |\n  {{.mac}}\n  {{.request.query.os}}\nd: 0644\n',
    );
    assert.ok(layer);
    assert.deepEqual([...layer.parameters], ['name', 'deep']);
    assert.match(layer.text, /^# \{\{ parameters\.name \}\}\n/);
    assert.deepEqual(parse(layer.text, { schema: 'failsafe' }), {
      a: '{{ parameters.name }}',
      b: 'x{{ parameters.deep.er }}y',
      c: '{{ machine.mac }}\n{{ labels.os }}\n',
      d: '0644',
    });
    assert.match(layer.text, /^d: 0644$/m);
  });

  for (const [what, template] of [
    ['a value in a key', '{{.name}}: 1'],
    ['a value that not every group has', 'a: {{.other}}'],
    ['the query as a whole', 'a: {{.request.raw_query}}'],
    ['text that Liquid would read', 'a: "{% raw %}{{.name}}"'],
    ['what is no YAML', 'a: [{{.name}}'],
  ] as const) {
    test(`cannot have ${what}`, () => assert.equal(layerOf(template), undefined));
  }

  test('declares its parameters by what the groups give', () => {
    const mixed = [...groups, groupOf({ metadata: { name: true, list: [1], none: null } })];
    assert.deepEqual(parameterSchema(mixed, new Set(['name'])), {
      type: 'object',
      required: ['name'],
      properties: { name: {}, deep: { type: 'object' }, list: { type: 'array' }, none: { type: 'null' } },
    });
  });
});

describe('Groups', () => {
  const imported = (...definitions: readonly object[]) =>
    importGroups(definitions.map((each, index) => groupOf(each, `g${index}`)));

  test('get a priority only where they compete', () => {
    const { groups, notes } = imported({ selector: { b: '1' } }, { selector: { a: '1' } }, { selector: { a: '2' } });
    assert.deepEqual(
      groups.map(({ priority }) => priority),
      [1, 0, 0],
    );
    assert.deepEqual(notes, []);
  });

  for (const [selector, reason] of [
    [{ a: '' }, /the empty value of a/],
    [{ ip: '192.0.2.1' }, /the address of the connection/],
    [{ MAC: '52-54-00-00-00-01' }, /write the label MAC as mac/],
    [{ 'a b': '1' }, /a b cannot be the key of a label/],
    [{ uuid: 'x' }, /the value of uuid is not a UUID/],
    [{ a: 'x'.repeat(300) }, /too long/],
  ] as const) {
    test(`with ${JSON.stringify(selector).slice(0, 40)} are not carried over`, () => {
      const { groups, notes } = imported({ selector });
      assert.deepEqual(groups, []);
      assert.match(notes.join(), reason);
    });
  }

  test('of one selector are one group', () => {
    const { groups, notes } = imported({ selector: { a: '1' } }, { selector: { a: '1' } });
    assert.deepEqual(
      groups.map(({ id }) => id),
      ['g0'],
    );
    assert.match(notes.join(), /^groups\/g1\.json: another group has the same selector/);
  });

  test('get ids that file names can be', () => {
    assert.deepEqual(uniqueIds(['Node 1', 'node-1', '..x', '', '52:54:00', 'a'.repeat(200)]), [
      'node-1',
      'node-1-2',
      'x',
      'group',
      '52-54-00',
      'a'.repeat(100),
    ]);
  });
});

describe('Butane is raised', () => {
  for (const [from, to] of [
    ['variant: flatcar\nversion: 1.0.0\n', 'variant: flatcar\nversion: 1.1.0\n'],
    ['version: "1.2.0" # old\nvariant: "fcos"\n', 'version: "1.5.0" # old\nvariant: "fcos"\n'],
    ['variant: fcos\nversion: 1.6.0\n', 'variant: fcos\nversion: 1.6.0\n'],
    ['variant: none\nversion: 1.0.0\n', 'variant: none\nversion: 1.0.0\n'],
    ['storage:\n  version: 1.0.0\n', 'storage:\n  version: 1.0.0\n'],
  ] as const) {
    test(JSON.stringify(from), () => assert.equal(raisedButane(from), to));
  }
});
