import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askGo, readAnswers, writeAnswers } from '../support/go-matchbox/answers.ts';
import { requireProgram } from '../support/programs.ts';

test('The stored answers are what Go gives to every question: UPDATE_GOLDEN=1 writes them anew', async (t) => {
  const program = requireProgram(t, 'go-matchbox');
  if (program === undefined) return;
  const answers = await askGo(program);
  if (process.env.UPDATE_GOLDEN) writeAnswers(answers);
  assert.deepEqual(readAnswers(), answers);
  t.diagnostic(`${answers.length} questions`);
});
