import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Diagnostic } from '../../../src/diagnostic.ts';
import {
  compileGoTemplate,
  GO_TEMPLATE_LIMITS,
  type GoTemplateLimits,
  type JsonValue,
} from '../../../src/go-template/go-template.ts';
import { cpuMs } from '../../support/cpu-time.ts';

function execute(template: string, data: JsonValue = {}, limits?: GoTemplateLimits): string {
  const { value, diagnostics } = run(template, data, limits);
  assert.deepEqual(diagnostics, []);
  assert.ok(value !== undefined);
  return value.toString();
}

function run(template: string, data: JsonValue, limits?: GoTemplateLimits) {
  const compiled = compileGoTemplate(template, 'generic/x.tmpl', limits);
  return compiled.value?.execute(data, limits) ?? { value: undefined, diagnostics: compiled.diagnostics };
}

function faultOf(template: string, data: JsonValue = {}, limits?: GoTemplateLimits): Diagnostic {
  const { value, diagnostics } = run(template, data, limits);
  assert.equal(value, undefined, template);
  const [diagnostic] = diagnostics;
  assert.ok(diagnostic !== undefined && diagnostics.length === 1, template);
  return diagnostic;
}

/** A text inside of so many conditions. */
function nest(text: string, levels: number): string {
  return ['{{if true}}'.repeat(levels), text, '{{end}}'.repeat(levels)].join('');
}

test('a template is executed as often as one likes, each time with its own values', () => {
  const { value } = compileGoTemplate('{{$x := .name}}{{range 2}}{{$x = print $x "!"}}{{end}}{{$x}}', 'x');
  for (const name of ['a', 'b']) assert.equal(value?.execute({ name }).value?.toString(), `${name}!!`);
});

test('a value that is missing is a fault with its place, and the hint how to ask for it', () => {
  const fault = faultOf('UUID=x\nKEY={{ .missing_key }}\n');
  assert.deepEqual(fault, {
    severity: 'error',
    code: 'template-value',
    message: 'there is no value .missing_key',
    path: '.missing_key',
    origin: { file: 'generic/x.tmpl', line: 2, column: 8 },
    hint: 'for one that may be missing write (index . "missing_key")',
  });
});

test('columns count code points, and lines count line breaks', () => {
  assert.deepEqual(faultOf('é日🔥{{.x}}').origin, { file: 'generic/x.tmpl', line: 1, column: 6 });
  assert.deepEqual(faultOf('\r\n\n  🔥 {{if foo}}{{end}}').origin, { file: 'generic/x.tmpl', line: 3, column: 10 });
});

test('a syntax fault says what is wrong in words of its own', () => {
  const cases: readonly (readonly [template: string, message: RegExp, line: number, column: number])[] = [
    ['{{.a', /this action has no end/, 1, 1],
    ['a{{/* b', /this comment has no end/, 1, 2],
    ['{{(1}}', /a parenthesis is not closed/, 1, 1],
    ['{{1)}}', /this parenthesis closes nothing/, 1, 4],
    ['{{"a}}', /this string has no closing quote/, 1, 3],
    ['{{if .a}}\nb', /what begins here has no \{\{end\}\}/, 1, 3],
    ['{{end}}', /there is nothing here that \{\{end\}\} could belong to/, 1, 3],
    ['{{range .a}}{{end}}{{break}}', /break stands in no range/, 1, 22],
    ['{{foo .a}}', /there is no function foo/, 1, 3],
    ['{{$x}}', /there is no variable \$x here/, 1, 3],
    ['{{.a | 1}}', /only a function can take what a \| gives/, 1, 8],
    ['{{1_}}', /this is no number, or too large a number/, 1, 3],
    ['{{"\\q"}}', /this string has an escape that means nothing/, 1, 3],
    ['{{if}}{{end}}', /there is no value in if/, 1, 5],
    ['{{define "a"}}x{{end}}\n{{define "a"}}y{{end}}', /another template has this name already/, 2, 10],
    ['{{.a }', /this action has no end/, 1, 1],
    ['{{.a } }}', /\} cannot stand here/, 1, 6],
    ['{{if .a}}{{else}}{{else}}{{end}}', /else cannot stand here, in what has an else already/, 1, 20],
  ];
  for (const [template, message, line, column] of cases) {
    const fault = faultOf(template);
    assert.equal(fault.code, 'template-syntax', template);
    assert.match(fault.message, message, template);
    assert.deepEqual(fault.origin, { file: 'generic/x.tmpl', line, column }, template);
  }
});

