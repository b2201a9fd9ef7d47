import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  child,
  childItems,
  childText,
  formatPath,
  isNull,
  listNode,
  mapNode,
  plainNode,
  textNode,
  withChild,
  withoutChild,
} from '../../../src/fragment/node.ts';
import { parseLayer, toPlain } from '../../support/nodes.ts';

const ORIGIN = { file: 'a.bu', line: 9, column: 9 };

describe('what YAML reads as null', () => {
  for (const text of ['', '~', 'null', 'Null', 'NULL']) {
    test(`is ${JSON.stringify(text)} without quotes`, () => {
      assert.ok(isNull(plainNode(text, ORIGIN)));
      assert.ok(!isNull(textNode(text, ORIGIN)));
      assert.ok(!isNull({ ...plainNode(text, ORIGIN), tag: '!!str' }));
    });
  }

  test('is nothing else', () => {
    for (const text of ['nULL', 'none', '0', 'false', ' ']) assert.ok(!isNull(plainNode(text, ORIGIN)), text);
    assert.ok(!isNull(mapNode([], ORIGIN)));
    assert.ok(!isNull(listNode([], ORIGIN)));
  });
});

describe('a child', () => {
  const root = parseLayer('a: 1\nb: [x, y]\nc: ~\nd: "~"\n__proto__: z\n');

  test('is found by its key', () => {
    assert.equal(childText(root, 'a'), '1');
    assert.equal(childText(root, '__proto__'), 'z');
    assert.deepEqual(childItems(root, 'b').map(toPlain), ['x', 'y']);
  });

  test('that is null is no text, and one in quotes is', () => {
    assert.equal(childText(root, 'c'), undefined);
    assert.equal(childText(root, 'd'), '~');
    assert.ok(child(root, 'c'));
  });

  test('that is not there is undefined, or no items', () => {
    for (const from of [root, child(root, 'a'), child(root, 'b'), undefined]) {
      assert.equal(child(from, 'constructor'), undefined);
      assert.equal(childText(from, 'length'), undefined);
      assert.deepEqual(childItems(from, 'a'), []);
    }
    assert.equal(childText(root, 'b'), undefined);
  });
});

describe('a copy with another child', () => {
  const root = parseLayer('a: 1\nb: 2\n');
  const value = textNode('new', ORIGIN);

  test('keeps the place and the order of a key that was there', () => {
    const changed = withChild(root, 'a', value);
    assert.equal(JSON.stringify(toPlain(changed)), '{"a":"new","b":"2"}');
    assert.deepEqual(changed.entries.get('a')?.keyOrigin, { file: 'layer.bu', line: 1, column: 1 });
  });

  test('has a new key at its end, at the place of the value', () => {
    const changed = withChild(root, '__proto__', value);
    assert.deepEqual([...changed.entries.keys()], ['a', 'b', '__proto__']);
    assert.deepEqual(changed.entries.get('__proto__')?.keyOrigin, ORIGIN);
  });

  test('leaves the original alone', () => {
    withChild(root, 'a', value);
    withoutChild(root, 'a');
    assert.deepEqual(toPlain(root), { a: '1', b: '2' });
  });

  test('or without one, and is the original when there was none', () => {
    assert.deepEqual(toPlain(withoutChild(root, 'a')), { b: '2' });
    assert.equal(withoutChild(root, 'z'), root);
  });
});

test('a path is written the way butane writes it', () => {
  assert.equal(formatPath([]), '$');
  assert.equal(formatPath(['storage', 'files', 0, 'path']), '$.storage.files.0.path');
  assert.equal(formatPath(['a.b', '']), '$.a.b.');
});
