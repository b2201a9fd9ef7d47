import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readMetadataKey } from '../../../src/metadata/key-file.ts';
import { scratchDirectory } from '../../support/site.ts';

describe('the key of metadata services', () => {
  test('is what is in its file, without the end of a line', async (t) => {
    const file = join(await scratchDirectory(t), 'key');
    await writeFile(file, '0123456789abcdef\n');
    assert.deepEqual(await readMetadataKey(file), Buffer.from('0123456789abcdef'));
  });

  test('is refused when it can be guessed, and is never in the message', async (t) => {
    const file = join(await scratchDirectory(t), 'key');
    for (const text of ['', '\n', '0123456789abcde', '   0123456789   \n\n\n\n\n']) {
      await writeFile(file, text);
      await assert.rejects(readMetadataKey(file), { code: 'config-invalid', message: /has less than 16 bytes$/ });
    }
    await assert.rejects(readMetadataKey(`${file}-none`), { code: 'config-invalid', message: /cannot be read/ });
  });

  test('is a new one without a file', async () => {
    const [first, second] = [await readMetadataKey(undefined), await readMetadataKey(undefined)];
    assert.equal(first.length, 32);
    assert.notDeepEqual(first, second);
  });
});
