import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  compileCondition,
  compileExpression,
  compileTemplate,
  isTemplate,
  SCOPE_NAMES,
  TEMPLATE_LIMITS,
  TemplateFault,
  TemplateLimit,
  type TemplateScope,
} from '../../../src/fragment/template.ts';
import { toValue, type Value, type ValueObject } from '../../../src/fragment/value.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { parseLayer } from '../../support/nodes.ts';

function values(text: string): ValueObject {
  const { value, diagnostics } = toValue(parseLayer(text));
  assert.deepEqual(diagnostics, []);
  assert.ok(isObject(value));
  return value;
}

function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SCOPE: TemplateScope = {
  parameters: values(
    `number: 5
zero: 0
text: some text
empty: ''
yes: true
no: false
nothing: ~
list: [a, b]
empty_list: []
numbers: [1, 2.5, -3]
object: { x: 1, y: { z: [deep] }, size: own }
secret: s3cr3t-value
emoji: 😀
__proto__: { given: 1 }
`,
  ),
  machine: values('mac: 52:54:00:a1:9c:ae\narch: amd64'),
  labels: values('rack: r7\ncount: "3"'),
  profile: values('id: worker'),
  group: values('id: node1'),
  service: values('url: http://boot.example:8080'),
};

function evaluate(text: string, scope: TemplateScope = SCOPE): unknown {
  return compileTemplate(text).evaluate(scope);
}

function faultOf(text: string): TemplateFault {
  try {
    const value = evaluate(text);
    assert.fail(`${text} gave ${JSON.stringify(value)}`);
  } catch (error) {
    assert.ok(error instanceof TemplateFault, String(error));
    return error;
  }
}

test('a text without braces that Liquid acts on is no template', () => {
  for (const text of ['', 'plain', '{ a: b }', '}}', '%}', '{ { x } }', '$HOME']) assert.ok(!isTemplate(text), text);
  for (const text of ['{{ x }}', 'a{{', '{%', 'x {%- y -%}']) assert.ok(isTemplate(text), text);
});

describe('one lone expression keeps its type:', () => {
  const cases: Readonly<Record<string, unknown>> = {
    '{{ parameters.number }}': 5,
    '{{parameters.number}}': 5,
    '{{- parameters.number -}}': 5,
    '{{ parameters["number"] }}': 5,
    '{{ parameters.zero }}': 0,
    '{{ parameters.text }}': 'some text',
    '{{ parameters.empty }}': '',
    '{{ parameters.yes }}': true,
    '{{ parameters.no }}': false,
    '{{ parameters.nothing }}': null,
    '{{ parameters.list }}': ['a', 'b'],
    '{{ parameters.empty_list }}': [],
    '{{ parameters.numbers[1] }}': 2.5,
    '{{ parameters.object.y.z }}': ['deep'],
    '{{ parameters.number | plus: 1 }}': 6,
    '{{ parameters.list | size }}': 2,
    '{{ parameters.list | join: "," }}': 'a,b',
    '{{ "0644" }}': '0644',
    '{{ true }}': true,
    '{{ nil }}': null,
    '{{ (1..3) }}': [1, 2, 3],
    '{{ index }}': 4,
    '{{ item.path }}': '/a',
  };
  for (const [text, value] of Object.entries(cases)) {
    test(text, () => {
      assert.deepEqual(evaluate(text, { ...SCOPE, item: values('path: /a'), index: 4 }), value);
    });
  }

  test('an object comes out without a prototype', () => {
    const value = evaluate('{{ parameters.object }}');
    assert.equal(JSON.stringify(value), '{"x":1,"y":{"z":["deep"]},"size":"own"}');
    assert.equal(Object.getPrototypeOf(value), null);
  });
});

