import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { NeighbourTable } from '../../../src/metadata/neighbour-table.ts';
import { createNeighbours } from '../../../src/metadata/neighbours-process.ts';
import { afterTest } from '../../support/after-test.ts';
import { scratchDirectory } from '../../support/site.ts';

/** Neighbours over tables that a test writes, and how often each was read. */
function makeNeighbours() {
  const tables = { ipv4: new Map<string, string>(), ipv6: new Map<string, string>() };
  const reads = { ipv4: 0, ipv6: 0 };
  const faults: string[] = [];
  const clock = { now: 0 };
  const source = (family: 'ipv4' | 'ipv6') => async (): Promise<NeighbourTable> => {
    reads[family] += 1;
    await Promise.resolve();
    if (tables[family].has('broken')) throw new Error('no table');
    return new Map(tables[family]);
  };
  const neighbours = createNeighbours({
    now: () => clock.now,
    onFault: (family) => faults.push(family),
    sources: { ipv4: source('ipv4'), ipv6: source('ipv6') },
  });
  return { neighbours, tables, reads, faults, clock };
}

describe('neighbours', () => {
  test('are looked for again when they are not known, and after a second in any case', async () => {
    const { neighbours, tables, clock } = makeNeighbours();
    assert.equal(await neighbours.find('192.0.2.11'), undefined);
    tables.ipv4.set('192.0.2.11', '52:54:00:00:00:0b');
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:0b');
    tables.ipv4.set('192.0.2.11', '52:54:00:00:00:ff');
    clock.now = 900;
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:0b');
    clock.now = 1100;
    assert.equal(await neighbours.find('192.0.2.11'), '52:54:00:00:00:ff');
  });

  test('are looked for in the table of their family', async () => {
    const { neighbours, tables, reads } = makeNeighbours();
    tables.ipv6.set('fe80::1%eth0', '52:54:00:00:00:01');
    assert.equal(await neighbours.find('fe80::1%eth0'), '52:54:00:00:00:01');
    assert.equal(await neighbours.find('fe80::1%eth1'), undefined);
    assert.deepEqual(reads, { ipv4: 0, ipv6: 2 });
  });

  test('are looked for by one reader at a time, which begins after the question', async () => {
    const { neighbours, tables, reads } = makeNeighbours();
    const first = neighbours.find('192.0.2.11');
    tables.ipv4.set('192.0.2.12', '52:54:00:00:00:0c');
    const later = Array.from({ length: 100 }, () => neighbours.find('192.0.2.12'));
    assert.equal(await first, undefined);
    assert.deepEqual(await Promise.all(later), Array(100).fill('52:54:00:00:00:0c'));
    assert.equal(reads.ipv4, 2);
  });

  test('are not told while their table cannot be read, and each time that begins is told', async () => {
    const { neighbours, tables, faults } = makeNeighbours();
    for (const outage of [1, 2]) {
      tables.ipv6.set('broken', '');
      await assert.rejects(neighbours.find(`2001:db8::${outage}`), /no table/);
      await assert.rejects(neighbours.find(`2001:db8::${outage}`), /no table/);
      assert.deepEqual(faults, Array(outage).fill('ipv6'));
      tables.ipv6.delete('broken');
      tables.ipv6.set(`2001:db8::${outage}`, '52:54:00:00:00:07');
      assert.equal(await neighbours.find(`2001:db8::${outage}`), '52:54:00:00:00:07');
    }
  });

  test('that ask while a reading fails are looked for in the next', async () => {
    const readings = [Promise.reject(new Error('no table')), Promise.resolve(new Map([['192.0.2.12', 'the MAC']]))];
    const ipv4 = () => readings.shift() ?? assert.fail('read too often');
    const sources = { ipv4, ipv6: ipv4 };
    const neighbours = createNeighbours({ now: () => 0, onFault: () => undefined, sources });
    const first = assert.rejects(neighbours.find('192.0.2.11'), /no table/);
    assert.equal(await neighbours.find('192.0.2.12'), 'the MAC');
    await first;
  });

  test('are not told while `ip` hangs, however it takes being told to end', async (t) => {
    const folder = await scratchDirectory(t);
    await writeFile(join(folder, 'ip'), "#!/bin/sh\ntrap '' TERM\nexec sleep 20\n", { mode: 0o755 });
    const { PATH } = process.env;
    afterTest(t, () => {
      process.env.PATH = PATH;
    });
    process.env.PATH = `${folder}:${PATH}`;
    const faults: string[] = [];
    const neighbours = createNeighbours({ now: () => performance.now(), onFault: (family) => faults.push(family) });
    const startedAt = performance.now();
    await assert.rejects(neighbours.find('2001:db8::7'));
    assert.ok(performance.now() - startedAt < 10_000);
    assert.deepEqual(faults, ['ipv6']);
  });
});
