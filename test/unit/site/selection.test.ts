import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProvisioningError } from '../../../src/errors.ts';
import type { Revision } from '../../../src/site/revision.ts';
import { explain, select } from '../../../src/site/selection.ts';
import { toPlain } from '../../support/nodes.ts';
import { machineOf, PLAIN, revisionOf } from './parsed-site.ts';

type Labels = Readonly<Record<string, string>>;

function siteWith(groups: Readonly<Record<string, string>>, site = ''): Revision {
  const files = Object.entries(groups).map(([id, text]) => [`groups/${id}.yaml`, text]);
  return revisionOf({
    'profiles/web.bu': PLAIN,
    'profiles/old.bu': PLAIN,
    'profiles/rescue.bu': PLAIN,
    'site.yaml': site,
    ...Object.fromEntries(files),
  });
}

/** What a machine gets, in one line: the profile, who decided, who contributed, and each parameter with its source. */
function chosen(revision: Revision, labels: Labels, profileId?: string): string {
  try {
    const { profile, group, groups, contributions } = select(revision, machineOf(labels), profileId);
    const parameters = [...contributions].map(
      ([name, { node, source }]) =>
        `${name}=${JSON.stringify(toPlain(node))}@${source.replace(/^groups\/|\.yaml$/g, '')}`,
    );
    const by = groups.map(({ id }) => (id === group?.id ? `*${id}` : id));
    return [profile.id, `[${by.join(' ')}]`, ...parameters].join(' ');
  } catch (error) {
    assert.ok(error instanceof ProvisioningError, String(error));
    return error.code;
  }
}

interface Case {
  readonly groups: Readonly<Record<string, string>>;
  readonly site?: string;
  /** Labels, perhaps a profile that the request names, and what comes of it. */
  readonly requests: readonly (readonly [Labels, string] | readonly [Labels, string, string])[];
}

const MAC = '52:54:00:a1:9c:ae';

