import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { Asset } from '../../../src/assets/asset.ts';
import { type AssetDigest, createDigests } from '../../../src/assets/digests.ts';
import { eventually } from '../../support/service.ts';

function assetOf(content: Buffer, version: string, more: Partial<Asset> = {}): Asset {
  return {
    size: content.length,
    modifiedAt: new Date(0),
    version,
    read: async (buffer, length, position) => content.copy(buffer, 0, position, position + length),
    isUnchanged: async () => true,
    close: async () => undefined,
    ...more,
  };
}

test('The digest of each version is made once, and never of a file that is written into', async () => {
  const content = Buffer.alloc(200_000, 'x');
  const files = new Map([
    ['a', assetOf(content, '1')],
    ['b', assetOf(content, '2', { isUnchanged: async () => false })],
    ['c', assetOf(Buffer.alloc(0), '3')],
  ]);
  const told: AssetDigest[] = [];
  let opened = 0;
  const open = async (name: string) => {
    opened += 1;
    const asset = files.get(name);
    if (asset === undefined) throw new Error('it is gone');
    return asset;
  };
  const digests = createDigests({ open, onDigest: (digest) => told.push(digest) });
  for (const name of ['a', 'b', 'a', 'c', 'a']) digests.note(name, files.get(name) ?? assetOf(content, name));
  digests.note('gone', assetOf(content, '4'));
  digests.note('huge', { size: 2 ** 40, version: '5' });
  await eventually(() => told.length === 2 && opened === 4);
  const sha256 = (text: Buffer) => createHash('sha256').update(text).digest('hex');
  assert.deepEqual(told, [
    { asset: 'a', bytes: 200_000, sha256: sha256(content) },
    { asset: 'c', bytes: 0, sha256: sha256(Buffer.alloc(0)) },
  ]);
  await digests.close();
});

test('A stop ends a digest that is under way', async () => {
  const endless = assetOf(Buffer.alloc(0), '1', { size: 1000, read: (_buffer, length) => setImmediate(length) });
  const digests = createDigests({ open: async () => endless, onDigest: () => assert.fail('it has no end') });
  digests.note('a', endless);
  await delay(20);
  await digests.close();
});
