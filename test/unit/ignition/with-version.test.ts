import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withVersion } from '../../../src/ignition/with-version.ts';

test('a config with another version is the same in every other byte', () => {
  const config = '{ "x": "\\u0026 3.2.0", "ignition":\n { "a": [1.50], "version" : "3.2.0" } }\n';
  assert.equal(withVersion(config, '3.4.0'), config.replace('"3.2.0"', '"3.4.0"'));
});

test('what has no version has no other one', () => {
  for (const config of ['{}', '[]', '{"ignition":{}}', '']) assert.equal(withVersion(config, '3.4.0'), undefined);
});
