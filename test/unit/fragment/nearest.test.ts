import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest } from '../../../src/fragment/nearest.ts';

test('the nearest word is suggested, or all', () => {
  const words = ['layers', 'title', 'butane'];
  assert.equal(suggest('layer', words), 'did you mean `layers`?');
  assert.equal(suggest('lyaers', words), 'did you mean `layers`?');
  assert.equal(suggest('buatne', words), 'did you mean `butane`?');
  assert.equal(suggest('mtach', ['match']), 'did you mean `match`?');
  assert.equal(suggest('amtch', ['match']), 'did you mean `match`?');
  assert.equal(suggest('x', words), 'expected one of `layers`, `title`, `butane`');
  assert.equal(suggest('x', []), undefined);
});
