import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareVersions, isVersion } from '../../src/version.ts';

test('a version is three numbers, and perhaps a prerelease', () => {
  for (const text of ['1.5.0', '0.0.0', '10.20.30', '1.8.0-experimental', '1.0.0-rc.1'])
    assert.ok(isVersion(text), text);
  for (const text of [
    '',
    '1',
    '1.5',
    '1.5.0.0',
    'v1.5.0',
    '1.5.x',
    ' 1.5.0',
    '1.5.0 ',
    '1.5.0\n',
    '1.5.0-',
    '-1.5.0',
    '1.5.0-ä',
  ]) {
    assert.ok(!isVersion(text), JSON.stringify(text));
  }
});

test('versions are ordered by their numbers, and a prerelease stands before its release', () => {
  const sorted = ['0.9.9', '1.0.0', '1.8.0-alpha', '1.8.0-experimental', '1.8.0', '1.9.0', '1.10.0', '2.0.0', '10.0.0'];
  assert.deepEqual(sorted.toReversed().sort(compareVersions), sorted);
  for (const [index, a] of sorted.entries()) {
    for (const [other, b] of sorted.entries()) {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(index - other), `${a} and ${b}`);
    }
  }
});

test('the order is one', () => {
  const part = fc.nat(20);
  const version = fc
    .tuple(part, part, part, fc.constantFrom('', '-experimental', '-rc.1'))
    .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre}`);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0);
      assert.equal(compareVersions(a, b) === 0, a === b);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
  );
});
