import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseArpTable, parseIpNeighbours } from '../../../src/metadata/neighbour-table.ts';

const HEAD = 'IP address       HW type     Flags       HW address            Mask     Device\n';

function line(address: string, flags: string, mac: string): string {
  return `${address.padEnd(17)}0x1         ${flags.padEnd(12)}${mac}     *        eth0\n`;
}

describe('the table of IPv4 neighbours', () => {
  test('tells the MAC addresses of who is there', () => {
    const text =
      HEAD +
      line('192.0.2.11', '0x2', '52:54:00:A1:9C:AE') +
      line('192.0.2.12', '0x0', '00:00:00:00:00:00') +
      line('192.0.2.13', '0x6', '52:54:00:a1:9c:af') +
      line('192.0.2.14', '0x2', '*') +
      line('192.0.2.15', '0x2', '80:00:02:08:fe:80:00:00');
    assert.deepEqual(
      [...parseArpTable(text)],
      [
        ['192.0.2.11', '52:54:00:a1:9c:ae'],
        ['192.0.2.13', '52:54:00:a1:9c:af'],
      ],
    );
  });

  test('may be empty, cut, or anything', () => {
    for (const text of ['', '\n', HEAD, `${HEAD}192.0.2.11`, `${HEAD}\n\n`, 'x y z a b\nx y z a b']) {
      assert.deepEqual([...parseArpTable(text)], [], text);
    }
  });
});

describe('the table of IPv6 neighbours', () => {
  test('tells the MAC addresses of who is there, and the interface of who has an address of the link alone', () => {
    const text = [
      'fe80::5054:ff:fe00:b dev eth0 lladdr 52:54:00:00:00:0B REACHABLE ',
      'fe80::5054:ff:fe00:b dev eth1 lladdr 52:54:00:00:00:0c router STALE',
      '2001:db8::7 dev eth0 lladdr 52:54:00:00:00:0d DELAY',
      '2001:db8::8 dev eth0 FAILED',
      '2001:db8::9 dev eth0 lladdr 52:54:00:00:00:0e FAILED',
      '2001:db8::a dev ib0 lladdr 80:00:02:08:fe:80:00:00 STALE',
      '2001:db8::b dev eth0 INCOMPLETE',
    ].join('\n');
    assert.deepEqual(
      [...parseIpNeighbours(text)],
      [
        ['fe80::5054:ff:fe00:b%eth0', '52:54:00:00:00:0b'],
        ['fe80::5054:ff:fe00:b%eth1', '52:54:00:00:00:0c'],
        ['2001:db8::7', '52:54:00:00:00:0d'],
      ],
    );
  });

  test('may be empty, cut, or anything', () => {
    for (const text of ['', '\n', 'fe80::1 dev', 'fe80::1 dev eth0 lladdr', 'x y z a b']) {
      assert.deepEqual([...parseIpNeighbours(text)], [], text);
    }
  });
});
