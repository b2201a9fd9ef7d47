import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Liquid } from 'liquidjs';
import { parse as parseCore } from 'yaml';
import { FILTERS, installFilters } from '../../../src/fragment/filters.ts';
import { parseToml } from '../../../src/fragment/parse-toml.ts';
import {
  compileExpression,
  compileTemplate,
  TemplateFault,
  type TemplateScope,
} from '../../../src/fragment/template.ts';
import { fromValue, toValue, type Value, type ValueObject } from '../../../src/fragment/value.ts';
import { anyText } from '../any-text.ts';

function object(entries: ValueObject = {}): ValueObject {
  return Object.assign(Object.create(null), entries);
}

/** What an expression yields where `parameters.v` is the value. */
function evaluated(expression: string, value: Value = null): unknown {
  const none = object();
  const scope: TemplateScope = {
    parameters: object({ v: value, obj: object({ a: 1 }), list: ['a'] }),
    machine: none,
    labels: none,
    profile: none,
    group: none,
    service: none,
  };
  return compileExpression(expression).evaluate(scope);
}

/** What a template makes of a value and a filter with its arguments. */
function filtered(value: Value, filter: string): unknown {
  return evaluated(`parameters.v | ${filter}`, value);
}

/** Texts that break out of careless quoting. */
const HOSTILE = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  "\\'",
  "it's",
  '$HOME',
  '\u0024{HOME}',
  '$(echo hi)',
  '`echo hi`',
  '$$',
  '%n %% %',
  '!history',
  '; echo hi',
  '| cat',
  '&& false',
  '> /dev/null',
  '*',
  '~',
  '#',
  '-n',
  '--',
  'a\nb',
  '\n',
  'a\\nb',
  'tab\there',
  'cr\rlf\n',
  'ü😀',
  '\u0001\u001b[31m',
  '{{ x }}',
  '\u00a0\u2028',
] as const;

