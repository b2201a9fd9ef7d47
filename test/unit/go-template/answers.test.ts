import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnsweredGroup, fromStored, readAnswers } from '../../support/go-template/answers.ts';
import { differenceOf, executeOurs } from '../../support/go-template/compare.ts';

const groups = readAnswers();
const isDrawn = ({ subject }: AnsweredGroup) => subject.startsWith('drawn ');

for (const group of groups.filter((group) => !isDrawn(group))) {
  test(`templates do what they do with Go: ${group.subject}`, () => {
    assert.deepEqual(differencesOf(group), []);
  });
}

test('templates that were drawn do what they do with Go', () => {
  assert.deepEqual(groups.filter(isDrawn).flatMap(differencesOf), []);
});

test('there are hundreds of cases that are written by hand, and some for every stage', () => {
  const answers = groups.flatMap((group) => group.answers.map(([, answer]) => answer));
  assert.ok(answers.length > 1000);
  for (const stage of ['parse', 'exec']) {
    assert.ok(answers.filter((answer) => 'fails' in answer && answer.fails === stage).length > 100, stage);
  }
});

function differencesOf({ data, answers }: AnsweredGroup): readonly string[] {
  return answers.flatMap(([template, answer]) => {
    const difference = differenceOf(executeOurs({ template, data }), fromStored(answer));
    return difference === undefined ? [] : [`${template}\n${difference}`];
  });
}
