import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createNeighbours, parseTable } from '../../../src/metadata/neighbours-file.ts';
import { scratchDirectory } from '../../support/site.ts';

const HEAD = 'IP address       HW type     Flags       HW address            Mask     Device\n';

function line(address: string, flags: string, mac: string): string {
  return `${address.padEnd(17)}0x1         ${flags.padEnd(12)}${mac}     *        eth0\n`;
}

describe('the table of neighbours', () => {
  test('tells the MAC addresses of who is there', () => {
    const text =
      HEAD +
      line('192.0.2.11', '0x2', '52:54:00:A1:9C:AE') +
      line('192.0.2.12', '0x0', '00:00:00:00:00:00') +
      line('192.0.2.13', '0x6', '52:54:00:a1:9c:af') +
      line('192.0.2.14', '0x2', '*') +
      line('192.0.2.15', '0x2', '80:00:02:08:fe:80:00:00');
    assert.deepEqual(
      [...parseTable(text)],
      [
        ['192.0.2.11', '52:54:00:a1:9c:ae'],
        ['192.0.2.13', '52:54:00:a1:9c:af'],
      ],
    );
  });

  test('may be empty, cut, or anything', () => {
    for (const text of ['', '\n', HEAD, `${HEAD}192.0.2.11`, `${HEAD}\n\n`, 'x y z a b\nx y z a b']) {
      assert.deepEqual([...parseTable(text)], [], text);
    }
  });

  test('is read again for who is not in it, and after a second for everybody', async (t) => {
    const table = join(await scratchDirectory(t), 'arp');
    let now = 0;
    const neighbours = createNeighbours(() => now, table);
    assert.equal(await neighbours.find('192.0.2.11'), undefined);
    await writeFile(table, HEAD + line('192.0.2.11', '0x2', '52:54:00:00:00:0b'));
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:0b');
    await writeFile(table, HEAD + line('192.0.2.11', '0x2', '52:54:00:00:00:ff'));
    now = 900;
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:0b');
    now = 1100;
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:ff');
  });
});