test('a value of the wrong kind is a fault that names the kinds', () => {
  const data = { n: 42, s: 'text', list: [1], map: {}, nul: null };
  const cases: readonly (readonly [template: string, message: string, hint?: string])[] = [
    ['{{.s.x}}', 'a string has no fields, so there is no .x'],
    ['{{.nul.x}}', 'null has no fields, so there is no .x'],
    ['{{range .n}}{{end}}', 'range cannot go through a number (float64)'],
    ['{{len .n}}', 'a number (float64) has no length'],
    ['{{index .list 1}}', 'this index is out of range'],
    ['{{index .list 0.0}}', 'an index is an integer (int), and not a number (float64)'],
    ['{{template "no"}}', 'there is no template with the name "no"'],
    ['{{printf .n}}', 'the format of printf has to be a string, and not a number (float64)'],
    ['{{not 1 2}}', 'the number of arguments of not is 1, and not 2'],
    ['{{.s 1}}', 'only a function takes arguments'],
    [
      '{{eq .n 42}}',
      'a number (float64) and an integer (int) cannot be compared',
      'numbers of the data are float64, so write the constant with a point, such as 42.0',
    ],
  ];
  for (const [template, message, hint] of cases) {
    const fault = faultOf(template, data);
    assert.equal(fault.code, 'template-value', template);
    assert.equal(fault.message, message);
    assert.equal(fault.hint, hint);
  }
});

test('no message quotes a value', () => {
  const secret = 's3cr3t';
  const data = { s: secret, list: [secret], map: { [secret]: secret }, n: 777_777 };
  const operands = ['.s', '.list', '.map', '.n', '(print .s)', 'nil'];
  const functions = ['index', 'slice', 'len', 'lt', 'eq', 'call', 'printf', 'not'];
  const templates = functions.flatMap((name) =>
    operands.flatMap((a) => operands.flatMap((b) => [`{{${name} ${a} ${b}}}`, `{{range ${name} ${a}}}{{.x}}{{end}}`])),
  );
  for (const template of [...templates, '{{.s.x}}', '{{template "x" .s}}', '{{with .s}}{{.a.b}}{{end}}']) {
    for (const { message, hint } of run(template, data).diagnostics) {
      assert.doesNotMatch(`${message} ${hint}`, /s3cr3t|777777/, template);
    }
  }
});

test('what has no end is stopped', () => {
  const endless = [
    '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}',
    '{{template ""}}x',
    '{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{if true}}{{template "a" .}}{{end}}{{end}}{{template "a"}}',
    '{{define "a"}}{{range 3}}{{template "a"}}{{end}}{{end}}{{template "a"}}',
    '{{range 9223372036854775807}}{{end}}',
    '{{range 100000}}{{range 100000}}{{end}}{{end}}',
    '{{range 100000}}{{range 100000}}{{$x := 1}}{{end}}{{end}}',
    '{{$x := "x"}}{{range 1000}}{{$x = print $x $x}}{{end}}',
    '{{$x := "<"}}{{range 1000}}{{$x = html $x $x}}{{end}}',
    '{{range 1000000}}xxxxxxxxxxxxxxxx{{end}}',
    '{{range 1000}}{{printf "%1000000d" 1}}{{end}}',
    '{{range 1000}}{{printf "%.1000000f" 1.0}}{{end}}',
    '{{printf "%9999999d" 1}}',
    '{{$x := printf "%500000d" 1}}{{$y := printf "%500000d" 1}}{{range 1000000}}{{if eq $x $y}}{{end}}{{end}}',
  ];
  for (const template of endless) {
    const started = cpuMs();
    assert.equal(faultOf(template).code, 'template-limit', template);
    assert.ok(cpuMs() - started < 5000, template);
  }
});