describe('anything around it makes text:', () => {
  const cases: Readonly<Record<string, string>> = {
    'n={{ parameters.number }}': 'n=5',
    '{{ parameters.number }}\n': '5\n',
    ' {{ parameters.yes }}': ' true',
    '{{ parameters.number }}{{ parameters.number }}': '55',
    '[{{ parameters.nothing }}]': '[]',
    '{% if parameters.yes %}{{ parameters.number }}{% endif %}': '5',
    '{% for each in parameters.list %}{{ forloop.index }}{{ each }};{% endfor %}': '1a;2b;',
    '{% for i in (1..3) %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}': '12',
    '{% assign a = parameters.number | times: 2 %}{{ a }}': '10',
    '{% capture a %}<{{ labels.rack }}>{% endcapture %}{{ a }}': '<r7>',
    '{% case machine.arch %}{% when "amd64" %}x86{% else %}other{% endcase %}': 'x86',
    '{% unless labels.nope %}none{% endunless %}': 'none',
    '{% raw %}{{ parameters.nope }}{% endraw %}': '{{ parameters.nope }}',
    'a{% comment %}{{ parameters.nope }}{% endcomment %}b{% # nothing %}': 'ab',
    '{{ profile.id }}/{{ group.id }}/{{ service.url }}': 'worker/node1/http://boot.example:8080',
    '}} %} {{ labels.rack }} { {': '}} %} r7 { {',
  };
  for (const [text, value] of Object.entries(cases)) test(text, () => assert.equal(evaluate(text), value));

  test('two renders do not know of each other', () => {
    const scope = { ...SCOPE };
    const template = compileTemplate('{% cycle "a", "b" %}{% assign x = 1 %}{% capture n %}y{% endcapture %}');
    assert.equal(template.evaluate(scope), 'a');
    assert.equal(template.evaluate(scope), 'a');
    for (const name of ['x', 'n']) assert.throws(() => evaluate(`{{ ${name} }} `, scope), TemplateFault);
  });
});

describe('an undefined name is a fault that names it:', () => {
  const cases: Readonly<Record<string, string>> = {
    '{{ nope }}': 'nope',
    '{{ parameters.nope }}': 'parameters.nope',
    '{{ parameters.nope.deeper }}': 'parameters.nope',
    '{{ machine.serial }}': 'machine.serial',
    'rack {{ labels.zone }}': 'labels.zone',
    '{{ parameters.list[5] }}': 'parameters.list.5',
    '{{ parameters.text | append: labels.zone }}': 'labels.zone',
    '{% for each in labels.zones %}{% endfor %}': 'labels.zones',
    '{% assign a = labels.zone %}{{ a }}': 'labels.zone',
    '{% assign a = labels.zone | upcase %}[{{ a }}]': 'labels.zone',
    '{% echo labels.zone %}': 'labels.zone',
    '{% if labels.rack %}{{ labels.zone }}{% endif %}': 'labels.zone',
    '{{ labels.zone | upcase | default: "x" }}': 'labels.zone',
    '{{ item }}': 'item',
    '{{ forloop.index }}': 'forloop',
  };
  for (const [text, name] of Object.entries(cases)) {
    test(text, () => {
      const fault = faultOf(text);
      assert.equal(fault.undefinedName, name);
      assert.equal(fault.message, `\`${name}\` is not defined`);
    });
  }

  test('what may be missing can have another value', () => {
    assert.equal(evaluate('{{ labels.zone | default: "none" }}'), 'none');
    assert.equal(evaluate('{{ parameters.nothing | default: 7 }}'), 7);
    assert.equal(evaluate('{{ parameters.no | default: true, allow_false: true }}'), false);
    assert.equal(evaluate('{% if labels.zone %}a{% else %}b{% endif %}'), 'b');
    assert.equal(evaluate('{% if labels.zone == "z" %}a{% endif %}.'), '.');
  });
});

describe('a template sees data and nothing behind it:', () => {
  const hidden = [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'process',
    'globalThis',
    'require',
    'parameters.constructor',
    'parameters.toString',
    'parameters.object.__proto__',
    'parameters.object.constructor.constructor',
    'parameters.text.constructor',
    'parameters.text.toUpperCase',
    'parameters.text.__proto__',
    'parameters.list.constructor',
    'parameters.list.map',
    'parameters.list.__proto__',
    'parameters.number.toFixed',
    'parameters["con" | append: "structor"]',
  ];
  for (const name of hidden) {
    test(`${name} is not defined`, () => {
      faultOf(`{{ ${name} }}`);
      faultOf(`x{{ ${name} }}`);
    });
  }

  test('a key that objects have by themselves is data where it was given', () => {
    assert.equal(evaluate('{{ parameters.__proto__.given }}'), 1);
    assert.equal(evaluate('{{ parameters.object.size }}'), 'own');
  });

  test('the length of a text or a list is no secret', () => {
    assert.equal(evaluate('{{ parameters.text.size }}'), 9);
    assert.equal(evaluate('{{ parameters.list.first }}{{ parameters.list.last }}'), 'ab');
  });

  test('the scope is the same afterwards', () => {
    const before = JSON.stringify(SCOPE);
    const scope = { ...SCOPE };
    evaluate('{% assign list = parameters.list | push: "c" | reverse | sort %}{% assign parameters = 1 %}', scope);
    assert.equal(JSON.stringify(scope), before);
  });
});

