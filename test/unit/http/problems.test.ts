import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectOf } from '../../../src/http/problem-kind.ts';
import { PROBLEMS } from '../../../src/http/problems.ts';
import { problemsMarkdown } from '../../../src/http/problems-markdown.ts';

test('the texts are plain sentences that mean the same in every format', () => {
  for (const [code, { title, meaning, remedy, fault }] of Object.entries(PROBLEMS)) {
    for (const text of [title, meaning, remedy, fault]) assert.match(text, /^[^`*_[\]<>\\\n]+$/, code);
    for (const text of [meaning, remedy]) assert.match(text, /^[A-Z0-9].*\.$/, code);
    assert.doesNotMatch(title, /\.$/, code);
  }
});

test('each code says what it does to whoever gets it', () => {
  assert.equal(effectOf(PROBLEMS['request-timeout']), 'The machine waits and asks again.');
  assert.equal(effectOf(PROBLEMS['machine-unknown']), 'The machine stops.');
  assert.match(effectOf(PROBLEMS['revision-refused']), /operator API/);
  assert.match(effectOf(PROBLEMS['site-invalid']), /exit code 1/);
});

test('the page for docs/ has each code once, in lines that are not too long and start no list by accident', () => {
  const text = problemsMarkdown();
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, code]) => code);
  assert.deepEqual(headings, Object.keys(PROBLEMS));
  for (const line of text.split('\n')) {
    assert.ok(line.length <= 120, line);
    assert.doesNotMatch(line, /^\s|^[-+*]\s|^\d+[.)]\s|\s$/);
  }
});