const CASES: Readonly<Record<string, Case>> = {
  'the example of docs/site.md': {
    groups: {
      node1: `profile: web\nmatch: { mac: ${MAC} }\nparameters: { hostname: node1 }`,
      'rack-7': 'match: { rack: r7 }\nparameters: { ntp: [10.7.0.1] }',
      rescue: 'profile: rescue\npriority: 100\nmatch: { mode: rescue }',
    },
    requests: [
      [{ mac: MAC }, 'web [*node1] hostname="node1"@node1'],
      [{ mac: MAC, rack: 'r7' }, 'web [*node1 rack-7] hostname="node1"@node1 ntp=["10.7.0.1"]@rack-7'],
      [{ mac: MAC, mode: 'rescue' }, 'rescue [*rescue]'],
      [{ mac: MAC, mode: 'rescue' }, 'web [*node1] hostname="node1"@node1', 'web'],
      [{ rack: 'r7' }, 'machine-unknown'],
      [{ rack: 'r7' }, 'web [rack-7] ntp=["10.7.0.1"]@rack-7', 'web'],
      [{}, 'old []', 'old'],
      [{}, 'machine-unknown'],
      [{ mac: MAC }, 'profile-not-found', 'nope'],
    ],
  },
  'more keys are more specific, whatever the priority': {
    groups: {
      one: 'profile: web\npriority: 1000\nmatch: { rack: r7 }\nparameters: { a: 1, b: 1 }',
      two: 'profile: old\npriority: -1000\nmatch: { rack: r7, zone: z }\nparameters: { a: 2 }',
      none: 'profile: rescue\npriority: 1000\nparameters: { a: 0, b: 0, c: 0 }',
    },
    requests: [
      [{ rack: 'r7', zone: 'z' }, 'old [*two] a="2"@two'],
      [{ rack: 'r7', zone: 'z' }, 'web [*one] a="1"@one b="1"@one', 'web'],
      [{ rack: 'r7' }, 'web [*one] a="1"@one b="1"@one'],
      [{}, 'rescue [*none] a="0"@none b="0"@none c="0"@none'],
    ],
  },
  'priority decides between selectors of equally many keys': {
    groups: {
      low: 'profile: old\nmatch: { a: x }\nparameters: { p: low, q: low }',
      high: 'profile: web\npriority: 1\nmatch: { b: x }\nparameters: { p: high }',
      free: 'priority: 2\nmatch: { c: x }\nparameters: { p: free }',
    },
    requests: [
      [{ a: 'x', b: 'x' }, 'web [*high] p="high"@high'],
      [{ a: 'x', b: 'x', c: 'x' }, 'web [*high free] p="free"@free'],
      [{ a: 'x', c: 'x' }, 'old [*low free] p="free"@free q="low"@low'],
    ],
  },
  'parameters are replaced whole, the least specific first, and start from site.yaml': {
    site: 'parameters: { list: [0], map: { a: 0 }, kept: site }',
    groups: {
      all: 'parameters: { list: [1, 2], map: { b: 1 } }',
      rack: 'match: { rack: r7 }\nparameters: { list: [3] }',
      node: 'profile: web\nmatch: { rack: r7, mac: 525400a19cae }\nparameters: { map: { c: 2 }, empty: ~ }',
    },
    requests: [
      [
        { rack: 'r7', mac: MAC },
        'web [all rack *node] list=["3"]@rack map={"c":"2"}@node kept="site"@site empty="~"@node',
      ],
      [{}, 'web [all] list=["1","2"]@all map={"b":"1"}@all kept="site"@site', 'web'],
    ],
  },
  'equally specific groups that name different profiles are never chosen between': {
    groups: {
      a: 'profile: web\nmatch: { a: x }',
      b: 'profile: old\nmatch: { b: x }',
      c: 'profile: rescue\nmatch: { a: x, b: x, c: x }',
    },
    requests: [
      [{ a: 'x', b: 'x' }, 'selection-ambiguous'],
      [{ a: 'x' }, 'web [*a]'],
      [{ a: 'x', b: 'x' }, 'old [*b]', 'old'],
      [{ a: 'x', b: 'x', c: 'x' }, 'rescue [*c]'],
    ],
  },
  'equally specific groups that disagree about a parameter are never chosen between': {
    groups: {
      a: 'profile: web\nmatch: { a: x }\nparameters: { p: [1], q: same }',
      b: 'profile: web\nmatch: { b: x }\nparameters: { p: [2], q: same }',
      c: 'match: { a: x, b: x, c: x }\nparameters: { p: [3] }',
    },
    requests: [
      [{ a: 'x', b: 'x' }, 'selection-ambiguous'],
      [{ a: 'x', b: 'x' }, 'selection-ambiguous', 'web'],
      [{ a: 'x', b: 'x' }, 'old []', 'old'],
      [{ a: 'x', b: 'x', c: 'x' }, 'web [a *b c] p=["3"]@c q="same"@b'],
      [{ a: 'x' }, 'web [*a] p=["1"]@a q="same"@a'],
    ],
  },
  'values are the same whatever the order of their keys, and different when their kind is': {
    groups: {
      a: 'profile: web\nmatch: { a: x }\nparameters: { p: { k: 1, l: [true] } }',
      b: 'match: { b: x }\nparameters: { p: { l: [true], k: 1.0 } }',
      c: 'match: { c: x }\nparameters: { p: { l: [true], k: "1" } }',
      d: 'match: { d: x }\nparameters: { p: [[k, 1], [l, [true]]] }',
    },
    requests: [
      [{ a: 'x', b: 'x' }, 'web [*a b] p={"l":["true"],"k":"1.0"}@b'],
      [{ a: 'x', c: 'x' }, 'selection-ambiguous'],
      [{ a: 'x', d: 'x' }, 'selection-ambiguous'],
    ],
  },
  'all keys have to match, and any of their values': {
    groups: {
      a: `profile: web\nmatch: { mac: [525400a19cae, 525400a19caf], rack: [r7, r8] }`,
    },
    requests: [
      [{ mac: '525400A19CAF', rack: 'r8' }, 'web [*a]'],
      [{ mac: MAC, rack: 'R8' }, 'machine-unknown'],
      [{ mac: MAC }, 'machine-unknown'],
      [{ mac: MAC, rack: '' }, 'machine-unknown'],
    ],
  },
  'every label is compared in its one spelling': {
    groups: {
      uuid: 'profile: web\nmatch: { uuid: 4C4C4544-0035-4D10-8054-B4C04F4D3132 }',
      serial: 'profile: web\nmatch: { serial: " S1 " }',
      hostname: 'profile: web\nmatch: { hostname: Node1 }',
      arch: 'profile: web\nmatch: { arch: x86_64 }',
      ip: 'profile: web\nmatch: { ip: 2001:DB8::0 }',
      rack: 'profile: web\nmatch: { rack: 07 }',
    },
    requests: [
      [{ uuid: '4c4c454400354d108054b4c04f4d3132' }, 'web [*uuid]'],
      [{ serial: 'S1  ' }, 'web [*serial]'],
      [{ hostname: 'NODE1' }, 'web [*hostname]'],
      [{ arch: 'amd64' }, 'web [*arch]'],
      [{ ip: '2001:db8::' }, 'web [*ip]'],
      [{ rack: '07' }, 'web [*rack]'],
      [{ rack: '7' }, 'machine-unknown'],
      [{ serial: 's1' }, 'machine-unknown'],
    ],
  },
  'a less specific group never stands in for one whose profile does not exist': {
    groups: {
      node: 'profile: nope\nmatch: { mac: 525400a19cae }\nparameters: { p: 1 }',
      all: 'profile: web',
    },
    requests: [
      [{ mac: MAC }, 'profile-broken'],
      [{}, 'web [*all]'],
      [{ mac: MAC }, 'web [*all]', 'web'],
      [{ mac: MAC }, 'profile-not-found', 'nope'],
    ],
  },
  'labels that objects have by themselves are labels': {
    groups: { a: 'profile: web\nmatch: { __proto__: x, constructor: y }' },
    requests: [
      [JSON.parse('{"__proto__": "x", "constructor": "y"}'), 'web [*a]'],
      [{}, 'machine-unknown'],
    ],
  },
};

