import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../../../src/ignition/json.ts';
import { isList, isObject } from '../../../src/ignition/json.ts';

test('a JSON value is a list, an object, or neither', () => {
  const cases: readonly (readonly [JsonValue | undefined, 'list' | 'object' | 'neither'])[] = [
    [[], 'list'],
    [[{}], 'list'],
    [{}, 'object'],
    [{ length: 0 }, 'object'],
    [JSON.parse('{"__proto__": []}'), 'object'],
    [null, 'neither'],
    [undefined, 'neither'],
    ['[]', 'neither'],
    [0, 'neither'],
    [true, 'neither'],
  ];
  for (const [value, kind] of cases) {
    assert.equal(isList(value), kind === 'list', JSON.stringify(value));
    assert.equal(isObject(value), kind === 'object', JSON.stringify(value));
  }
});
