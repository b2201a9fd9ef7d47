import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatPath, isNull, type Node } from '../../../src/fragment/node.ts';
import { DEFAULT_PARSE_LIMITS, type ParseLimits, parseYaml } from '../../../src/fragment/parse-yaml.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { type Plain, toPlain } from '../../support/nodes.ts';
import { anyText } from '../any-text.ts';

const FILE = 'profiles/web.bu';

function parsed(text: string): Node {
  const { value, diagnostics } = parseYaml(text, FILE);
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  return value;
}

/** Every node and key by its path, with the place where it stands. */
function placesOf(text: string): Readonly<Record<string, string>> {
  const places: Record<string, string> = {};
  const visit = (node: Node, path: string) => {
    assert.equal(node.origin.file, FILE);
    places[path] = `${node.origin.line}:${node.origin.column}`;
    if (node.kind === 'list') for (const [index, item] of node.items.entries()) visit(item, `${path}.${index}`);
    if (node.kind !== 'map') return;
    for (const [key, { keyOrigin, value }] of node.entries) {
      places[`key ${path}.${key}`] = `${keyOrigin.line}:${keyOrigin.column}`;
      visit(value, `${path}.${key}`);
    }
  };
  visit(parsed(text), '$');
  return places;
}

/** What is wrong with a text: code, message and place of each fault, which leave no value. */
function faultsOf(text: string, limits?: ParseLimits): readonly string[] {
  const { value, diagnostics } = parseYaml(text, FILE, limits);
  assert.equal(value, undefined, 'a fault leaves no value');
  return diagnostics.map(({ severity, code, message, origin }) => {
    assert.equal(severity, 'error');
    assert.equal(origin?.file, FILE);
    return `${origin?.line}:${origin?.column} ${code}: ${message}`;
  });
}

describe('every node knows its line and column:', () => {
  const cases: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>> = {
    'a block mapping': [
      'a: 1\nb:\n  c: two\n',
      {
        $: '1:1',
        'key $.a': '1:1',
        '$.a': '1:4',
        'key $.b': '2:1',
        '$.b': '3:3',
        'key $.b.c': '3:3',
        '$.b.c': '3:6',
      },
    ],
    'lists, in block and in flow style': [
      'a:\n  - x\n  - [y, z]\n',
      { 'key $.a': '1:1', '$.a': '2:3', '$.a.0': '2:5', '$.a.1': '3:5', '$.a.1.0': '3:6', '$.a.1.1': '3:9', $: '1:1' },
    ],
    'a key without a value stands for both': ['a:\n', { $: '1:1', 'key $.a': '1:1', '$.a': '1:3' }],
    'quoted and block scalars, at their start': [
      'a: "x\n  y"\nb: |\n  z\nc: \'w\'\n',
      { $: '1:1', 'key $.a': '1:1', '$.a': '1:4', 'key $.b': '3:1', '$.b': '3:4', 'key $.c': '5:1', '$.c': '5:4' },
    ],
    'after characters beyond the BMP, each of which is one column': [
      '{"😀😀": 😀, é: [👩‍🚀, y]}\n',
      {
        $: '1:1',
        'key $.😀😀': '1:2',
        '$.😀😀': '1:8',
        'key $.é': '1:11',
        '$.é': '1:14',
        '$.é.0': '1:15',
        '$.é.1': '1:20',
      },
    ],
    'with line ends of Windows': [
      'a: 1\r\n# ü\r\nb:\r\n  - c\r\n',
      { $: '1:1', 'key $.a': '1:1', '$.a': '1:4', 'key $.b': '3:1', '$.b': '4:3', '$.b.0': '4:5' },
    ],
    'after comments, blank lines and a document start': [
      '# c\n\n---\n\n  # d\na: 1\n...\n',
      { $: '6:1', 'key $.a': '6:1', '$.a': '6:4' },
    ],
  };
  for (const [title, [text, places]] of Object.entries(cases)) {
    test(title, () => assert.deepEqual(placesOf(text), places));
  }

  test('what an alias stands for is at the alias, and what is in it where it was written', () => {
    const places = placesOf('a: &x\n  b: 1\nc: *x\nd: [*x]\n');
    assert.deepEqual([places['key $.c'], places['$.c'], places['$.d.0']], ['3:1', '3:4', '4:5']);
    assert.deepEqual([places['key $.c.b'], places['$.c.b']], ['2:3', '2:6']);
  });
});