describe('what does not compile is a fault:', () => {
  const texts = [
    '{{ parameters.text',
    '{{ }}',
    '{% if %}x{% endif %}',
    '{% if parameters.yes %}',
    '{% endif %}',
    '{% nosuch %}',
    '{% x',
    '{{ parameters.text | nosuch }}',
    '{% assign %}',
    '{% for in parameters.list %}{% endfor %}',
  ];
  for (const text of texts) {
    test(text, () => assert.throws(() => compileTemplate(text), TemplateFault));
  }

  const removed = ['include "x"', 'render "x"', 'layout "x"', 'block x', 'increment parameters', 'decrement x'];
  for (const tag of removed) {
    test(`{% ${tag} %}, which reads other files or changes what other scalars see`, () => {
      assert.throws(() => compileTemplate(`{% ${tag} %}`), { name: 'TemplateFault', message: /not found/ });
    });
  }

  for (const filter of ['date', 'date_to_string', 'date_to_xmlschema', 'sample', 'raw', 'inspect', 'jsonify']) {
    test(`the filter ${filter}, which is taken away`, () => {
      assert.throws(() => compileTemplate(`{{ "now" | ${filter} }}`), {
        name: 'TemplateFault',
        message: /undefined filter/,
      });
    });
  }

  test('the words do not tell Liquid’s own line and column', () => {
    assert.doesNotMatch(faultOf('\n\n{{ parameters.nope }}').message, /line:|col:/);
  });
});

describe('what Liquid would pass over without a word is a fault:', () => {
  const texts = [
    '{{ parameters.text parameters.number }}',
    '{{ parameters.number == }}',
    '{% if labels.rack == %}x{% endif %}',
    '{% if labels.rack labels.zone %}x{% endif %}',
    '{% if labels.rack %}{% elsif == 1 %}x{% endif %}',
    '{% unless labels.rack and %}x{% endunless %}',
    '{% echo parameters.text parameters.number %}',
    '{% assign a = parameters.text parameters.number %}',
    '{% case labels.rack labels.zone %}{% when "a" %}{% endcase %}',
    '{{ parameters.text | append: "x" ; }}',
    "{{ 'open }}",
  ];
  for (const text of texts) test(text, () => assert.throws(() => compileTemplate(text), TemplateFault));

  test('and what counts is none', () => {
    const fine = ['{{ "a" | append: "b" }}', '{% if not labels.zone %}x{% endif %}', '{% assign a = "b" | upcase %}'];
    for (const text of [...fine, '{% raw %}{{ a b }}{% endraw %}'])
      assert.doesNotThrow(() => compileTemplate(text), text);
  });
});

describe('a list or a mapping is not text:', () => {
  for (const text of [
    'x {{ parameters.list }}',
    '{{ parameters.object }}\n',
    '{% echo parameters.list %}.',
    '{{ parameters.empty_list }}x',
  ]) {
    test(text, () => assert.match(faultOf(text).message, /a (?:list|mapping) cannot stand inside text/));
  }
});

describe('a fault quotes no value:', () => {
  const texts = [
    '{{ parameters.secret | octal }}',
    '{{ parameters.secret | toml }}',
    '{{ parameters.secret | cidr_host: 1 }}',
    '{{ parameters.list | indent: parameters.secret }}',
    '{{ parameters.text | json: parameters.secret }}',
    '{{ parameters.secret | append: "%zz" | url_decode }}',
    '{{ parameters.secret | nosuch }}',
    '{{ parameters.list | where_exp: "i", parameters.secret | json }}',
    '{{ labels[parameters.secret] }}',
    '{{ parameters.object[parameters.secret].x }}',
  ];
  for (const text of texts) {
    test(text, () => {
      try {
        evaluate(text);
      } catch (error) {
        assert.ok(error instanceof TemplateFault);
        assert.ok(!`${error.message} ${error.undefinedName}`.includes('s3cr3t'), error.message);
      }
    });
  }
});

