import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNameCharacter, isPrintable } from '../../src/go-template/unicode.ts';
import { afterTest } from '../support/after-test.ts';
import { askGo, readAnswers, writeAnswers } from '../support/go-template/answers.ts';
import { drawCases, WRITTEN } from '../support/go-template/cases/cases.ts';
import { compareWithGo, type Ending } from '../support/go-template/compare.ts';
import { fuzzCase } from '../support/go-template/generate.ts';
import { startOracle } from '../support/go-template/oracle.ts';
import { renderTables } from '../support/go-template/unicode-tables.ts';
import { requireProgram } from '../support/programs.ts';

/** Fixed, so that a failure is one of the change at hand; `npm run fuzz -- go-template` draws others each time. */
const SEED = 1;
const RUNS = 20_000;

const TABLES = 'src/go-template/unicode-tables.ts';

test('The stored answers are what Go gives to every case: UPDATE_GOLDEN=1 writes them anew', async (t) => {
  const program = requireProgram(t, 'go-template');
  if (program === undefined) return;
  const oracle = startOracle(program);
  afterTest(t, () => oracle.close());
  if (process.env.UPDATE_GOLDEN) writeAnswers(await askGo(oracle, [...WRITTEN, ...drawCases()]));
  const stored = readAnswers();
  const asked = stored.map(({ subject, data, answers }) => {
    return { subject, data, templates: answers.map(([template]) => template) };
  });
  assert.deepEqual(await askGo(oracle, asked), stored);
  const kept = new Map(asked.map((group) => [group.subject, group]));
  for (const group of WRITTEN) assert.deepEqual(kept.get(group.subject), group);
  t.diagnostic(`${stored.flatMap(({ answers }) => answers).length} templates`);
});

test(`Of ${RUNS} templates that were drawn, each gives the bytes that it gives with Go, or fails as it does there`, async (t) => {
  const program = requireProgram(t, 'go-template');
  if (program === undefined) return;
  const oracle = startOracle(program);
  afterTest(t, () => oracle.close());
  const endings: Record<Ending, number> = { output: 0, parse: 0, exec: 0, limit: 0 };
  const property = fc.asyncProperty(fuzzCase, async (drawn) => {
    endings[await compareWithGo(oracle, drawn)] += 1;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  t.diagnostic(JSON.stringify(endings));
  assert.ok(endings.output > RUNS / 4, 'too few of the templates have any output');
  assert.ok(endings.limit < RUNS / 100, 'too many of the templates end at a limit, where Go has none');
});

test('The tables of code points are those of Go: UPDATE_GOLDEN=1 writes them anew', async (t) => {
  const program = requireProgram(t, 'go-template');
  if (program === undefined) return;
  const oracle = startOracle(program);
  afterTest(t, () => oracle.close());
  const [printable, name] = [await oracle.characters('printable'), await oracle.characters('name')];
  const expected = renderTables(printable, name);
  if (process.env.UPDATE_GOLDEN) writeFileSync(TABLES, expected);
  assert.equal(readFileSync(TABLES, 'utf8'), expected);
  for (const [contains, ranges] of [
    [isPrintable, printable],
    [isNameCharacter, name],
  ] as const) {
    for (const [first, last] of ranges) {
      assert.deepEqual([first - 1, first, last, last + 1].map(contains), [false, true, true, false]);
    }
  }
});
