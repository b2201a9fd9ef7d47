import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SiteWatch } from '../../../src/live/watch-file.ts';
import { readCalmly } from '../../../src/service/calm-read-file.ts';
import { butaneProfile, writeSite } from '../../support/site.ts';

const [HALF, WHOLE] = [butaneProfile('fcos', '1.5.0', 'half'), butaneProfile('fcos', '1.5.0', 'whole')];

test('a checkout that ends just after a read was looked at makes another one', async (t) => {
  const site = await writeSite(t, { 'profiles/web.bu': HALF, '.git/index.lock': '' });
  const lock = join(site, '.git/index.lock');
  let edits = 0;
  let looks = 0;
  const watch: SiteWatch = {
    // git writes its last file and lets go of its lock right after the second look, the first that could end the read.
    get generation() {
      const before = edits;
      looks += 1;
      if (looks === 2 && existsSync(lock)) {
        writeFileSync(join(site, 'profiles/web.bu'), WHOLE);
        rmSync(lock);
        edits += 1;
      }
      return before;
    },
    unsettled: false,
    blind: false,
    close: async () => undefined,
  };
  const { documents } = await readCalmly(site, 'pilotlight', watch);
  assert.equal(documents.get('profiles/web.bu')?.toString(), WHOLE);
});
