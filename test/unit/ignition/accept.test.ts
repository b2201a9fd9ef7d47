import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAccept } from '../../../src/ignition/accept.ts';
import { formatSpecVersion } from '../../../src/ignition/spec-version.ts';
import { anyText } from '../any-text.ts';

function accepted(accept: string | undefined, userAgent?: string): string | undefined {
  const version = parseAccept(accept, userAgent);
  return version && formatSpecVersion(version);
}

const TYPE = 'application/vnd.coreos.ignition+json';

function oldForm(version: string): string {
  return `${TYPE}; version=${version}, ${TYPE}; version=1; q=0.5, */*; q=0.1`;
}

function newForm(version: string): string {
  return `${TYPE};version=${version}, */*;q=0.1`;
}

const RELEASES = [
  { userAgent: 'Ignition/0.16.0', accept: oldForm('2.0.0'), version: '2.0.0' },
  { userAgent: 'Ignition/0.21.0', accept: oldForm('2.1.0'), version: '2.1.0' },
  { userAgent: 'Ignition/0.35.0', accept: oldForm('2.2.0'), version: '2.2.0' },
  { userAgent: 'Ignition/0.36.2', accept: oldForm('2.4.0'), version: '2.4.0' },
  { userAgent: 'Ignition/2.0.0', accept: oldForm('2.2.0'), version: '3.0.0' },
  { userAgent: 'Ignition/2.0.1', accept: oldForm('2.2.0'), version: '3.0.0' },
  { userAgent: 'Ignition/v2.0.1-12-gabcdef0', accept: oldForm('2.2.0'), version: '3.0.0' },
  { userAgent: 'Ignition/Debian 2.0.1+ds1-1', accept: oldForm('2.2.0'), version: '3.0.0' },
  { userAgent: 'Ignition/2.2.1', accept: newForm('3.0.0'), version: '3.0.0' },
  { userAgent: 'Ignition/2.6.0', accept: newForm('3.1.0'), version: '3.1.0' },
  { userAgent: 'Ignition/2.10.1', accept: newForm('3.2.0'), version: '3.2.0' },
  { userAgent: 'Ignition/Debian 2.14.0+ds1-1+b6', accept: newForm('3.3.0'), version: '3.3.0' },
  { userAgent: 'Ignition/2.19.0', accept: newForm('3.4.0'), version: '3.4.0' },
  { userAgent: 'Ignition/2.25.1', accept: newForm('3.5.0'), version: '3.5.0' },
  { userAgent: 'Ignition/v2.26.0-12-gabcdef0', accept: newForm('3.6.0'), version: '3.6.0' },
];

for (const { userAgent, accept, version } of RELEASES) {
  test(`${userAgent} reads configs up to ${version}`, () => {
    assert.equal(accepted(accept, userAgent), version);
  });
}

test('only the two misnamed releases are corrected', () => {
  for (const userAgent of ['Ignition/2.0.10', 'Ignition/2.0.2', 'curl/2.0.0', 'Ignition/12.0.0', undefined]) {
    assert.equal(accepted(oldForm('2.2.0'), userAgent), '2.2.0');
  }
  assert.equal(accepted(newForm('3.1.0'), 'Ignition/2.0.0'), '3.1.0');
});

const LENIENT = [
  ['spaces around everything', ` ${TYPE} ; version = 3.4.0 , */* ; q = 0.1 `, '3.4.0'],
  ['a quoted version', `${TYPE}; version="3.4.0"`, '3.4.0'],
  ['capital letters', 'Application/VND.CoreOS.Ignition+JSON;Version=3.4.0', '3.4.0'],
  ['an experimental version', `${TYPE};version=3.7.0-experimental`, '3.7.0-experimental'],
  [
    'several versions, the newest of which counts',
    `${TYPE};version=3.3.0, ${TYPE};version=3.10.0;q=0.2, ${TYPE};version=3.9.0`,
    '3.10.0',
  ],
  ['a version that is refused by weight', `${TYPE};version=3.6.0;q=0.000, ${TYPE};version=3.2.0;q=0.5`, '3.2.0'],
  ['a weight that is none', `${TYPE};version=3.4.0;q=high`, '3.4.0'],
  ['a separator inside quotes', `text/x; note="a, b; c \\" d", ${TYPE};version=3.4.0`, '3.4.0'],
  ['other parameters', `${TYPE};charset=utf-8;version=3.4.0;x`, '3.4.0'],
  ['an empty item', `, ,${TYPE};version=3.4.0,`, '3.4.0'],
] as const;

for (const [title, accept, version] of LENIENT) {
  test(`an Accept header is read leniently: ${title}`, () => {
    assert.equal(accepted(accept), version);
  });
}

const SILENT = [
  undefined,
  '',
  '*/*',
  'application/json',
  'text/plain',
  'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  TYPE,
  `${TYPE};version=`,
  `${TYPE};version=3`,
  `${TYPE};version=3.4`,
  `${TYPE};version=latest`,
  `${TYPE};version=3.4.0;q=0`,
  'application/json;version=3.4.0',
  `"${TYPE};version=3.4.0`,
  `${' '.repeat(4096)}${TYPE};version=3.4.0`,
  `${'a,'.repeat(64)}${TYPE};version=3.4.0`,
  '\u0000\uffff;;==,,""',
];

for (const accept of SILENT) {
  const shown =
    accept === undefined ? 'no header' : JSON.stringify(accept.length > 60 ? `${accept.slice(0, 20)}…` : accept);
  test(`a client names no Ignition version with ${shown}`, () => {
    assert.equal(accepted(accept, 'Ignition/2.0.0'), undefined);
  });
}

test('no header is too strange to be read', () => {
  const piece = fc.constantFrom(TYPE, ';', ',', '=', '"', '\\', 'version', 'q', '3.4.0', '0', ' ');
  const header = fc.array(fc.oneof(piece, anyText(5)), { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(header, header, (accept, userAgent) => {
      const version = accepted(accept, userAgent);
      assert.ok(version === undefined || /^\d+\.\d+\.\d+(-experimental)?$/.test(version));
    }),
    { numRuns: 300 },
  );
});