for (const [title, { groups, site, requests }] of Object.entries(CASES)) {
  describe(title, () => {
    const revision = siteWith(groups, site);
    for (const [labels, expected, profileId] of requests) {
      const asked = profileId === undefined ? '/ignition' : `/ignition/${profileId}`;
      test(`${asked} of ${JSON.stringify(labels)} is ${expected}`, () => {
        assert.equal(chosen(revision, labels, profileId), expected);
      });
    }
  });
}

test('a refusal names both groups and points at one, in the same words for both orders', () => {
  const revision = siteWith({
    z: 'profile: web\nmatch: { a: x }',
    b: 'profile: old\nmatch: { b: x }',
  });
  assert.throws(
    () => select(revision, machineOf({ a: 'x', b: 'x' })),
    (error) => {
      assert.ok(error instanceof ProvisioningError);
      assert.match(error.message, /the groups b and z both match, are equally specific, and name different profiles/);
      assert.match(error.diagnostics[0]?.origin?.file ?? '', /^groups\/[bz]\.yaml$/);
      assert.ok(error.diagnostics[0]?.hint);
      return true;
    },
  );
});

test('a disagreement points at the parameter', () => {
  const revision = siteWith({
    a: 'profile: web\nmatch: { a: x }\nparameters: { p: s3cr3t }',
    b: 'match: { b: x }\nparameters:\n  q: 1\n  p: 2\n',
  });
  const { outcome } = explain(revision, machineOf({ a: 'x', b: 'x' }));
  assert.ok(!outcome.ok);
  assert.equal(outcome.error.code, 'selection-ambiguous');
  assert.match(outcome.error.message, /disagree about the parameter p/);
  assert.doesNotMatch(outcome.error.message, /s3cr3t/);
  assert.deepEqual(outcome.error.diagnostics[0]?.origin, { file: 'groups/b.yaml', line: 4, column: 3 });
});

