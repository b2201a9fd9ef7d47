import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ProvisioningError } from '../../../../src/errors.ts';
import { documentPath } from '../../../../src/site/matchbox/profile.ts';
import { machineOfQuery, readLabels } from '../../../../src/site/matchbox/query.ts';
import { orderText, selectGroup, selectInMatchbox } from '../../../../src/site/matchbox/selection.ts';
import type { Revision } from '../../../../src/site/revision.ts';
import { matchboxRevision, parsedGroup, parsedProfile } from './matchbox-site.ts';

const G = {
  'groups/test-group.json':
    '{"id":"test-group","name":"test group","profile":"g1h2i3j4","selector":{"uuid":"a1b2c3d4"},"metadata":{"pod_network":"10.2.0.0/16","service_name":"etcd2"}}',
};
const NO_METADATA = { 'groups/no.json': '{"id":"group-no-metadata","selector":{"uuid":"a1b2c3d4"}}' };
const P = { 'profiles/g1h2i3j4.json': '{"id":"g1h2i3j4","boot":{"kernel":"/image/kernel"}}' };

const labelsOf = (query: string) => Object.fromEntries(readLabels(query));
const selectorOf = (text: string) => Object.fromEntries(parsedGroup(text).value?.selector ?? []);
const groupFor = (revision: Revision, query: string) => selectGroup(revision, machineOfQuery(query))?.id;
const codeFor = (revision: Revision, query: string) => {
  try {
    return selectInMatchbox(revision, machineOfQuery(query)).profile.id;
  } catch (error) {
    return error instanceof ProvisioningError ? error.code : String(error);
  }
};