test('a template that calls itself, an expression and a chain may be as deep as the limits say', () => {
  const recursive = '{{define "a"}}{{if .}}{{len .}},{{template "a" (slice . 1)}}{{end}}{{end}}{{template "a" .list}}';
  const list = Array.from({ length: 200 }, () => 1);
  assert.equal(execute(recursive, { list }).split(',').length, 201);
  const { nesting } = GO_TEMPLATE_LIMITS;
  assert.equal(execute(`{{${'('.repeat(nesting)}1${')'.repeat(nesting)}}}`), '1');
  assert.equal(execute(nest('x', nesting)), 'x');
  for (const template of [
    `{{${'('.repeat(nesting + 1)}1${')'.repeat(nesting + 1)}}}`,
    nest('', nesting + 1),
    '{{range 1}}'.repeat(100_000),
    `{{${'('.repeat(100_000)}`.concat(')'.repeat(100_000), '}}'),
    '{{block "a" .}}'.repeat(100_000),
  ]) {
    assert.equal(faultOf(template).code, 'template-limit');
  }
  const chain = Array.from({ length: 5000 }, (_, index) => `{{else if eq .n ${index}.0}}${index}`).join('');
  assert.equal(execute(`{{if false}}${chain}{{end}}`, { n: 4999 }), '4999');
});

test('the deepest template fits on the stack, wherever it is executed', () => {
  const template = `{{define "a"}}${nest('{{template "a" (((((((((.)))))))))}}', 50)}{{end}}{{template "a"}}`;
  const deeper = (levels: number): Diagnostic => (levels === 0 ? faultOf(template) : deeper(levels - 1));
  assert.equal(deeper(2000).code, 'template-limit');
});

test('values that are nested deeper than the limit are refused', () => {
  const nested = (levels: number): JsonValue => {
    let value: JsonValue = 'end';
    for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };
  assert.equal(execute('{{print .}}', nested(500)).length > 500, true);
  assert.equal(faultOf('x', nested(501)).code, 'template-limit');
  assert.equal(faultOf('x', nested(100_000)).code, 'template-limit');
});

