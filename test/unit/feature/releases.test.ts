import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findRelease, isBefore, isReleaseFault, mayBeBefore } from '../../../src/feature/flatcar-release.ts';
import { RELEASE_LINES } from '../../../src/feature/releases.ts';

test('docs/overlaybd.md tells of every line of releases', () => {
  const text = readFileSync('docs/overlaybd.md', 'utf8');
  const section = text.slice(text.indexOf('## Releases'), text.indexOf('## How containerd'));
  const missing = RELEASE_LINES.filter(({ version: [major] }) => !section.includes(String(major)));
  assert.deepEqual(missing, []);
});

/** A name, and the line that it is found in. */
const NAMES: readonly (readonly [string, string])[] = [
  ['stable', '4593.2.0'],
  ['beta', '4757.1.0'],
  ['alpha', '4790.0.0'],
  ['lts', '4081.3.0'],
  ['4593.2.5', '4593.2.0'],
  ['4426.1.0', '4426.0.0'],
  ['4500.0.0', '4459.2.0'],
  ['4757.0.9', '4722.0.0'],
  ['9999.0.0', '4799.0.0'],
];

for (const [name, line] of NAMES) {
  test(`${name} has what ${line} has`, () => {
    const found = findRelease(name);
    assert.ok(!isReleaseFault(found));
    const same = RELEASE_LINES.find(({ version }) => version.join('.') === line);
    assert.equal(found.containerd, same?.containerd);
    assert.equal(found.overlaybd, same?.overlaybd);
    assert.equal(found.newer, name === '9999.0.0');
  });
}

for (const name of ['', 'edge', '4593', '4593.2', '4593.2.0.1', 'v4593.2.0', '1.0.0', '4593.2.x', '١٢٣٤.٠.٠']) {
  test(`\`${name}\` is no release that is known`, () => assert.ok(isReleaseFault(findRelease(name))));
}

test('releases are compared number by number', () => {
  assert.ok(isBefore([4459, 9, 9], [4515, 0, 0]));
  assert.ok(isBefore([4515, 0, 9], [4515, 1, 0]));
  assert.ok(!isBefore([4515, 1, 0], [4515, 1, 0]));
  assert.ok(mayBeBefore(undefined, [4426, 0, 0]), 'no release may be any');
});
