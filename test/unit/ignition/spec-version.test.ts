import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ignitionMediaType } from '../../../src/ignition/media-type.ts';
import type { SpecVersion } from '../../../src/ignition/spec-version.ts';
import { compareSpecVersions, formatSpecVersion, parseSpecVersion } from '../../../src/ignition/spec-version.ts';

test('a spec version has three numbers and may be experimental', () => {
  assert.deepEqual(parseSpecVersion('3.4.0'), { major: 3, minor: 4, patch: 0 });
  assert.deepEqual(parseSpecVersion('3.7.0-experimental'), {
    major: 3,
    minor: 7,
    patch: 0,
    prerelease: 'experimental',
  });
});

for (const text of [
  '',
  '3',
  '3.4',
  '3.4.0.0',
  'v3.4.0',
  ' 3.4.0',
  '3.4.0\n',
  '03.4.0',
  '3.4.0-beta',
  '3.4.0+1',
  '-3.4.0',
  '1e3.0.0',
]) {
  test(`${JSON.stringify(text)} is no spec version`, () => {
    assert.equal(parseSpecVersion(text), undefined);
  });
}

test('versions are ordered by number, and an experimental one stands before its stable one', () => {
  const ordered = ['2.2.0', '3.0.0', '3.6.0', '3.7.0-experimental', '3.7.0', '3.10.0-experimental', '3.10.0'];
  const shuffled = [...ordered].reverse().flatMap((text) => parseSpecVersion(text) ?? []);
  assert.deepEqual(shuffled.sort(compareSpecVersions).map(formatSpecVersion), ordered);
});

test('a version is written the way it is read', () => {
  const number = fc.integer({ min: 0, max: 999_999 });
  const stable = fc.record({ major: number, minor: number, patch: number }, { noNullPrototype: true });
  const version: fc.Arbitrary<SpecVersion> = fc.oneof(
    stable,
    stable.map((numbers) => ({ ...numbers, prerelease: 'experimental' as const })),
  );
  fc.assert(fc.property(version, (value) => assert.deepEqual(parseSpecVersion(formatSpecVersion(value)), value)));
});

test('the media type names the spec version', () => {
  assert.equal(ignitionMediaType('3.4.0'), 'application/vnd.coreos.ignition+json; version=3.4.0');
});
