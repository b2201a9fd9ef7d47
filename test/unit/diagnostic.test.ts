import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { compareText, hasErrors, sortDiagnostics } from '../../src/diagnostic.ts';

function diagnostic(message: string, rest: Partial<Diagnostic> = {}): Diagnostic {
  return { severity: 'error', code: 'schema', message, ...rest };
}

function at(file: string, line: number, column: number): Pick<Diagnostic, 'origin'> {
  return { origin: { file, line, column } };
}

test('diagnostics are sorted by file, line, column, severity and message', () => {
  const sorted = [
    diagnostic('without a place'),
    diagnostic('z', at('a.bu', 2, 1)),
    diagnostic('z', at('a.bu', 2, 10)),
    diagnostic('z', at('a.bu', 10, 1)),
    diagnostic('z', { severity: 'error', ...at('b.bu', 1, 1) }),
    diagnostic('a', { severity: 'warning', ...at('b.bu', 1, 1) }),
    diagnostic('b', { severity: 'warning', ...at('b.bu', 1, 1) }),
    diagnostic('a', { severity: 'info', ...at('b.bu', 1, 1) }),
  ];
  assert.deepEqual(sortDiagnostics(sorted.toReversed()), sorted);
  assert.deepEqual(sortDiagnostics(sorted), sorted);
});

test('texts are ordered by code unit, not by the language of the machine', () => {
  assert.deepEqual(['b', 'a', 'Z', 'é', 'z', 'aa', ''].sort(compareText), ['', 'Z', 'a', 'aa', 'b', 'z', 'é']);
  assert.equal(compareText('same', 'same'), 0);
});

test('an exact repeat is dropped', () => {
  const one = diagnostic('m', { path: '$.a', ...at('a.bu', 1, 1) });
  assert.deepEqual(sortDiagnostics([one, { ...one }, one]), [one]);
});

const DIFFERENT: Readonly<Record<string, Partial<Diagnostic>>> = {
  severity: { severity: 'warning' },
  message: { message: 'n' },
  path: { path: '$.b' },
  line: at('a.bu', 2, 1),
  column: at('a.bu', 1, 2),
  file: at('b.bu', 1, 1),
  code: { code: 'butane' },
  hint: { hint: 'do that' },
};

for (const [what, other] of Object.entries(DIFFERENT)) {
  test(`two diagnostics that differ in ${what} are both kept`, () => {
    const one = diagnostic('m', { path: '$.a', hint: 'do this', ...at('a.bu', 1, 1) });
    assert.equal(sortDiagnostics([one, { ...one, ...other }]).length, 2);
  });
}

test('sorting leaves the list it is given alone', () => {
  const given = Object.freeze([diagnostic('b'), diagnostic('a')]);
  assert.deepEqual(
    sortDiagnostics(given).map(({ message }) => message),
    ['a', 'b'],
  );
  assert.deepEqual(
    given.map(({ message }) => message),
    ['b', 'a'],
  );
});

test('two runs that find the same in another order report alike', () => {
  const anything = fc.record(
    {
      severity: fc.constantFrom('error' as const, 'warning' as const, 'info' as const),
      code: fc.constantFrom('schema' as const, 'butane' as const),
      message: fc.constantFrom('m', 'n'),
      path: fc.constantFrom('$.a', '$.b'),
      origin: fc.record(
        { file: fc.constantFrom('a', 'b'), line: fc.nat(2), column: fc.nat(2) },
        { noNullPrototype: true },
      ),
      hint: fc.constantFrom('h', 'i'),
    },
    { requiredKeys: ['severity', 'code', 'message'], noNullPrototype: true },
  );
  const shuffled = fc
    .array(anything, { maxLength: 8 })
    .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      assert.deepEqual(sortDiagnostics(other), sortDiagnostics(list));
    }),
    { numRuns: 500 },
  );
});

test('only an error among them makes diagnostics erroneous', () => {
  assert.equal(hasErrors([]), false);
  assert.equal(hasErrors([diagnostic('m', { severity: 'warning' }), diagnostic('m', { severity: 'info' })]), false);
  assert.equal(hasErrors([diagnostic('m', { severity: 'info' }), diagnostic('m')]), true);
});