test('a number that JSON has not is a fault', () => {
  for (const n of [Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(faultOf('x', { n }).code, 'template-value');
});

test('limits can be given, and name themselves', () => {
  const limits = { ...GO_TEMPLATE_LIMITS, bytes: 10 };
  assert.equal(execute('0123456789', {}, limits), '0123456789');
  assert.match(faultOf('01234567890', {}, limits).message, /makes more than 10 bytes/);
  assert.match(faultOf('{{range 9}}{{end}}', {}, { ...GO_TEMPLATE_LIMITS, steps: 5 }).message, /more than 5 steps/);
  assert.match(faultOf('abc', {}, { ...GO_TEMPLATE_LIMITS, sourceBytes: 2 }).message, /more than 2 bytes/);
});

test('a character that is cut in two stays the bytes that it was', () => {
  const { value } = run('{{slice "é" 0 1}}{{slice "é" 1}}|{{slice "é" 1}}', {});
  assert.deepEqual(value, Buffer.from([0xc3, 0xa9, 0x7c, 0xa9]));
});

test('%p of a list or an object is a fault, since Go prints an address', () => {
  for (const name of ['list', 'map']) {
    assert.equal(faultOf(`{{printf "%p" .${name}}}`, { list: [1], map: {} }).code, 'template-value');
  }
});

test('a key such as __proto__ is data like any other, and an object has no other keys than its own', () => {
  const data = JSON.parse('{"__proto__":{"x":1},"constructor":"mine"}');
  assert.equal(
    execute('{{.__proto__.x}} {{.constructor}} {{.}}', data),
    '1 mine map[__proto__:map[x:1] constructor:mine]',
  );
  for (const name of ['toString', 'hasOwnProperty', '__proto__', 'constructor', 'length']) {
    assert.equal(faultOf(`{{.${name}}}`).code, 'template-value', name);
    assert.equal(faultOf(`{{${name}}}`).code, 'template-syntax', name);
  }
});

test('whatever a template is, it ends with output or with one diagnostic that has a place in it', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    'if',
    'end',
    '.',
    '$x',
    ' ',
    '(',
    ')',
    '|',
    '"',
    '`',
    "'",
    '1',
    ':=',
    '-',
    '/*',
    '*/',
  );
  const template = fc
    .array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })))
    .map((parts) => parts.join(''));
  const property = fc.property(template, (source) => {
    const { value, diagnostics } = run(source, { x: 1 });
    assert.equal(value === undefined, diagnostics.length === 1);
    for (const { origin, message } of diagnostics) {
      assert.ok(message !== '' && origin !== undefined);
      const line = source.split('\n')[origin.line - 1] ?? '';
      assert.ok(origin.column >= 1 && origin.column <= Array.from(line).length + 1);
    }
  });
  fc.assert(property, { numRuns: 3000 });
});

test('a trace tells what actions made and where each byte comes from, and costs no more than the output', () => {
  const { value } = compileGoTemplate('a{{.x}}b\n{{range 3}}{{.}}-{{end}}{{if .x}}{{$y := .x}}c{{end}}', 'x');
  const traced = value?.trace({ x: 'ä' }).value;
  assert.equal(traced?.output.toString(), 'aäb\n0-1-2-c');
  const made = traced?.filledIn().map(([from, to]) => traced.output.toString('utf8', from, to));
  assert.deepEqual(made, ['ä', '0', '1', '2', '']);
  const places = [0, 1, 3, 5, 7].map((offset) => traced?.originOf(offset)).map((at) => `${at?.line}:${at?.column}`);
  assert.deepEqual(places, ['1:1', '1:4', '1:8', '2:14', '2:14']);
  const started = cpuMs();
  const many = compileGoTemplate('{{range 200000}}{{.}} {{end}}', 'x').value?.trace({}).value;
  assert.equal(many?.filledIn().length, 200_000);
  assert.ok(cpuMs() - started < 5_000);
});

test('each byte of an output has its place in the template', () => {
  const template =
    'a: é{{.x}}\n{{range .list}}- {{.}}\n{{end -}}\n  b: {{define "t"}}[{{.}}]{{end}}{{template "t" .x}}\n';
  const { value } = compileGoTemplate(template, 'ignition/x');
  const traced = value?.trace({ x: '1\n2', list: ['p', 'q'] }).value;
  assert.ok(traced);
  assert.equal(traced.output.toString(), 'a: é1\n2\n- p\n- q\nb: [1\n2]\n');
  const placeOf = (text: string) => {
    const { file, line, column } = traced.originOf(traced.output.indexOf(text));
    return `${file}:${line}:${column}`;
  };
  for (const [text, place] of [
    ['a: ', 'ignition/x:1:1'],
    ['1\n', 'ignition/x:1:7'],
    ['2\n-', 'ignition/x:1:7'],
    ['- p', 'ignition/x:2:16'],
    ['q', 'ignition/x:2:20'],
    ['b: ', 'ignition/x:4:3'],
    ['[', 'ignition/x:4:20'],
    [']', 'ignition/x:4:26'],
  ] as const) {
    assert.equal(placeOf(text), place, text);
  }
});