describe('a template is bounded', () => {
  test('in what a range may hold', () => {
    for (const text of [
      '{% for i in (1..100000000) %}x{% endfor %}',
      '{{ (1..1000000000) | size }}',
      '{% tablerow i in (1..100000000) %}x{% endtablerow %}',
    ]) {
      const started = cpuMs();
      assert.throws(() => evaluate(text), TemplateLimit, text);
      assert.ok(cpuMs() - started < 1000, text);
    }
  });

  test('in time, also where it needs no memory', () => {
    const busy = '{{ i | sha512 | sha512 | sha512 | sha512 }}';
    const template = compileTemplate(`{% for i in (1..1000) %}{% for i in (1..1000) %}${busy}{% endfor %}{% endfor %}`);
    const started = cpuMs();
    assert.throws(() => template.evaluate(SCOPE, 50), TemplateLimit);
    assert.ok(cpuMs() - started < TEMPLATE_LIMITS.renderLimit);
    assert.equal(TEMPLATE_LIMITS.renderLimit, 1000);
  });

  const doubling: Readonly<Record<string, string>> = {
    append: '{% assign s = s | append: s %}',
    replace: '{% assign s = s | replace: "a", "aa" %}',
    json: '{% assign s = s | json %}',
    shell_quote: '{% assign s = s | append: "\'" | replace: "\'", "\'\'" | shell_quote %}',
    capture: '{% capture s %}{{ s }}{{ s }}{% endcapture %}',
  };
  for (const [what, step] of Object.entries(doubling)) {
    test(`in the text that ${what} makes in a loop`, () => {
      const text = `{% assign s = 'a"a"a"a"a"' %}{% for i in (1..20) %}${step}{% endfor %}{{ s }}`;
      assert.throws(
        () => {
          const { length } = String(evaluate(text));
          assert.ok(length <= TEMPLATE_LIMITS.memoryLimit, `it made ${length} characters`);
        },
        (error) => error instanceof TemplateLimit || error instanceof TemplateFault,
      );
    });
  }

  test('in the text of a scalar, which is its author’s fault and not the machine’s', () => {
    const text = (length: number) => `{{ parameters.number }}${'x'.repeat(length)}`;
    assert.equal(String(evaluate(text(TEMPLATE_LIMITS.parseLimit - 30))).length, TEMPLATE_LIMITS.parseLimit - 29);
    assert.throws(() => compileTemplate(text(TEMPLATE_LIMITS.parseLimit)), TemplateFault);
    assert.throws(() => compileCondition(`true ${' '.repeat(TEMPLATE_LIMITS.parseLimit)}`), TemplateFault);
    assert.throws(() => compileExpression(`true ${' '.repeat(TEMPLATE_LIMITS.parseLimit)}`), TemplateFault);
  });

  test('in the levels of a value', () => {
    const deep = (levels: number) => values(`${'{ a: '.repeat(levels)}1${' }'.repeat(levels)}`);
    const read = (levels: number) => evaluate('{{ parameters }}', { ...SCOPE, parameters: deep(levels) });
    assert.ok(read(60));
    assert.throws(() => read(70), TemplateFault);
    const nested = (levels: number) => values(`a: ${'['.repeat(levels)}${']'.repeat(levels)}`);
    const readList = (levels: number) => evaluate('{{ parameters.a }}', { ...SCOPE, parameters: nested(levels) });
    assert.ok(readList(60));
    assert.throws(() => readList(70), TemplateFault);
  });
});

