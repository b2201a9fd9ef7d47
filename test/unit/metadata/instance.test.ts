import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeInstance } from '../../../src/metadata/instance.ts';

const MAC = '52:54:00:a1:9c:ae';

describe('an instance', () => {
  test('has what its groups say, the most specific last', () => {
    const said = [
      { region: 'north', zone: 'north-1', tags: { rack: 'r7', role: 'none' } },
      { zone: 'north-2', hostname: 'one', 'ssh-keys': ['ssh-ed25519 AAAA'], tags: { role: 'db' } },
    ];
    assert.deepEqual(makeInstance('node', 'one', said, { ip: '192.0.2.11' }), {
      id: 'one',
      profile: 'node',
      hostname: 'one',
      localIpv4: '192.0.2.11',
      region: 'north',
      zone: 'north-2',
      sshKeys: ['ssh-ed25519 AAAA'],
      tags: Object.assign(Object.create(null), { rack: 'r7', role: 'db' }),
    });
  });

  test('has the first of these as its id', () => {
    const labels = { uuid: 'a-uuid', serial: 'a-serial', mac: MAC, ip: '192.0.2.11' };
    const ids = [
      makeInstance('node', 'one', [{ 'instance-id': 'i-1' }], labels),
      makeInstance('node', 'one', [], labels),
      makeInstance('node', 'one', [], { ...labels, uuid: undefined } as never),
      makeInstance('node', 'one', [], { mac: MAC, ip: '192.0.2.11' }),
      makeInstance('node', 'one', [], { ip: '192.0.2.11' }),
      makeInstance('node', undefined, [], { ip: '192.0.2.11' }),
      makeInstance('node', undefined, [], {}),
    ].map(({ id }) => id);
    assert.deepEqual(ids, ['i-1', 'a-uuid', 'a-serial', '525400a19cae', 'one', '192.0.2.11', 'node']);
  });

  test('that asks over IPv6 has no IPv4 address unless a group says it', () => {
    const labels = { ip: '2001:db8::1' };
    const { localIpv4, localIpv6 } = makeInstance('node', 'one', [], labels);
    assert.deepEqual([localIpv4, localIpv6], [undefined, '2001:db8::1']);
    assert.equal(makeInstance('node', 'one', [{ 'local-ipv4': '192.0.2.11' }], labels).localIpv4, '192.0.2.11');
  });

  test('has its own name rather than the one that the machine says', () => {
    assert.equal(makeInstance('node', 'one', [{ hostname: 'group' }], { hostname: 'label' }).hostname, 'group');
    assert.equal(makeInstance('node', 'one', [], { hostname: 'label' }).hostname, 'label');
  });

  test('has tags that are called as what objects have', () => {
    const { tags } = makeInstance('node', 'one', [{ tags: JSON.parse('{"__proto__":"a","constructor":"b"}') }], {});
    assert.deepEqual({ ...tags }, JSON.parse('{"__proto__":"a","constructor":"b"}'));
  });
});
