import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isExperimental,
  knownVersions,
  olderVersions,
  specOf,
  VARIANTS,
  wrappingFcosVersion,
} from '../../../src/butane/variants.ts';

test('the variants are the ones butane translates', () => {
  assert.deepEqual(VARIANTS, ['fcos', 'flatcar', 'openshift', 'r4e', 'fiot']);
});

const SPECS = [
  ['fcos', '1.5.0', '3.4.0'],
  ['fcos', '1.8.0-experimental', '3.7.0-experimental'],
  ['flatcar', '1.1.0', '3.4.0'],
  ['openshift', '4.9.0', '3.2.0'],
  ['openshift', '4.22.0', '3.5.0'],
  ['r4e', '1.0.0', '3.3.0'],
  ['fiot', '1.0.0', '3.4.0'],
  ['rhcos', '0.1.0', undefined],
  ['fcos', '1.5', undefined],
  ['fcos', 'toString', undefined],
  ['__proto__', 'toString', undefined],
  ['constructor', 'name', undefined],
] as const;

for (const [variant, version, spec] of SPECS) {
  test(`${variant} ${version} becomes ${spec ?? 'nothing that is known'}`, () => {
    assert.equal(specOf(variant, version), spec);
  });
}

test('versions are listed by number, not by letter', () => {
  const versions = knownVersions('openshift');
  assert.ok(versions.indexOf('4.9.0') < versions.indexOf('4.10.0'));
  assert.deepEqual(knownVersions('rhcos'), []);
});

test('a version says itself that it is experimental', () => {
  assert.equal(isExperimental('1.8.0-experimental'), true);
  assert.equal(isExperimental('1.7.0'), false);
});

const OLDER = [
  { variant: 'fcos', version: '1.5.0', maxSpec: '3.3.0', older: ['1.4.0', '1.3.0', '1.1.0', '1.0.0'] },
  { variant: 'fcos', version: '1.7.0', maxSpec: '3.2.0', older: ['1.3.0', '1.1.0', '1.0.0'] },
  {
    variant: 'fcos',
    version: '1.8.0-experimental',
    maxSpec: '3.6.0',
    older: ['1.7.0', '1.6.0', '1.5.0', '1.4.0', '1.3.0', '1.1.0', '1.0.0'],
  },
  { variant: 'flatcar', version: '1.1.0', maxSpec: '3.3.0', older: ['1.0.0'] },
  { variant: 'flatcar', version: '1.1.0', maxSpec: '3.2.0', older: [] },
  { variant: 'openshift', version: '4.19.0', maxSpec: '3.4.0', older: ['4.18.0', '4.13.0'] },
  { variant: 'openshift', version: '4.18.0', maxSpec: '3.4.0', older: ['4.17.0', '4.13.0'] },
  { variant: 'openshift', version: '4.23.0-experimental', maxSpec: '3.5.0', older: ['4.22.0', '4.18.0', '4.13.0'] },
  { variant: 'fcos', version: '1.0.0', maxSpec: '3.6.0', older: [] },
  { variant: 'fcos', version: '1.5.0', maxSpec: '2.2.0', older: [] },
  { variant: 'fcos', version: '', maxSpec: '3.6.0', older: [] },
  { variant: 'fcos', version: 'newest', maxSpec: '3.6.0', older: [] },
  { variant: 'toaster', version: '1.0.0', maxSpec: '3.6.0', older: [] },
];

for (const { variant, version, maxSpec, older } of OLDER) {
  test(`for a client of ${maxSpec}, ${variant} ${version || 'without version'} can fall back to ${older.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(olderVersions(variant, version, maxSpec), older);
  });
}

const WRAPPERS = {
  '3.0.0': '1.0.0',
  '3.1.0': '1.1.0',
  '3.2.0': '1.3.0',
  '3.3.0': '1.4.0',
  '3.4.0': '1.5.0',
  '3.5.0': '1.6.0',
  '3.6.0': '1.7.0',
  '3.7.0-experimental': undefined,
  '3.9.0': undefined,
  '2.2.0': undefined,
  nonsense: undefined,
};

for (const [spec, version] of Object.entries(WRAPPERS)) {
  test(`an Ignition config of spec ${spec} is checked inside fcos ${version ?? '(none)'}`, () => {
    assert.equal(wrappingFcosVersion(spec), version);
  });
}