describe('scalars are never typed:', () => {
  const plain = [
    '0644',
    '0o644',
    '0x1F',
    '1_000',
    '1e3',
    '.5',
    '.inf',
    '-0',
    'yes',
    'No',
    'true',
    'on',
    'null',
    '~',
    '2001-12-14',
    '2001-12-14t21:59:43.10-05:00',
    '12:30:45',
    '---',
    'a b#c',
    '/etc/motd',
    '-v',
    '😀',
  ];
  for (const text of plain) {
    test(`${text} arrives as it was written`, () => {
      const root = parsed(`a: ${text}\nb: ['x', ${text}]\nc: "${text}"\n`);
      assert.deepEqual(toPlain(root), { a: text, b: ['x', text], c: text });
      assert.ok(root.kind === 'map');
      const flags = [...root.entries.values()].map(({ value }) => value.kind === 'scalar' && value.plain);
      assert.deepEqual(flags, [true, false, false]);
    });
  }

  const scalars: Readonly<Record<string, Partial<Node>>> = {
    '': { text: '', plain: true },
    "''": { text: '', plain: false },
    "'it''s'": { text: "it's", plain: false },
    '"a\\tb\\x41\\u00e9\\U0001F600"': { text: 'a\tbAé😀', plain: false },
    '"\\ud83d\\ude00"': { text: '😀', plain: false },
    '"\\0\\e\\N"': { text: '\0\u001b\u0085', plain: false },
    '|\n  x\n   y\n\n': { text: 'x\n y\n', plain: false },
    '|+\n  x\n\n': { text: 'x\n\n', plain: false },
    '>-\n  x\n  y\n': { text: 'x y', plain: false },
    'x\n  y': { text: 'x y', plain: true },
    'x # comment': { text: 'x', plain: true },
    '!!binary aGk=': { text: 'aGk=', plain: false, tag: '!!binary' },
    '!!int "5"': { text: '5', plain: false, tag: '!!int' },
    '!local 5': { text: '5', plain: false, tag: '!local' },
    '!<tag:example.com,2000:x> 5': { text: '5', plain: false, tag: 'tag:example.com,2000:x' },
    '!!str 5': { text: '5', plain: false },
  };
  for (const [written, expected] of Object.entries(scalars)) {
    test(JSON.stringify(written), () => {
      const root = parsed(`a: ${written}`);
      const value = root.kind === 'map' ? root.entries.get('a')?.value : undefined;
      assert.ok(value);
      const { origin: _, ...rest } = value;
      assert.deepEqual(rest, { kind: 'scalar', ...expected });
    });
  }

  test('not even in a document that asks for YAML 1.1', () => {
    assert.deepEqual(toPlain(parsed('%YAML 1.1\n---\na: yes\nb: 010\n')), { a: 'yes', b: '010' });
  });
});

