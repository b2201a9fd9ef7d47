import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGroup } from '../../../src/site/group.ts';
import type { Group } from '../../../src/site/revision.ts';
import { toPlain } from '../../support/nodes.ts';
import { inOneLine } from './parsed-site.ts';

function parsed(text: string): Group {
  const { value, diagnostics } = parseGroup('g', Buffer.from(text), 'groups/g.yaml');
  assert.deepEqual(diagnostics.filter(({ severity }) => severity === 'error').map(inOneLine), []);
  assert.ok(value);
  return value;
}

function faultsOf(text: string): readonly string[] {
  const { value, diagnostics } = parseGroup('g', Buffer.from(text), 'groups/g.yaml');
  assert.equal(value, undefined);
  return diagnostics.map(inOneLine);
}

test('a group has all that it was given', () => {
  const group = parsed(
    'profile: worker\npriority: 5\nmatch: { mac: 525400a19cae, rack: r7 }\nparameters:\n  ntp: [a]\n',
  );
  assert.equal(group.id, 'g');
  assert.equal(group.file, 'groups/g.yaml');
  assert.deepEqual(group.profile, { id: 'worker', origin: { file: 'groups/g.yaml', line: 1, column: 10 } });
  assert.equal(group.priority, 5);
  assert.equal(group.specificity, 2);
  assert.deepEqual(
    [...group.selector],
    [
      ['mac', ['52:54:00:a1:9c:ae']],
      ['rack', ['r7']],
    ],
  );
  const contribution = group.parameters.get('ntp');
  assert.deepEqual(contribution && toPlain(contribution.node), ['a']);
  assert.equal(contribution?.source, 'groups/g.yaml');
});

test('a group without selector, priority and parameters matches everyone at priority 0', () => {
  const group = parsed('profile: worker\n');
  assert.deepEqual([group.selector.size, group.specificity, group.priority, group.parameters.size], [0, 0, 0, 0]);
});

test('a priority is the number that its schema saw', () => {
  for (const [written, priority] of [
    ['-5', -5],
    ['+7', 7],
    ['0x10', 16],
    ['0o17', 15],
    ['1e2', 100],
  ] as const) {
    assert.equal(parsed(`profile: a\npriority: ${written}\n`).priority, priority, written);
  }
});

describe('the values of a selector', () => {
  const cases: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    'are texts as they were written': [
      'rack: [07, 1e3, yes, ~, null, true]',
      ['07', '1e3', 'null', 'true', 'yes', '~'],
    ],
    'are MAC addresses in one spelling': [
      'mac: [52-54-00-A1-9C-AF, 525400a19cae]',
      ['52:54:00:a1:9c:ae', '52:54:00:a1:9c:af'],
    ],
    'are architectures in one spelling': ['arch: [x86_64, aarch64]', ['amd64', 'arm64']],
    'are addresses in short form': ['ip: ["2001:DB8::0", ::ffff:10.7.0.5]', ['10.7.0.5', '2001:db8::']],
    'stand once': ['mac: [525400a19cae, 52:54:00:a1:9c:ae]', ['52:54:00:a1:9c:ae']],
    'are sorted': ['rack: [b, a, c]', ['a', 'b', 'c']],
    'can be labels of any name': ['__proto__: x', ['x']],
  };
  for (const [title, [match, values]] of Object.entries(cases)) {
    test(title, () => {
      const { selector } = parsed(`profile: a\nmatch: { ${match} }\n`);
      assert.deepEqual([...selector.values()], [values]);
    });
  }
});

describe('a selector has faults:', () => {
  const cases: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    'a MAC address that is none, among others': [
      'profile: a\nmatch:\n  mac:\n    - 525400a19cae\n    - 5254\n',
      [
        'groups/g.yaml:5:7 error schema $.match.mac: this mac is not a MAC address of 6, 8 or 20 octets, such as 52:54:00:a1:9c:ae',
      ],
    ],
    'a UUID and an address that are none': [
      'match: { uuid: x, ip: 10.7.0 }\nprofile: a\n',
      [
        'groups/g.yaml:1:16 error schema $.match.uuid: this uuid is not a UUID, such as 4c4c4544-0035-4d10-8054-b4c04f4d3132',
        'groups/g.yaml:1:23 error schema $.match.ip: this ip is not an IPv4 or IPv6 address',
      ],
    ],
    'a key that no request can have': [
      'match: { "a b": x, -c: y }\nprofile: a\n',
      [
        'groups/g.yaml:1:10 error schema $.match.a b: a label key is made of letters, digits, and _ . / -',
        'groups/g.yaml:1:20 error schema $.match.-c: a label key is made of letters, digits, and _ . / -',
      ],
    ],
    'a value that no request can have': [
      `match: { a: "x\\ny", b: ${'x'.repeat(257)} }\nprofile: a\n`,
      [
        'groups/g.yaml:1:13 error schema $.match.a: this a holds control or undecodable characters',
        'groups/g.yaml:1:24 error schema $.match.b: this b is longer than 256 characters',
      ],
    ],
  };
  for (const [title, [text, faults]] of Object.entries(cases))
    test(title, () => assert.deepEqual(faultsOf(text), faults));
});

test('a group that does nothing is doubtful', () => {
  const { value, diagnostics } = parseGroup('g', Buffer.from('match: { rack: r7 }\n'), 'groups/g.yaml');
  assert.ok(value);
  assert.deepEqual(diagnostics.map(inOneLine), [
    'groups/g.yaml:1:1 warning schema: the group names no profile and gives no parameters, so it does nothing',
  ]);
});
