import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPlatform, PLATFORM_IDS } from '../../../src/pointer/platforms.ts';
import { makeUserData, type UserDataRequest } from '../../../src/pointer/user-data.ts';
import { BARE, FULL } from './parts.ts';

const FOLDER = 'test/golden/pointer';

/** What is made for each platform, with all there is, and each format. */
const CASES = new Map<string, Buffer>([
  ...PLATFORM_IDS.map((platform) => {
    assert.ok(isPlatform(platform));
    return [`${platform}.txt`, made({ platform })] as const;
  }),
  ['bare.ign', makeUserData(BARE, { format: 'ignition', variant: 'flatcar' }).content],
  ['merge.ign', makeUserData({ ...FULL, following: 'merge' }, { format: 'ignition', variant: 'flatcar' }).content],
  ['wrapped.txt', made({ platform: 'vmware', wrap: true })],
  ['flatcar.bu', made({ format: 'butane' })],
  ['fcos.bu', made({ format: 'butane', variant: 'fcos' })],
]);

for (const [name, content] of CASES) {
  test(`${name} is what it was: UPDATE_GOLDEN=1 writes it anew`, () => {
    const file = join(FOLDER, name);
    if (process.env.UPDATE_GOLDEN) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, content);
    }
    assert.ok(existsSync(file));
    assert.equal(content.toString(), readFileSync(file, 'utf8'));
  });
}

test('there is no other file', () => {
  assert.deepEqual(readdirSync(FOLDER).sort(), [...CASES.keys()].sort());
});

function made(request: Partial<UserDataRequest>): Buffer {
  return makeUserData(FULL, { format: 'user-data', variant: 'flatcar', ...request }).content;
}
