import { setImmediate, setTimeout } from 'node:timers/promises';
import { isGitAtWork } from '../live/git-lock-file.ts';
import type { SiteWatch } from '../live/watch-file.ts';
import { DEFAULT_SITE_LIMITS } from '../site/limits.ts';
import type { SiteFormat } from '../site/revision.ts';
import { readSite } from '../site/site-file.ts';
import type { SourceTree } from '../site/source-tree.ts';

/** A read is taken when nothing was edited until this long after it. */
const CALM_MS = 30;

/** What goes on for longer is no single edit, and the site is taken as it is. */
const MAX_UNREST_MS = 10_000;

/** Edits that go on are waited for so often: a little more than the second after which they are taken to be over. */
const MAX_WAITS = 40;

/** Reads a site when nobody edits it: half of a `git checkout` is a site that nobody wrote. */
export async function readCalmly(site: string, format: SiteFormat, watch: SiteWatch | undefined): Promise<SourceTree> {
  const startedAt = performance.now();
  let waits = 0;
  let blindReads = 0;
  for (;;) {
    // Somebody else's edit, or a pause in the middle of this one, is no reason to read half of it.
    for (; watch?.unsettled && waits < MAX_WAITS; waits += 1) await setTimeout(CALM_MS);
    const generation = watch?.generation;
    // A folder that goes away while it is read is an edit like any other.
    const [read] = await Promise.allSettled([readSite(site, DEFAULT_SITE_LIMITS, format)]);
    if (watch === undefined || performance.now() - startedAt > MAX_UNREST_MS) return treeOf(read);
    await setTimeout(CALM_MS);
    // Before the edits are counted: git that lets go of its lock has written its last file, and the watch knows of it.
    const isHalf = await isGitAtWork(site);
    // After a loop that was busy the clock and the disk come before what the system has to tell.
    await setImmediate();
    // A watch that follows other folders tells of no edit until it has begun.
    if (watch.blind && blindReads < MAX_WAITS) blindReads += 1;
    else if (watch.generation === generation && !isHalf) return treeOf(read);
  }
}

function treeOf(read: PromiseSettledResult<SourceTree>): SourceTree {
  if (read.status === 'fulfilled') return read.value;
  throw read.reason;
}