/** The cases of matchbox's own tests that are about what is read and selected: what happens, and what should. */
const CASES: readonly (readonly [number: number, title: string, found: () => unknown, expected: unknown])[] = [
  [7, 'a group is selected by its UUID', () => groupFor(matchboxRevision(G), 'uuid=a1b2c3d4'), 'test-group'],
  [14, 'an empty query has no labels', () => labelsOf(''), {}],
  [15, 'a MAC is a label', () => labelsOf('mac=52:da:00:89:d8:10'), { mac: '52:da:00:89:d8:10' }],
  [
    16,
    'a UUID and a MAC are two',
    () => labelsOf('uuid=a1b2c3&mac=52:da:00:89:d8:10'),
    { uuid: 'a1b2c3', mac: '52:da:00:89:d8:10' },
  ],
  [17, 'what is no MAC is no label', () => labelsOf('mac=x:x:x:x:x:x'), {}],
  [27, 'the group for a UUID', () => groupFor(matchboxRevision({ ...G, ...P }), 'uuid=a1b2c3d4'), 'test-group'],
  [28, 'the profile for a UUID', () => codeFor(matchboxRevision({ ...G, ...P }), 'uuid=a1b2c3d4'), 'g1h2i3j4'],
  [29, 'no labels match no group', () => codeFor(matchboxRevision({ ...G, ...P }), ''), 'machine-unknown'],
  [29, 'an empty store matches nobody', () => codeFor(matchboxRevision({}), 'a=b'), 'machine-unknown'],
  [
    32,
    'a group keeps its metadata',
    () => ({ ...parsedGroup(G['groups/test-group.json']).value?.metadata }),
    { pod_network: '10.2.0.0/16', service_name: 'etcd2' },
  ],
  [32, 'and one without has none', () => parsedGroup(NO_METADATA['groups/no.json']).value?.metadata, undefined],
  [
    33,
    'all groups and profiles are there, and no others',
    () => {
      const { groups, profiles } = matchboxRevision({ ...G, ...NO_METADATA, ...P });
      return [[...groups.keys()], [...profiles.keys()]];
    },
    [['no', 'test-group'], ['g1h2i3j4']],
  ],
  ...['/a:a', '../b:b', '..c:..c', 'd/e/ff:d/e/ff', 'd/e/ff/../gg:d/e/gg'].map((pair) => {
    const [name = '', place = ''] = pair.split(':');
    return [34, `${name} stays below its folder`, () => documentPath('generic', name), `generic/${place}`] as const;
  }),
  ...['/hosts', 'hosts', '../../../hosts'].map(
    (name) => [35, `${name} cannot leave its folder`, () => documentPath('etc', name), 'etc/hosts'] as const,
  ),
  ...['/hosts', 'hosts', '../../../hosts'].map(
    (name) => [35, `nor where a slash ends it: ${name}`, () => documentPath('etc/', name), 'etc/hosts'] as const,
  ),
  [
    36,
    'every field of a group is read',
    () => {
      const { selector, metadata, profile } =
        parsedGroup(
          '{"id":"node1","name":"n","profile":"p","selector":{"uuid":"u","mac":"52:da:00:89:d8:10"},"metadata":{"some-key":"some-val"}}',
        ).value ?? {};
      return { selector: Object.fromEntries(selector ?? []), metadata: { ...metadata }, profile: profile?.id };
    },
    {
      selector: { uuid: ['u'], mac: ['52:da:00:89:d8:10'] },
      metadata: { 'some-key': 'some-val' },
      profile: 'p',
    },
  ],
  [37, 'other selectors stay', () => selectorOf('{"selector":{"platform":"metal"}}'), { platform: ['metal'] }],
  [
    37,
    'a MAC selector is put into its one form',
    () => selectorOf('{"selector":{"mac":"52-da-00-89-d8-10"}}'),
    { mac: ['52:da:00:89:d8:10'] },
  ],
  [
    37,
    'and keeps its key',
    () => selectorOf('{"selector":{"MAC":"52-DA-00-89-D8-10"}}'),
    { MAC: ['52:da:00:89:d8:10'] },
  ],
  // matchbox holds these two against groups that are put over gRPC, and reads any group from a file.
  ...['{"id":"node1","profile":"k8s-controller"}', '{"profile":"p"}', '{"id":"node1"}', '{}'].map(
    (text) => [38, `a file may hold the group ${text}`, () => parsedGroup(text).value !== undefined, true] as const,
  ),
  [
    39,
    'selectors are ordered by the number of their keys, and then as text',
    () => {
      const selectors = ['{"region":"b","zone":"z"}', '{"region":"a"}', '{"zone":"z","region":"a"}'];
      const parsed = selectors.map((text) => parsedGroup(`{"selector":${text}}`).value?.selector ?? new Map());
      return parsed.sort((a, b) => a.size - b.size || (orderText(a) < orderText(b) ? -1 : 1)).map(orderText);
    },
    ['region=a', 'region=a,zone=z', 'region=b,zone=z'],
  ],
  [
    39,
    'and the last of them is taken',
    () => {
      const revision = matchboxRevision({
        'groups/a.json': '{"selector":{"region":"a"}}',
        'groups/bz.json': '{"selector":{"zone":"z","region":"b"}}',
        'groups/az.json': '{"selector":{"zone":"z","region":"a"}}',
        'groups/z.json': '{"selector":{"zone":"z"}}',
      });
      const queries = ['region=a', 'region=a&zone=z', 'region=b&zone=z', 'zone=z', 'region=c&zone=z', 'region=c'];
      return queries.map((query) => groupFor(revision, query));
    },
    ['a', 'az', 'bz', 'z', 'z', undefined],
  ],
  [
    40,
    'nobody can change a revision that is served, nor the machine that asks',
    () => [matchboxRevision({ ...G, ...P }), machineOfQuery('a=b')].map((each) => Object.isFrozen(each)),
    [true, true],
  ],
  [
    41,
    'a profile needs an id, and no more',
    () =>
      ['{"id":"p","cloud_id":"c","ignition_id":"i"}', '{"id":"p"}', '{}'].map(
        (text) => parsedProfile(text).value !== undefined,
      ),
    [true, true, false],
  ],
];

describe('matchbox has it so, and so have we:', () => {
  for (const [number, title, found, expected] of CASES) {
    test(`${number}: ${title}`, () => assert.deepEqual(found(), expected));
  }
});

/** Cases about what the service does not have. */
const NOT_SERVED: ReadonlyMap<number, string> = new Map([
  [13, 'every body is whole before its status is sent, so none is cut or empty'],
  [30, 'groups and profiles are written as files; there is no gRPC to put them by'],
  [31, 'the store is read into a revision before anything is served, and no request touches it'],
  [42, 'there is no client of a gRPC API'],
  [43, 'nothing is signed'],
  [44, 'nothing is signed'],
]);

test('Every case of the reference is tried here or over HTTP, or is about what the service does not have', () => {
  const overHttp = readFileSync('test/integration/matchbox-cases.test.ts', 'utf8');
  const tried = [...overHttp.matchAll(/['"`](\d+): /g)].map((match) => Number(match[1]));
  const here = CASES.map(([number]) => number);
  const all = [...new Set([...tried, ...here, ...NOT_SERVED.keys()])].sort((a, b) => a - b);
  assert.deepEqual(
    all,
    Array.from({ length: 44 }, (_, index) => index + 1),
  );
  const page = readFileSync('docs/matchbox.md', 'utf8');
  for (const reason of NOT_SERVED.values()) assert.ok(page.replaceAll('\n', ' ').includes(reason), reason);
});
