import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Outcome } from '../support/golden.ts';
import { findStrayFiles, observe, readGoldenCases, textAt } from '../support/golden.ts';
import { requireProgram } from '../support/programs.ts';

/** Fewer are taken for a folder that was not found. */
const FEWEST_CASES = 40;

const cases = readGoldenCases();

test('there are many cases, and no two say the same', () => {
  assert.ok(cases.length >= FEWEST_CASES, `${cases.length} cases are too few`);
  assert.equal(new Set(cases.map((each) => each.title)).size, cases.length);
});

for (const each of cases) {
  test(`${each.title} (${each.name})`, async (t) => {
    const butane = requireProgram(t, 'butane');
    if (butane === undefined) return;
    const outcome = await observe(each, butane);
    if (process.env.UPDATE_GOLDEN) {
      assert.ok(
        !process.env.CI,
        'what is expected is written by hand, with UPDATE_GOLDEN to help; never where CI is set',
      );
      await writeFile(each.expected, `${JSON.stringify(outcome, null, 2)}\n`);
      t.skip('UPDATE_GOLDEN wrote what it expects: read the changes, then run it again without');
      return;
    }
    const expected: Outcome = JSON.parse(await readFile(each.expected, 'utf8'));
    for (const report of expected.reports) {
      assert.equal(await textAt(each.site, report), report.at, `${report.file}:${report.line}:${report.column}`);
    }
    assert.deepEqual(outcome, expected);
  });
}

test('every case has what it needs, and nothing that nobody reads', () => {
  assert.deepEqual(findStrayFiles(), []);
});