describe('what a template reads', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    '{{ parameters.a.b[0].c }}': ['parameters.a.b.0.c'],
    '{{ parameters.a | default: labels.b }}{% if machine.mac %}{% endif %}': [
      'labels.b',
      'machine.mac',
      'parameters.a',
    ],
    '{% for each in parameters.list %}{{ each.name }}{{ forloop.index }}{% endfor %}': ['parameters.list'],
    '{% assign x = parameters.a %}{{ x.y }}': ['parameters.a'],
    '{{ parameters | json }}': ['parameters'],
    '{{ parameters[labels.rack] }}': ['labels.rack', 'parameters.*'],
    '{{ nope }}': ['nope'],
    '{% raw %}{{ parameters.a }}{% endraw %} {{ "parameters.b" }}': [],
  };
  for (const [text, reads] of Object.entries(cases)) {
    test(`is found without a machine: ${text}`, () => {
      const found = compileTemplate(text).reads.map((path) => path.map((part) => part ?? '*').join('.'));
      assert.deepEqual([...new Set(found)].sort(), reads);
    });
  }

  test('are the names of a scope', () => {
    assert.deepEqual([...SCOPE_NAMES].sort(), [...Object.keys(SCOPE), 'index', 'item'].sort());
  });
});

describe('a condition', () => {
  const cases: Readonly<Record<string, boolean>> = {
    'parameters.yes': true,
    'parameters.no': false,
    'parameters.nothing': false,
    'parameters.zero': true,
    'parameters.empty': true,
    'parameters.empty_list': true,
    'parameters.nope': false,
    'labels.rack': true,
    'labels.zone': false,
    'labels.rack == "r7"': true,
    'labels.rack == "R7"': false,
    'labels.zone == "z"': false,
    'labels.zone != "z"': true,
    'labels.zone contains "z"': false,
    'labels.zone > 3': false,
    'labels.zone and labels.rack': false,
    'labels.zone or labels.rack': true,
    'not labels.zone': true,
    'machine.serial == "x" or machine.arch == "amd64"': true,
    'parameters.number > 4': true,
    'parameters.list contains "b"': true,
    'parameters.list.size > 2': false,
    true: true,
    false: false,
    'constructor or __proto__ or parameters.constructor': false,
  };
  for (const [text, holds] of Object.entries(cases)) {
    test(`${text} ${holds ? 'holds' : 'does not hold'}`, () => {
      assert.equal(compileCondition(text).holds(SCOPE), holds);
    });
  }

  test('tells what it reads', () => {
    assert.deepEqual(compileCondition('labels.a == parameters.b and item').reads, [
      ['labels', 'a'],
      ['parameters', 'b'],
      ['item'],
    ]);
  });

  for (const text of [
    '{{ labels.rack }}',
    'x %}',
    'true }}',
    '{% if x %}',
    '',
    ' ',
    'labels.rack ==',
    '== 1',
    'labels.a labels.b',
    'a | nosuch',
  ]) {
    test(`cannot be ${JSON.stringify(text)}`, () => {
      assert.throws(() => compileCondition(text).holds(SCOPE), TemplateFault);
    });
  }
});

describe('an expression', () => {
  test('yields a value with its type', () => {
    assert.deepEqual(compileExpression('parameters.list').evaluate(SCOPE), ['a', 'b']);
    assert.deepEqual(compileExpression('parameters.list | concat: parameters.numbers').evaluate(SCOPE), [
      'a',
      'b',
      1,
      2.5,
      -3,
    ]);
    assert.deepEqual(compileExpression('parameters.list').reads, [['parameters', 'list']]);
  });

  test('needs its names', () => {
    assert.throws(() => compileExpression('labels.zone').evaluate(SCOPE), { undefinedName: 'labels.zone' });
  });

  for (const text of ['{{ parameters.list }}', '{% x %}', 'a }} b {{ c', '', ' ', 'a | nosuch']) {
    test(`cannot be ${JSON.stringify(text)}`, () => assert.throws(() => compileExpression(text), TemplateFault));
  }
});

test('whatever a template holds, it yields data or fails as a template', () => {
  const pieces = [
    '{{',
    '}}',
    '{%',
    '%}',
    ' parameters.',
    'list',
    'object',
    'number',
    ' | ',
    'json',
    'first',
    ': 1',
    '"x"',
  ];
  const more = [
    'if ',
    'endif',
    'for i in ',
    'endfor',
    'assign a = ',
    '[',
    ']',
    '.',
    ',',
    '(1..3)',
    '-',
    '\n',
    '{',
    'raw',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...pieces, ...more), fc.string({ maxLength: 3 })), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (written) => {
      try {
        const value = evaluate(written);
        assert.doesNotThrow(() => JSON.stringify(value));
      } catch (error) {
        assert.ok(error instanceof TemplateFault || error instanceof TemplateLimit, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