describe('shell_quote', () => {
  test('makes one word of every text, as the shell itself says', () => {
    const words = HOSTILE.map((text) => filtered(text, 'shell_quote'));
    const { stdout, status, stderr } = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${words.join(' ')}`], {
      encoding: 'utf8',
      env: { HOME: '/nowhere' },
    });
    assert.equal(`${status} ${stderr}`, '0 ');
    assert.deepEqual(stdout.split('\0').slice(0, -1), HOSTILE);
  });

  test('makes one word of any text', () => {
    const texts = fc.sample(
      anyText(20).filter((text) => !text.includes('\0')),
      { numRuns: 300, seed: 7 },
    );
    const words = texts.map((text) => filtered(text, 'shell_quote')).join(' ');
    const { stdout } = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' });
    assert.deepEqual(stdout.split('\0').slice(0, -1), texts);
  });

  test('takes numbers and booleans, and nothing else', () => {
    assert.equal(filtered(5, 'shell_quote'), "'5'");
    assert.equal(filtered(false, 'shell_quote'), "'false'");
    for (const value of [null, [], object()]) assert.throws(() => filtered(value, 'shell_quote'), TemplateFault);
  });

  test('refuses a NUL character', () => assert.throws(() => filtered('a\0b', 'shell_quote'), /NUL/));
});

describe('systemd_quote', () => {
  const cases: Readonly<Record<string, string>> = {
    '': '""',
    'two words': '"two words"',
    'say "hi"': '"say \\"hi\\""',
    "it's": `"it's"`,
    'back\\slash': '"back\\\\slash"',
    '\\n': '"\\\\n"',
    '\\"': '"\\\\\\""',
    '100%': '"100%%"',
    '%n%%': '"%%n%%%%"',
    $HOME: '"$$HOME"',
    '${HOME}$$': '"$${HOME}$$$$"',
    'a\nb\rc\td': '"a\\nb\\rc\\td"',
    '; rm': '"; rm"',
    '#x': '"#x"',
    'ü😀': '"ü😀"',
  };
  for (const [text, quoted] of Object.entries(cases)) {
    test(JSON.stringify(text), () => assert.equal(filtered(text, 'systemd_quote'), quoted));
  }

  test('never leaves its line and its quotes', () => {
    for (const text of HOSTILE) {
      const quoted = String(filtered(text, 'systemd_quote'));
      assert.match(quoted, /^"(?:[^"\\\n\r%$]|\\["\\nrt]|%%|\$\$)*"$/);
    }
  });

  test('refuses a NUL character', () => assert.throws(() => filtered('a\0b', 'systemd_quote'), /NUL/));
});

describe('systemd_escape does what systemd-escape does:', () => {
  // The results are those of systemd 252.
  const names: Readonly<Record<string, string>> = {
    '': '',
    a: 'a',
    'a-b': 'a\\x2db',
    '/dev/vdb': '-dev-vdb',
    '.hidden': '\\x2ehidden',
    'a.b': 'a.b',
    ä: '\\xc3\\xa4',
    'a b': 'a\\x20b',
    'a\\b': 'a\\x5cb',
    'a@b': 'a\\x40b',
    ':_x': ':_x',
    'a\nb': 'a\\x0ab',
    '%i': '\\x25i',
    '//': '--',
    '-': '\\x2d',
    '..': '\\x2e.',
  };
  for (const [text, escaped] of Object.entries(names)) {
    test(JSON.stringify(text), () => assert.equal(filtered(text, 'systemd_escape'), escaped));
  }

  const paths: Readonly<Record<string, string>> = {
    '': '-',
    '/': '-',
    '//': '-',
    '/dev/vdb': 'dev-vdb',
    '/dev//vdb/': 'dev-vdb',
    'dev/vdb': 'dev-vdb',
    './dev/./vdb': 'dev-vdb',
    '/.hidden': '\\x2ehidden',
    '/a/.b': 'a-.b',
    '/home/user-x': 'home-user\\x2dx',
    '/a b': 'a\\x20b',
    '/ä': '\\xc3\\xa4',
    '/..a': '\\x2e.a',
  };
  for (const [text, escaped] of Object.entries(paths)) {
    test(`--path ${JSON.stringify(text)}`, () => assert.equal(filtered(text, 'systemd_escape_path'), escaped));
  }

  test('a path with .. has no unit name', () => {
    for (const text of ['..', '/a/../b', '/a/..'])
      assert.throws(() => filtered(text, 'systemd_escape_path'), TemplateFault);
  });
});

describe('json', () => {
  test('is read back as the value', () => {
    const value = object({ a: [1, 'x"\n', null, true], b: object({ __proto__: 'x' }) });
    assert.deepEqual(JSON.parse(String(filtered(value, 'json'))), JSON.parse(JSON.stringify(value)));
    assert.equal(filtered(['10.7.0.1'], 'json'), '["10.7.0.1"]');
    assert.equal(filtered(null, 'json'), 'null');
    assert.equal(evaluated('nil | json'), 'null');
  });

  test('can be indented', () => {
    assert.equal(filtered(object({ a: 1 }), 'json: 2'), '{\n  "a": 1\n}');
    for (const wrong of ['"x"', '-1', '1.5', '9999', 'parameters.obj']) {
      assert.throws(() => filtered(1, `json: ${wrong}`), TemplateFault, wrong);
    }
  });
});

const ANYTHING = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(true, false),
    fc.integer(),
    fc.constantFrom(
      ...HOSTILE.filter((text) => !/(?![\n\t])\p{Cc}/u.test(text)),
      '0644',
      'yes',
      '~',
      'null',
      '1.5',
      '2001-12-14',
    ),
    fc.string({ maxLength: 10 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z]{1,4}$/), fc.string({ maxLength: 6 })), tie('value'), {
      maxKeys: 3,
      noNullPrototype: false,
    }),
  ),
})).value;

describe('yaml', () => {
  test('is read back as the value', () => {
    fc.assert(
      fc.property(ANYTHING, (value) => {
        const text = String(filtered(value, 'yaml'));
        assert.equal(JSON.stringify(parseCore(text)), JSON.stringify(value), text);
      }),
      { numRuns: 300 },
    );
  });

  test('ends with a line break', () => {
    assert.equal(filtered(['10.7.0.1', '10.7.0.2'], 'yaml'), '- 10.7.0.1\n- 10.7.0.2\n');
    assert.equal(filtered(null, 'yaml'), 'null\n');
  });
});

describe('toml', () => {
  test('is read back as the value', () => {
    const table = fc.dictionary(fc.string({ maxLength: 6 }), ANYTHING, { maxKeys: 4, noNullPrototype: false });
    const sorted = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      );
    let written = 0;
    fc.assert(
      fc.property(table, (value) => {
        let text: string;
        try {
          text = String(filtered(value, 'toml'));
        } catch (error) {
          assert.ok(error instanceof TemplateFault);
          return;
        }
        written += 1;
        const parsed = parseToml(text, 'made.toml');
        assert.deepEqual(parsed.diagnostics, [], text);
        assert.ok(parsed.value);
        assert.deepEqual(
          sorted(toValue(parsed.value).value),
          sorted(toValue(fromValue(value, parsed.value.origin)).value),
          text,
        );
      }),
      { numRuns: 300 },
    );
    assert.ok(written > 150, `${written} of 300 could be written`);
  });

  const lists: readonly Value[] = [
    ['x', object({ b: 1 })],
    [object({ b: 1 }), 'x'],
    [object({ b: 1 }), [1]],
    [1, 'x', [true]],
    [object({}), ''],
  ];
  const numbers = [0, -7, 0.5, -1.25, 1e-7, 7e-323, 1.5e-300, 123456.789, 1e15];
  const texts = ['\0', '\u001b', '\u007f', 'a\rb', '\r\n', '\u0085', '"""', "'''", '\\', 'a\nb"""'];
  const keys = [...texts, '', '__proto__', 'toISOString', 'a.b', 'ü'].map((key) => object({ [key]: 1 }));

  test('writes what can be read back as it was, or nothing', () => {
    for (const value of [...lists, ...numbers, ...texts, ...keys]) {
      let written: string;
      try {
        written = String(filtered(object({ a: value }), 'toml'));
      } catch (error) {
        assert.ok(error instanceof TemplateFault, String(error));
        continue;
      }
      const { value: read, diagnostics } = parseToml(written, 'made.toml');
      assert.deepEqual(diagnostics, [], written);
      assert.ok(read);
      assert.equal(JSON.stringify(toValue(read).value), JSON.stringify({ a: value }), written);
    }
  });

  test('needs an object, and has no null', () => {
    for (const value of ['x', 5, null, ['a'], object({ a: null }), object({ a: [object({ b: null })] })]) {
      assert.throws(() => filtered(value, 'toml'), TemplateFault);
    }
  });
});

describe('indent', () => {
  test('puts spaces before every line but the first and empty ones', () => {
    assert.equal(filtered('a\nb\n\nc\n', 'indent'), 'a\n  b\n\n  c\n');
    assert.equal(filtered('a\nb', 'indent: 4'), 'a\n    b');
    assert.equal(filtered('a\nb', 'indent: "3"'), 'a\n   b');
    assert.equal(filtered('a\n b', 'indent: 0'), 'a\n b');
    assert.equal(filtered('', 'indent'), '');
    assert.equal(filtered('\n\n', 'indent'), '\n\n');
  });

  test('needs a text and a width', () => {
    for (const wrong of ['-1', '"x"', '""', '1.5', '100000', 'parameters.list']) {
      assert.throws(() => filtered('a', `indent: ${wrong}`), TemplateFault, wrong);
    }
    assert.throws(() => filtered(['a'], 'indent'), TemplateFault);
  });
});

describe('octal', () => {
  const modes: readonly (readonly [Value, number])[] = [
    ['0644', 0o644],
    ['644', 0o644],
    ['0o755', 0o755],
    ['07777', 0o7777],
    ['0', 0],
    [644, 0o644],
  ];
  for (const [written, mode] of modes)
    test(JSON.stringify(written), () => assert.equal(filtered(written, 'octal'), mode));

  test('refuses what is no mode', () => {
    for (const value of [
      '',
      '8',
      '0x1ff',
      '-644',
      ' 644',
      '0644 ',
      '06444444',
      'rw-r--r--',
      true,
      null,
      ['0644'],
      6.44,
    ]) {
      assert.throws(() => filtered(value, 'octal'), TemplateFault, JSON.stringify(value));
    }
  });
});

test('percent_encode leaves nothing that means something in a URL', () => {
  assert.equal(
    filtered("a b/c?d=é&!+%#'()*~-._", 'percent_encode'),
    'a%20b%2Fc%3Fd%3D%C3%A9%26%21%2B%25%23%27%28%29%2A~-._',
  );
  for (const text of HOSTILE) {
    const encoded = String(filtered(text, 'percent_encode'));
    assert.match(encoded, /^(?:[A-Za-z0-9~._-]|%[0-9A-F]{2})*$/);
    assert.equal(decodeURIComponent(encoded), text);
  }
});

test('sha512 is the one that sha512sum prints', () => {
  const known =
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f';
  assert.equal(filtered('abc', 'sha512'), known);
});

describe('the address filters', () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['10.7.0.0/24', 'cidr_host: 5', '10.7.0.5'],
    ['10.7.0.0/24', 'cidr_host', '10.7.0.1'],
    ['10.7.0.0/24', 'cidr_host: -2', '10.7.0.254'],
    ['10.7.0.0/24', 'cidr_host: "5"', '10.7.0.5'],
    ['fd00::/64', 'cidr_host: "18446744073709551615"', 'fd00::ffff:ffff:ffff:ffff'],
    ['10.7.0.9/24', 'cidr_network', '10.7.0.0'],
    ['10.7.0.0/24', 'cidr_netmask', '255.255.255.0'],
    ['10.7.0.0/24', 'cidr_prefix', 24],
    ['10.0.0.0/8', 'cidr_subnet: 8, 7', '10.7.0.0/16'],
    ['10.0.0.0/8', 'cidr_subnet: "8", "7"', '10.7.0.0/16'],
    ['10.0.0.0/8', 'cidr_subnet: 8', '10.0.0.0/16'],
    ['fd00:7::/48', 'cidr_subnet: 16, 7', 'fd00:7:0:7::/64'],
    ['10.7.0.250', 'ip_add: 10', '10.7.1.4'],
    ['10.7.0.250', 'ip_add', '10.7.0.251'],
    ['fd00::1', 'ip_add: -1', 'fd00::'],
  ];
  for (const [value, filter, expected] of cases) {
    test(`${value} | ${filter} is ${expected}`, () => assert.equal(filtered(value, filter), expected));
  }

  for (const [value, filter] of [
    ['10.7.0.0/24', 'cidr_host: 256'],
    ['10.7.0.0/24', 'cidr_host: 1.5'],
    ['10.7.0.0/24', 'cidr_host: "x"'],
    ['10.7.0.0/24', 'cidr_host: ""'],
    ['10.7.0.0/24', 'cidr_host: true'],
    ['10.7.0.0/24', 'cidr_subnet'],
    ['10.7.0.0/24', 'cidr_subnet: 9'],
    ['10.7.0.0/24', 'cidr_subnet: 8, -1'],
    ['10.7.0.0/24', 'cidr_subnet: 5000, 0'],
    ['10.7.0.0', 'cidr_prefix'],
    ['10.7.0.0/24', 'ip_add'],
    ['255.255.255.255', 'ip_add'],
    ['10.7.0.1', 'ip_add: "1e3"'],
  ] as const) {
    test(`${value} | ${filter} is a fault`, () => assert.throws(() => filtered(value, filter), TemplateFault));
  }
});

describe('the filters and tags of an engine', () => {
  const engine = new Liquid();
  installFilters(engine);
  const documentation = readFileSync('docs/templates.md', 'utf8');
  const section = (title: string) => documentation.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const quoted = (text: string) => [...text.matchAll(/`([a-z0-9_#]+)`/g)].map((match) => match[1]);

  test('of pilotlight are those that docs/templates.md lists', () => {
    const listed = section('Filters of pilotlight')
      .split('\n')
      .flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);
    assert.deepEqual(listed.sort(), Object.keys(FILTERS).sort());
  });

  test('of Liquid are those that docs/templates.md lists', () => {
    const lists =
      section('Filters of Liquid')
        .split('\n\n')
        .find((part) => part.startsWith('- texts:')) ?? '';
    const own = Object.keys(engine.filters).filter((name) => !(name in FILTERS));
    assert.deepEqual(quoted(lists).sort(), own.sort());
  });

  test('are without those that docs/templates.md takes away', () => {
    const rows = section('What is taken away')
      .split('\n')
      .filter((line) => /^\| (?:filter|tag)/.test(line));
    const gone = rows.flatMap((row) => quoted(row.split('|')[1] ?? ''));
    assert.ok(gone.length > 10);
    for (const name of gone)
      assert.ok(!(String(name) in { ...engine.filters, ...engine.tags }) || name === 'raw', name);
    assert.ok(!('raw' in engine.filters));
  });

  test('have the tags that docs/templates.md lists', () => {
    const sentence = /The tags are ([\s\S]*?)\. What/.exec(section('Filters of Liquid'))?.[1] ?? '';
    const isKnown = (tag: string) => {
      try {
        compileTemplate(`{% ${tag} %}`);
        return true;
      } catch (error) {
        return !(error instanceof Error && /not found/.test(error.message));
      }
    };
    const known = Object.keys(new Liquid().tags).filter(isKnown);
    assert.deepEqual(quoted(sentence).sort(), known.sort());
  });
});