describe('an explanation', () => {
  const revision = siteWith({
    all: 'profile: old',
    node: 'profile: web\nmatch: { mac: 525400a19cae, zone: z }',
    rack: 'match: { rack: r7 }\nparameters: { p: 1 }',
    rescue: 'profile: rescue\nmatch: { mode: rescue, zone: z }',
    nope: 'profile: web\nmatch: { mac: 525400a19caf, rack: r7 }',
  });
  const verdicts = (labels: Labels, profileId?: string) =>
    explain(revision, machineOf(labels), profileId).groups.map(
      ({ group, verdict, mismatches }) =>
        `${group.id} ${verdict}${mismatches.map(({ key, reason }) => ` ${key}:${reason}`).join('')}`,
    );

  test('tells of every group what became of it, in the order of their ids', () => {
    assert.deepEqual(verdicts({ mac: MAC, zone: 'z', rack: 'r7' }), [
      'all less-specific',
      'node decides',
      'nope does-not-match mac:different',
      'rack contributes',
      'rescue does-not-match mode:absent',
    ]);
  });

  test('tells which groups the request ruled out', () => {
    assert.deepEqual(verdicts({ mac: MAC, zone: 'z', mode: 'rescue' }, 'web').slice(0, 2), [
      'all less-specific',
      'node decides',
    ]);
    assert.equal(verdicts({ mac: MAC, zone: 'z', mode: 'rescue' }, 'web')[4], 'rescue other-profile');
    assert.equal(verdicts({}, 'rescue')[0], 'all other-profile');
  });

  test('never throws for a machine that gets nothing', () => {
    for (const [labels, profileId, code] of [
      [{ mac: MAC, zone: 'z', mode: 'rescue' }, undefined, 'selection-ambiguous'],
      [{}, 'nope', 'profile-not-found'],
    ] as const) {
      const { outcome, groups } = explain(revision, machineOf(labels), profileId);
      assert.ok(!outcome.ok);
      assert.equal(outcome.error.code, code);
      assert.equal(groups.length, 5);
    }
  });
});

test('the names of the groups decide nothing', () => {
  const group = fc.record({
    profile: fc.constantFrom('web', 'old', undefined),
    priority: fc.constantFrom(0, 1),
    match: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), { maxKeys: 3 }),
    p: fc.constantFrom('1', '2', undefined),
  });
  const different = fc.uniqueArray(group, {
    minLength: 1,
    maxLength: 5,
    selector: ({ match }) => JSON.stringify(Object.entries(match).sort()),
  });
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), { maxKeys: 3 });
  fc.assert(
    fc.property(different, labels, (groups, machine) => {
      const written = groups.map(({ profile, priority, match, p }) =>
        JSON.stringify({ profile, priority, match, ...(p === undefined ? {} : { parameters: { p } }) }),
      );
      const named = (name: (index: number) => string) =>
        siteWith(Object.fromEntries(written.map((text, index) => [name(index), text])));
      const what = (revision: Revision) => {
        const { outcome } = explain(revision, machineOf(machine));
        if (!outcome.ok) return outcome.error.code;
        const { profile, contributions } = outcome.selection;
        return [
          profile.id,
          ...[...contributions].map(([name, { node }]) => `${name}=${JSON.stringify(toPlain(node))}`),
        ].join();
      };
      assert.equal(what(named((index) => `g${index}`)), what(named((index) => `g${9 - index}`)));
    }),
    { numRuns: 60 },
  );
});

test('groups of networks select, and are rivals where they overlap', () => {
  const networks = {
    'profiles/p.bu': 'variant: fcos\nversion: 1.5.0\n',
    'profiles/q.bu': 'variant: fcos\nversion: 1.5.0\n',
    'groups/rack.yaml': 'profile: p\nmatch: { ip: 10.7.0.0/16 }\n',
    'groups/row.yaml': 'profile: q\nmatch: { ip: 10.7.1.0/24 }\n',
    'groups/far.yaml': 'profile: q\nmatch: { ip: 10.8.0.0/16 }\n',
  };
  const revision = revisionOf(networks);
  assert.equal(select(revision, machineOf({ ip: '10.7.2.1' })).group?.id, 'rack');
  assert.equal(select(revision, machineOf({ ip: '10.8.2.1' })).profile.id, 'q');
  assert.throws(() => select(revision, machineOf({ ip: '10.7.1.1' })), /both match, are equally specific/);
  assert.throws(() => select(revision, machineOf({ ip: '10.9.0.1' })), /no group with a profile matches/);
  assert.match(
    revision.diagnostics.map(({ message }) => message).join(),
    /equally specific and name different profiles/,
  );
  const ranked = revisionOf({ ...networks, 'groups/row.yaml': `${networks['groups/row.yaml']}priority: 1\n` });
  assert.equal(select(ranked, machineOf({ ip: '10.7.1.1' })).group?.id, 'row');
  assert.deepEqual(ranked.diagnostics, []);
});
