import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReport } from '../../../src/butane/report.ts';
import { anyText } from '../any-text.ts';

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}

test('an empty report has no entries and no failure', () => {
  assert.deepEqual(parseReport(''), { entries: [], yamlFaults: [] });
});

test('an entry is taken apart into severity, path, position and message', () => {
  const report = parseReport(
    lines(
      'warning at $.storage.files.0.mode, line 6 col 13: unreasonable mode would be reasonable if specified in octal; remember to add a leading zero',
      'error at $.storage.files.0.path, line 5 col 13: path not absolute',
      'Error translating config: config generated was invalid',
    ),
  );
  assert.deepEqual(report, {
    failure: 'config generated was invalid',
    yamlFaults: [],
    entries: [
      { severity: 'error', path: '$.storage.files.0.path', line: 5, column: 13, message: 'path not absolute' },
      {
        severity: 'warning',
        path: '$.storage.files.0.mode',
        line: 6,
        column: 13,
        message: 'unreasonable mode would be reasonable if specified in octal; remember to add a leading zero',
      },
    ],
  });
});

test('path and position may be missing', () => {
  const { entries } = parseReport(
    lines('info: nothing in particular', 'error at line 2 col 3: broken: here', 'error at $.x: a, line 3 col 5: b'),
  );
  assert.deepEqual(entries, [
    { severity: 'info', message: 'nothing in particular' },
    { severity: 'error', path: '$.x', message: 'a, line 3 col 5: b' },
    { severity: 'error', line: 2, column: 3, message: 'broken: here' },
  ]);
});

test('a message may hold what looks like the end of a path', () => {
  const [entry] = parseReport('error at $.a.b, line 3 col 5: cannot read x, line 9 col 9: y\n').entries;
  assert.deepEqual(entry, {
    severity: 'error',
    path: '$.a.b',
    line: 3,
    column: 5,
    message: 'cannot read x, line 9 col 9: y',
  });
});

test('an unknown key with commas, colons and a position of its own is still one path', () => {
  const [entry] = parseReport(
    'warning at $.a b, line 9 col 9: c.d, line 3 col 1: unused key a b, line 9 col 9: c.d\n',
  ).entries;
  assert.deepEqual(entry, {
    severity: 'warning',
    path: '$.a b, line 9 col 9: c.d',
    line: 3,
    column: 1,
    message: 'unused key a b, line 9 col 9: c.d',
  });
});

test('an unknown key with a line break stays one entry', () => {
  const report = parseReport(
    lines(
      'warning at $.x',
      'y, line 4 col 1: unused key x',
      'y',
      'Config produced warnings and --strict was specified',
    ),
  );
  assert.deepEqual(report.entries, [
    { severity: 'warning', path: '$.x\ny', line: 4, column: 1, message: 'unused key x\ny' },
  ]);
  assert.equal(report.failure, 'Config produced warnings and --strict was specified');
});

test('warnings refused by strictness are entries with a failure', () => {
  const report = parseReport(
    lines(
      'warning at $.zzz, line 4 col 1: unused key zzz',
      'warning at $.foo, line 3 col 1: unused key foo',
      'Config produced warnings and --strict was specified',
    ),
  );
  assert.deepEqual(
    report.entries.map((entry) => entry.path),
    ['$.foo', '$.zzz'],
  );
  assert.equal(report.failure, 'Config produced warnings and --strict was specified');
});

test('two orders of the same entries read the same', () => {
  const entries = ['a', 'b', 'c'].map((key) => `warning at $.${key}, line 3 col 1: unused key ${key}`);
  assert.deepEqual(parseReport(lines(...entries)), parseReport(lines(...entries.toReversed())));
});

