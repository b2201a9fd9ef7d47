import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SiteWatch } from '../../../src/live/watch-file.ts';
import { readCalmly } from '../../../src/service/calm-read-file.ts';
import { butaneProfile, writeSite } from '../../support/site.ts';

const [HALF, WHOLE] = [butaneProfile('fcos', '1.5.0', 'half'), butaneProfile('fcos', '1.5.0', 'whole')];

/** A watch that sees an edit right after it was looked at for so many times. */
function watchThatSees(look: number, edit: () => void): SiteWatch {
  let edits = 0;
  let looks = 0;
  return {
    get generation() {
      const before = edits;
      looks += 1;
      if (looks === look) {
        edit();
        edits += 1;
      }
      return before;
    },
    unsettled: false,
    blind: false,
    close: async () => undefined,
  };
}

test('a checkout that ends just after a read was looked at makes another one', async (t) => {
  const site = await writeSite(t, { 'profiles/web.bu': HALF, '.git/index.lock': '' });
  const lock = join(site, '.git/index.lock');
  // git writes its last file and lets go of its lock right after the second look, the first that could end the read.
  const watch = watchThatSees(2, () => {
    writeFileSync(join(site, 'profiles/web.bu'), WHOLE);
    rmSync(lock);
  });
  const { documents } = await readCalmly(site, 'pilotlight', watch);
  assert.equal(documents.get('profiles/web.bu')?.toString(), WHOLE);
});

test('a site that goes away while it is read, and comes again, is read once it is there', async (t) => {
  const site = await writeSite(t, { 'profiles/web.bu': HALF });
  renameSync(site, `${site}-away`);
  // It comes again after the first read, and the watch tells of it.
  let edits = 0;
  const watch: SiteWatch = {
    get generation() {
      return edits;
    },
    unsettled: false,
    get blind() {
      if (edits === 0) renameSync(`${site}-away`, site);
      edits = 1;
      return false;
    },
    close: async () => undefined,
  };
  const { documents } = await readCalmly(site, 'pilotlight', watch);
  assert.ok(documents.has('profiles/web.bu'));
});

test('a site that is gone for good is a fault', async (t) => {
  const site = await writeSite(t, {});
  await assert.rejects(
    readCalmly(
      join(site, 'none'),
      'pilotlight',
      watchThatSees(1, () => undefined),
    ),
    /does not exist/,
  );
});
