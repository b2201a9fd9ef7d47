import { constants } from 'node:os';
import type { Butane } from '../butane/butane.ts';
import type { Config } from '../config.ts';
import { SiteFaults } from '../live/site-faults.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { FilesCopy } from '../site/files-copy-file.ts';
import { copyFiles } from '../site/files-copy-file.ts';
import { DEFAULT_SITE_LIMITS } from '../site/limits.ts';
import { parseSite } from '../site/load.ts';
import type { Revision } from '../site/revision.ts';
import { readSite } from '../site/site-file.ts';
import { openEngine } from './engine-process.ts';

/** A loaded site with everything that renders it; what commands work with when no service is needed. */
export interface Workshop {
  readonly butane: Butane;
  readonly served: Served;
  readonly renderer: Renderer;
  /** Makes one more revision ready to be rendered. */
  serve(revision: Revision): Promise<Served>;
  /** Ends what {@link Workshop.serve} made ready. */
  release(served: Served): Promise<void>;
  /** Loads one more site, to be rendered beside the first. */
  load(site: string): Promise<Served>;
  close(): Promise<void>;
}

/** What a workshop is opened with; it leaves nothing behind. */
export interface WorkshopOptions {
  readonly site: string;
  readonly siteFormat?: Config['siteFormat'];
  readonly butane?: string;
  readonly publicUrl: string;
}

let endsOnSignals = false;

/** Makes an interrupted command end the way a shell expects it, with everything it made for itself cleared away. */
export function endOnSignals(): void {
  if (endsOnSignals) return;
  endsOnSignals = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Reads and parses a site, for what needs no butane. Throws {@link SiteFaults}. */
export async function readSiteRevision(site: string, format: Config['siteFormat'] = 'auto'): Promise<Revision> {
  const tree = await readSite(site, DEFAULT_SITE_LIMITS, format === 'auto' ? undefined : format);
  const parsed = parseSite(tree);
  if (parsed.value === undefined) throw new SiteFaults(parsed.diagnostics, tree.documents);
  return parsed.value;
}

/** Reads, parses and checks a site. Throws {@link SiteFaults}, or a ProvisioningError when it cannot be read at all. */
export async function openWorkshop(options: WorkshopOptions): Promise<Workshop> {
  const revision = await readSiteRevision(options.site, options.siteFormat);
  const { butane, renderer } = await openEngine(options);
  const copies = new Map<Served, FilesCopy>();
  const serve = async (next: Revision): Promise<Served> => {
    const copy = await copyFiles(next.files, undefined);
    const served = Object.freeze({ revision: next, filesDir: copy.directory });
    copies.set(served, copy);
    return served;
  };
  return {
    butane,
    renderer,
    served: await serve(revision),
    serve,
    async release(served) {
      await copies.get(served)?.remove();
      copies.delete(served);
    },
    load: async (site) => serve(await readSiteRevision(site)),
    async close() {
      await butane.close();
      await Promise.all([...copies.values()].map((copy) => copy.remove()));
    },
  };
}