const YAML_FAULTS = [
  {
    title: 'type mismatches',
    stderr: lines(
      'Error translating config: yaml: unmarshal errors:',
      '  line 6: cannot unmarshal !!str `yes please` into bool',
      '  line 8: cannot unmarshal !!str `abc` into int',
    ),
    faults: [
      { line: 6, message: 'cannot unmarshal !!str `yes please` into bool' },
      { line: 8, message: 'cannot unmarshal !!str `abc` into int' },
    ],
  },
  {
    title: 'a type mismatch whose excerpt has a line break',
    stderr: lines(
      'Error translating config: yaml: unmarshal errors:',
      '  line 6: cannot unmarshal !!str `a',
      'b` into bool',
    ),
    faults: [{ line: 6, message: 'cannot unmarshal !!str `a\nb` into bool' }],
  },
  {
    title: 'a key written twice',
    stderr: lines(
      'Error translating config: yaml: unmarshal errors:',
      '  line 6: mapping key "path" already defined at line 5',
    ),
    faults: [{ line: 6, message: 'mapping key "path" already defined at line 5' }],
  },
  {
    title: 'a document that is no mapping',
    stderr: lines(
      'Error translating config: Error unmarshaling yaml: yaml: unmarshal errors:',
      '  line 1: cannot unmarshal !!str `foo` into config.commonFields',
    ),
    faults: [{ line: 1, message: 'cannot unmarshal !!str `foo` into config.commonFields' }],
  },
  {
    title: 'a tab as indentation',
    stderr: lines(
      'Error translating config: Error unmarshaling yaml: yaml: line 4: found character that cannot start any token',
    ),
    faults: [{ line: 4, message: 'found character that cannot start any token' }],
  },
  {
    title: 'bytes that are no text',
    stderr: lines('Error translating config: Error unmarshaling yaml: yaml: invalid leading UTF-8 octet'),
    faults: [{ message: 'invalid leading UTF-8 octet' }],
  },
];

for (const { title, stderr, faults } of YAML_FAULTS) {
  test(`a fault of the YAML decoder keeps its line: ${title}`, () => {
    const report = parseReport(stderr);
    assert.deepEqual(report.yamlFaults, faults);
    assert.deepEqual(report.entries, []);
    assert.notEqual(report.failure, undefined);
  });
}

const FAILURES = [
  'error parsing variant; must be specified',
  'error parsing version; must be a valid semver',
  'No translator exists for variant fcos with version 9.9.9',
  'rhcos variant has been removed; use openshift variant instead: https://coreos.github.io/butane/upgrading-openshift/',
];

for (const failure of FAILURES) {
  test(`butane's last line is the failure: ${failure}`, () => {
    assert.deepEqual(parseReport(lines(`Error translating config: ${failure}`)), {
      entries: [],
      yamlFaults: [],
      failure,
    });
  });
}

test('colours are taken out', () => {
  const esc = String.fromCharCode(27);
  const [entry] = parseReport(`error at $.a, line 1 col 2: ${esc}[1;31mbad${esc}[0m\n`).entries;
  assert.equal(entry?.message, 'bad');
});

test('lines of a crash are no entries', () => {
  const report = parseReport('panic: runtime error: hash of unhashable type\n\ngoroutine 1 [running]:\nmain.main()\n');
  assert.deepEqual(report, { entries: [], yamlFaults: [] });
});

test('every report can be read, whatever it holds', () => {
  const piece = fc.constantFrom(
    'error at ',
    'warning',
    '$.a',
    ', line 1 col 2: ',
    ': ',
    '\n',
    'Error translating config: ',
    'yaml: ',
  );
  const text = fc.array(fc.oneof(piece, anyText(10)), { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (stderr) => {
      for (const entry of parseReport(stderr).entries) {
        assert.ok(entry.line === undefined || Number.isInteger(entry.line));
        assert.equal(entry.line === undefined, entry.column === undefined);
      }
    }),
    { numRuns: 300 },
  );
});

test('a path without special characters comes back as it was written', () => {
  const key = fc.stringMatching(/^[a-z_0-9]{1,8}$/);
  const entry = fc.record({
    path: fc.array(key, { minLength: 1, maxLength: 5 }).map((keys) => ['$', ...keys].join('.')),
    line: fc.integer({ min: 1, max: 1e6 }),
    column: fc.integer({ min: 1, max: 1e6 }),
    message: fc.stringMatching(/^[a-z:;,"' ]{0,20}[a-z]$/),
  });
  fc.assert(
    fc.property(entry, ({ path, line, column, message }) => {
      const { entries } = parseReport(`error at ${path}, line ${line} col ${column}: ${message}\n`);
      assert.deepEqual(entries, [{ severity: 'error', path, line, column, message }]);
    }),
  );
});
