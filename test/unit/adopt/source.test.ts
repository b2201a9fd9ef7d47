import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSource } from '../../../src/adopt/source.ts';

test('a list item that stands too deep is moved back, and its places stay those of the file', () => {
  const text = 'a:\n- x: 1\n  y: |\n    text\n    - x: 2\n      z: 3\nb: 4\n';
  // Within a text it is no fault: nothing is moved.
  assert.equal(readSource(text, 'f').diagnostics.length, 0);
  const wrong = 'a:\n- x:\n    text: 1\n  - x: 2\n    z: 3\n\nb: 4\n';
  const { value, diagnostics } = readSource(wrong, 'f');
  assert.deepEqual(value?.lines.slice(3, 5), ['- x: 2', '  z: 3']);
  assert.deepEqual(
    diagnostics.map(({ severity, origin }) => [severity, origin]),
    [['warning', { file: 'f', line: 4, column: 3 }]],
  );
  assert.match(diagnostics[0]?.hint ?? '', /lines 4 to 5/);
  assert.deepEqual(value?.original({ file: 'f', line: 5, column: 3 }), { file: 'f', line: 5, column: 5 });
  assert.deepEqual(value?.original({ file: 'f', line: 7, column: 1 }), { file: 'f', line: 7, column: 1 });
});

test('several items too deep are each moved', () => {
  const { value, diagnostics } = readSource('a:\n- x:\n    t: 1\n  - y: 2\nb:\n- x:\n    t: 1\n    - y: 2\n', 'f');
  assert.deepEqual(value?.lines.join('\n'), 'a:\n- x:\n    t: 1\n- y: 2\nb:\n- x:\n    t: 1\n- y: 2\n');
  assert.equal(diagnostics.length, 2);
});

test('any other fault keeps its place', () => {
  const { value, diagnostics } = readSource('a: "open\n', 'f');
  assert.equal(value, undefined);
  assert.deepEqual(diagnostics[0]?.origin, { file: 'f', line: 1, column: 4 });
});

test('a document that is no mapping is refused', () => {
  assert.equal(readSource('- a\n', 'f').value, undefined);
});
