import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import type { Machine, Query } from '../../../src/machine/machine.ts';
import { labelOf, parseMachine } from '../../../src/machine/machine.ts';

function fromQuery(query: Query): Machine {
  return parseMachine(query, { from: 'query' });
}

function fromConnection(query: Query, ip?: string): Machine {
  return parseMachine(query, { from: 'connection', ip });
}

function entriesOf(machine: Machine): Readonly<Record<string, string>> {
  return Object.fromEntries(machine.entries);
}

function assertRefused(query: Query, about: RegExp): void {
  assert.throws(
    () => fromConnection(query),
    (error) => error instanceof ProvisioningError && error.code === 'label-invalid' && about.test(error.message),
  );
}

test('every value is brought into its one spelling', () => {
  const machine = fromQuery({
    rack: 'R7',
    mac: '52-54-00-A1-9C-AE',
    uuid: '4C4C454400354D108054B4C04F4D3132',
    serial: ' S1 ',
    hostname: 'Node1',
    arch: 'x86_64',
    ip: '::ffff:10.7.0.5',
  });
  assert.deepEqual(
    { ...machine.known },
    {
      arch: 'amd64',
      hostname: 'node1',
      ip: '10.7.0.5',
      mac: '52:54:00:a1:9c:ae',
      serial: 'S1',
      uuid: '4c4c4544-0035-4d10-8054-b4c04f4d3132',
    },
  );
  assert.deepEqual({ ...machine.labels }, { rack: 'R7' });
});

test('the order of the query does not matter, and entries have a fixed one', () => {
  const one = fromQuery({ zone: 'z', serial: 's', rack: 'r', mac: '525400a19cae', arch: 'arm64' });
  const other = fromQuery({ arch: 'aarch64', mac: '52:54:00:a1:9c:ae', rack: 'r', serial: 's', zone: 'z' });
  assert.deepEqual(one.entries, other.entries);
  assert.deepEqual(
    one.entries.map(([key]) => key),
    ['mac', 'serial', 'arch', 'rack', 'zone'],
  );
});

test('an empty value is an absent label, and so is a blank one of those that are understood', () => {
  const machine = fromQuery({
    mac: '',
    uuid: '',
    ip: '',
    serial: '   ',
    hostname: '\t',
    rack: '',
    zone: 'a',
    kind: ' ',
  });
  assert.deepEqual(entriesOf(machine), { zone: 'a', kind: ' ' });
  assert.equal(labelOf(machine, 'mac'), undefined);
  assert.equal(labelOf(machine, 'rack'), undefined);
});

describe('the address', () => {
  test('is the one of the connection', () => {
    assert.equal(labelOf(fromConnection({}, '10.7.0.5'), 'ip'), '10.7.0.5');
    assert.equal(labelOf(fromConnection({}, '::ffff:10.7.0.5'), 'ip'), '10.7.0.5');
    assert.equal(labelOf(fromConnection({}, 'fe80::1%eth0'), 'ip'), 'fe80::1');
  });

  test('is absent when the connection has none', () => {
    assert.equal(labelOf(fromConnection({}), 'ip'), undefined);
    assert.equal(labelOf(fromConnection({}, 'no address'), 'ip'), undefined);
  });

  test('cannot be given by a machine', () => {
    assertRefused({ ip: '10.7.0.5' }, /label ip .*connection/);
    assertRefused({ ip: 'nonsense' }, /label ip .*connection/);
    assert.equal(labelOf(fromConnection({ ip: '' }, '10.7.0.5'), 'ip'), '10.7.0.5');
  });

  test('can be given by an operator who asks on behalf of a machine', () => {
    assert.equal(labelOf(fromQuery({ ip: '2001:DB8::1' }), 'ip'), '2001:db8::1');
  });
});

describe('refused is', () => {
  const cases: Readonly<Record<string, readonly [Query, RegExp]>> = {
    'a value that is none of its key': [{ mac: 'zz' }, /^the label mac is not a MAC address/],
    'an address that is none': [{ uuid: '10.7' }, /^the label uuid is not a UUID/],
    'a value that is too long': [{ rack: 'a'.repeat(257) }, /^the label rack is longer than 256/],
    'a value with a line break': [{ rack: 'a\nb' }, /^the label rack holds control/],
    'a key that is too long': [{ ['k'.repeat(65)]: 'a' }, /has a key/],
    'a key with a control character': [{ 'a\u001b[2J': 'a' }, /has a key/],
    'a key with half of a surrogate pair': [{ '\ud83d': 'a' }, /has a key/],
    'an empty key': [{ '': 'a' }, /has a key/],
    'a label given twice': [{ rack: ['a', 'a'] }, /^the label rack was given twice/],
    'a MAC address given twice': [
      { mac: ['52:54:00:a1:9c:ae', '52:54:00:a1:9c:af'] },
      /^the label mac was given twice/,
    ],
    'a label that is no text': [{ rack: { a: 'b' } }, /^the label rack/],
    'a label that is a number': [{ rack: 7 }, /^the label rack/],
  };
  for (const [what, [query, about]] of Object.entries(cases)) test(what, () => assertRefused(query, about));

  test('more labels than a request may say', () => {
    const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));
    assert.equal(fromConnection(labels(32), '10.7.0.5').entries.length, 33);
    assertRefused(labels(33), /more than 32 labels/);
  });

  test('without quoting what was said', () => {
    const secret = 'correct-horse\u0007';
    assert.throws(
      () => fromQuery({ rack: secret }),
      (error) => error instanceof Error && !error.message.includes('correct'),
    );
    assert.throws(
      () => fromQuery({ 'a\u001b[2J': 'b' }),
      (error) => error instanceof Error && !error.message.includes('\u001b'),
    );
  });
});

describe('keys that objects have by themselves', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  test('are absent unless they were given', () => {
    const machine = fromQuery({});
    for (const key of keys) assert.equal(labelOf(machine, key), undefined, key);
    assert.deepEqual(machine.entries, []);
  });

  test('are labels like any other', () => {
    const machine = fromQuery(JSON.parse(`{${keys.map((key) => `"${key}": "given"`).join(', ')}}`));
    for (const key of keys) assert.equal(labelOf(machine, key), 'given', key);
    assert.deepEqual(
      machine.entries.map(([key]) => key),
      [...keys].sort(),
    );
    assert.equal(Object.getPrototypeOf(machine.labels), null);
    assert.equal(labelOf(fromQuery({}), '__proto__'), undefined);
  });
});

test('a machine cannot be changed', () => {
  const machine = fromQuery({ mac: '525400a19cae', rack: 'r7' });
  for (const part of [machine, machine.known, machine.labels]) assert.ok(Object.isFrozen(part));
});