describe('aliases are expanded:', () => {
  const cases: Readonly<Record<string, readonly [string, Plain]>> = {
    'a scalar': ['a: &x 0644\nb: *x', { a: '0644', b: '0644' }],
    'a list in a list': ['a: &x [1]\nb: [*x, *x]', { a: ['1'], b: [['1'], ['1']] }],
    'the last anchor of a name before it': ['a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: '1', b: '1', c: '2', d: '2' }],
    'a key': ['a: &x k\n*x : v', { a: 'k', k: 'v' }],
    'an anchor without a value': ['a: &x\nb: *x', { a: '', b: '' }],
    'a merge key, under what is written beside it': [
      'a: &x { k: 1, l: 2 }\nb: { <<: *x, k: 3 }\nc: { k: 4, <<: *x }',
      { a: { k: '1', l: '2' }, b: { k: '3', l: '2' }, c: { k: '4', l: '2' } },
    ],
    'a merge of several, of which the first wins': [
      'a: &x { k: 1, l: 2 }\nb: { <<: [{ k: 9 }, *x], m: 5 }',
      { a: { k: '1', l: '2' }, b: { m: '5', k: '9', l: '2' } },
    ],
    'a merge of what merges itself': [
      'a: &x { k: 1 }\nb: &y { <<: *x, l: 2 }\nc: { <<: *y }',
      { a: { k: '1' }, b: { l: '2', k: '1' }, c: { l: '2', k: '1' } },
    ],
    'a quoted << is a key like any other': ['"<<": { k: 1 }', { '<<': { k: '1' } }],
  };
  for (const [title, [text, plain]] of Object.entries(cases))
    test(title, () => assert.deepEqual(toPlain(parsed(text)), plain));

  test('within bounds that a few kilobytes of aliases soon reach', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      lines.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}]`);
    }
    const [fault, ...more] = faultsOf(lines.join('\n'));
    assert.match(fault ?? '', /anchor-expansion: the document is larger than 100000 nodes/);
    assert.deepEqual(more, []);
  });

  test('a few aliases of a long text reach the bound on text', () => {
    const text = `a: &a ${'x'.repeat(1024 * 1023)}\nb: [*a, *a, *a]\n`;
    assert.equal(parseYaml(text, FILE).diagnostics.length, 0);
    assert.match(faultsOf(text.replace('[*a', '[*a, *a')).join(), /anchor-expansion/);
  });

  test('a merge key counts towards the bounds too', () => {
    const small = { ...DEFAULT_PARSE_LIMITS, nodes: 20 };
    const text = 'a: &a { k: 1, l: 2, m: 3 }\nb: { <<: *a }\nc: { <<: *a }\n';
    assert.match(faultsOf(text, small).join(), /anchor-expansion/);
    assert.deepEqual(parseYaml(text, FILE, { ...small, nodes: 40 }).diagnostics, []);
  });

  test('a node that contains itself is a fault', () => {
    for (const text of ['a: &a [*a]', 'a: &a { b: { c: *a } }', 'a: &a { <<: *a }', 'a: &a [&b [*a, *b]]']) {
      assert.match(faultsOf(text).join(), /^1:\d+ anchor-expansion: an alias refers to a node that contains it$/, text);
    }
  });

  test('an unknown anchor is a fault where it is used', () => {
    assert.deepEqual(faultsOf('a: 1\nb: *nope'), ['2:4 yaml-syntax: the alias *nope has no anchor before it']);
    assert.equal(faultsOf('a: *late\nb: &late 1').length, 1);
  });

  test('a merge key needs mappings', () => {
    for (const text of ['<<: 5', 'a: { <<: }', 'a: { <<: [1] }', 'b: &b [x]\na: { <<: *b }']) {
      assert.match(faultsOf(text).join(), /a merge key \(<<\) needs a mapping/, text);
    }
  });
});

describe('a key is a plain text:', () => {
  test('whatever it looks like', () => {
    const text =
      '1: a\ntrue: b\n~: c\n1.5: d\n2001-01-01: e\n"x y": f\n__proto__: g\nconstructor: h\n😀: i\n.a/b-c: j\n';
    const root = parsed(text);
    assert.ok(root.kind === 'map');
    assert.deepEqual(
      [...root.entries.keys()],
      ['1', 'true', '~', '1.5', '2001-01-01', 'x y', '__proto__', 'constructor', '😀', '.a/b-c'],
    );
  });

  const refused: Readonly<Record<string, string>> = {
    'a list': '? [a]\n: b',
    'a list in flow style': '[a]: b',
    'a mapping': '{ a: b }: c',
    'an alias of a list': 'a: &x [b]\n*x : c',
    'an unquoted template as a key': '{{ x }}: 1',
    'an unquoted template as a value': 'a: {{ parameters.x }}',
    'a line break': '"a\\nb": 1',
    'a literal block': '? |\n  a\n: 1',
    'a NUL': '"\\0": 1',
    'an escape': '"\\e[2J": 1',
    NEL: '"\\N": 1',
    'a line separator': '"\\L": 1',
    'half of a surrogate pair': '"\\ud83d": 1',
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`never ${what}`, () => assert.match(faultsOf(text).join(), /^\d+:\d+ (?:complex-key|encoding): /));
  }

  test('an unquoted template is told to need quotes', () => {
    const [diagnostic] = parseYaml('a: {{ parameters.x }}', FILE).diagnostics;
    assert.match(diagnostic?.hint ?? '', /quote/);
  });

  test('a control character in a report does not come from a key', () => {
    const [diagnostic] = parseYaml('a:\n  "b\\ec": 1', FILE).diagnostics;
    assert.ok(diagnostic);
    assert.equal(JSON.stringify(diagnostic).includes('u001b'), false);
    assert.deepEqual(diagnostic.origin, { file: FILE, line: 2, column: 3 });
  });
});

describe('a fault is reported where an author finds it:', () => {
  const cases: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    'an empty document': ['', ['1:1 yaml-syntax: the document is empty']],
    'a document of comments': ['# a\n# b\n', ['1:1 yaml-syntax: the document is empty']],
    'a document that is null': ['\n~\n', ['2:1 yaml-syntax: the document is empty']],
    'a second document': [
      'a: 1\n---\nb: 2\n',
      ['2:1 yaml-syntax: the file holds more than one document, and only the first would be used'],
    ],
    'keys written twice, all of them': [
      'a: 1\na: 2\nb: { c: 3, "c": 4 }\n',
      [
        '2:1 yaml-syntax: this key is written twice in one mapping',
        '3:12 yaml-syntax: this key is written twice in one mapping',
      ],
    ],
    'two merge keys in one mapping': [
      'a: 1\n<<: { b: 1 }\n<<: { c: 1 }\n',
      ['3:1 yaml-syntax: this key is written twice in one mapping'],
    ],
    'a key written twice through an alias': [
      '&x a: 1\n*x : 2\n',
      ['2:1 yaml-syntax: this key is written twice in one mapping'],
    ],
    'a tab as indentation': ['a:\n\tb: 1\n', ['2:1 yaml-syntax: a tab is used as indentation']],
    'an open quote': ['a: 1\nb: "x\nc: 1\n', ['2:4 yaml-syntax: the quote that opens here is never closed']],
    'a value that starts with a reserved character': ['a: @x\n', ['1:4 yaml-syntax: a value must not start with `@`']],
    'a second colon': ['a: b: c\n', ['1:4 yaml-syntax: a second ": " in one line']],
    'text after a template': ['a: 1\nb: {{ x }} y\n', ['2:12 yaml-syntax: text follows a template that is not quoted']],
    'a list item in the wrong column': [
      'a:\n  - x\n - y\n',
      [
        '3:2 yaml-syntax: wrong indentation: this list item stands in column 2, where nothing it could belong to starts',
      ],
    ],
    'half of a surrogate pair': ['a: 1\nb: "x\\ud83d"\n', ['2:4 encoding: the text holds half of a surrogate pair']],
  };
  for (const [title, [text, faults]] of Object.entries(cases))
    test(title, () => assert.deepEqual(faultsOf(text), faults));
});

describe('a document is bounded', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

  test('in depth', () => {
    assert.equal(parseYaml(nested(100), FILE).diagnostics.length, 0);
    assert.match(faultsOf(nested(102)).join(), /too-large: the document is nested deeper than 100 levels/);
    assert.match(faultsOf(`a: ${nested(3)}`, { ...DEFAULT_PARSE_LIMITS, depth: 2 }).join(), /^1:\d too-large/);
  });

  for (const [what, text] of [
    ['brackets', nested(10_000)],
    ['open brackets', '['.repeat(10_000)],
    ['braces', '{a: '.repeat(5000)],
    ['list items', '- '.repeat(5000)],
  ] as const) {
    test(`so that thousands of ${what} are a fault like any other`, () => {
      assert.equal(faultsOf(text).length, 1);
    });
  }

  test('in nodes and characters', () => {
    const limits = { nodes: 5, textLength: 10, depth: 10 };
    assert.deepEqual(parseYaml('a: [1, 2]', FILE, limits).diagnostics, []);
    assert.match(faultsOf('a: [1, 2, 3]', limits).join(), /larger than 5 nodes/);
    assert.match(faultsOf(`a: ${'x'.repeat(10)}`, limits).join(), /or 10 characters/);
  });
});

test('every text can be parsed, whatever it holds', () => {
  const pieces = [
    'a',
    '1',
    ': ',
    ':',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    ', ',
    '#',
    ' # ',
    '&x ',
    '*x',
  ];
  const more = [
    '!',
    '!!str ',
    '|\n',
    '>-\n',
    '? ',
    '<<: ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\r\n',
    '\\u',
    '\0',
    '😀',
    '@',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...pieces, ...more), anyText(3)), {
      maxLength: 30,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (written) => {
      const { value, diagnostics } = parseYaml(written, FILE);
      assert.equal(value === undefined, diagnostics.length > 0);
      const lines = written.split('\n').length;
      for (const { origin } of diagnostics) {
        assert.ok(origin && origin.line >= 1 && origin.line <= lines && origin.column >= 1, JSON.stringify(origin));
      }
      if (value !== undefined) assert.ok(!isNull(value), formatPath([]));
    }),
    { numRuns: 1000 },
  );
});

test('a mapping of very many keys is read in time that grows with their number alone', () => {
  const text = (keys: number) => Array.from({ length: keys }, (_, index) => `k${index}: 1\n`).join('');
  const started = cpuMs();
  assert.equal(parseYaml(text(40_000), 'a.bu').diagnostics.length, 0);
  assert.ok(cpuMs() - started < 5000);
});

for (const [title, text] of [
  ['brackets', '['.repeat(500_000)],
  ['braces', '{ a: '.repeat(100_000)],
  ['list items', `${'- '.repeat(500_000)}x`],
] as const) {
  test(`a text that nests ${title} without end is refused where it becomes too deep, in little memory`, () => {
    const before = process.memoryUsage().rss;
    const [report, ...others] = parseYaml(text, 'a.bu').diagnostics;
    assert.equal(report?.code, 'too-large');
    assert.ok((report?.origin?.column ?? 0) > 900);
    assert.deepEqual(others, []);
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  });
}
