import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ButaneIdentity } from '../butane/butane.ts';
import type { Config } from '../config.ts';
import { reasonOf } from '../errors.ts';
import type { SiteState } from '../http/site-state.ts';
import { notReady } from '../http/site-state.ts';
import { createKeeper } from '../live/keeper.ts';
import { logEvents } from '../live/live-log.ts';
import type { LiveSite } from '../live/live-site.ts';
import { createLiveSite } from '../live/live-site.ts';
import type { Snapshot } from '../live/snapshot.ts';
import { createStateStore } from '../live/state-file.ts';
import type { SiteWatch } from '../live/watch-file.ts';
import { watchSite } from '../live/watch-file.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { CaseOutcomes } from '../render/check.ts';
import type { Served } from '../render/served.ts';
import type { TranslatorCaches } from '../render/translate.ts';
import { copyFiles } from '../site/files-copy-file.ts';
import { parseKnownSite } from '../site/load.ts';
import type { SiteFormat } from '../site/revision.ts';
import { readCalmly } from './calm-read-file.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { Engine } from './engine-process.ts';
import { openEngine } from './engine-process.ts';

/** A site that is kept alive, with all that this needs. */
export interface Live {
  readonly engine: Engine;
  readonly site: LiveSite;
  /** Ends it; requests have been answered by then. */
  close(): Promise<void>;
}

/** What a live site tells, and how many renders it has under way at once. */
export interface LiveOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly concurrency: number;
}

/** A config that knows the format of its site. */
export interface LiveConfig extends Config {
  readonly format: SiteFormat;
}

/** Opens the site: what was served last at once, and then whatever the site directory holds. */
export async function openLive(config: LiveConfig, { logger, metrics, concurrency }: LiveOptions): Promise<Live> {
  const store = createStateStore(config.stateDir);
  const loading = store.load().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ stateDir: config.stateDir, reason }, 'what was kept of the last revision cannot be used');
    return undefined;
  });
  const opening = openEngine(config, {
    helper: true,
    onRender: (outcome, timings) => metrics.observeRender(timings === undefined ? { outcome } : { outcome, timings }),
    onRun: (outcome, durationMs) => metrics.observeRun({ outcome, durationMs }),
    onReplaced: (butane) => logger.warn(identityFields(butane), 'butane was replaced'),
  });
  opening.catch(() => undefined);
  const place = resolve(config.site);
  const kept = await loading.then((decoded) => {
    const { site = place, tree } = decoded ?? {};
    if (site === place && (tree === undefined || tree.format === config.format)) return decoded;
    logger.warn({ stateDir: config.stateDir, site }, 'what was kept is of another site, and is not used');
    return undefined;
  });
  // Parsed while butane, which is another process, gets ready.
  const known = kept && { ...kept, parsed: parseKnownSite(kept.tree) };
  const engine = await opening;
  const { butane, caches, renderer } = engine;
  logger.info(identityFields(butane.identity), 'butane');
  // The most useful comes first, and what is put last stays longest.
  for (const [key, content] of kept?.contents.toReversed() ?? []) caches.contents.put(key, content);
  for (const [key, diagnostics] of kept?.reports.toReversed() ?? []) caches.reports.put(key, diagnostics);

  let watch: SiteWatch | undefined;
  let saysFallback = false;
  const told = logEvents(logger);
  const site = createLiveSite({
    renderer,
    concurrency,
    read: () => readCalmly(config.site, config.format, watch),
    edited: () => watch?.unsettled ?? false,
    copyFiles: async (files) => {
      const copy = await copyFiles(files, config.stateDir);
      if (copy.fallback && !saysFallback)
        logger.warn(
          { stateDir: config.stateDir, reason: reasonOf(copy.fault) },
          'the state directory cannot be written; using a temporary one',
        );
      saysFallback = copy.fallback;
      return copy;
    },
    events: {
      ...told,
      onReloaded: (outcome) => metrics.observeReload(outcome),
      onChecked(result) {
        told.onChecked(result);
        collectGarbage();
      },
    },
    keep: ({ served, outcomes }) => keeper.keep(() => snapshotOf(place, served, outcomes, caches)),
  });
  const keeper = createKeeper({
    store,
    progress: () => caches.contents.statistics().misses + caches.reports.statistics().misses,
    onSaved: (bytes) => logger.debug({ bytes }, 'the served revision was kept'),
    onFailure: (err) => {
      metrics.observeStateWriteFailure();
      logger.warn({ stateDir: config.stateDir, err }, 'the served revision cannot be kept on disk');
    },
  });
  const close = async () => {
    await watch?.close();
    await site.close();
    await Promise.race([keeper.close(), setTimeout(KEEP_MS, undefined, { ref: false })]);
    await butane.close(0);
    await site.dispose();
  };
  try {
    await site.open(known);
  } catch (error) {
    await close();
    throw error;
  }
  if (config.watch !== 'off') {
    watch = watchSite(config.site, {
      poll: config.watch === 'poll',
      onReady: () => void site.reload(),
      onSettled: () => void site.reload({ edited: true }),
      onFault: (err) => logger.error({ err }, 'the site cannot be watched; ask for a reload, or use --watch poll'),
    });
  }
  return { engine, site, close };
}

/** A stop waits for so long until the last revision is on disk. */
const KEEP_MS = 1500;

function identityFields({ path, version, sha256 }: ButaneIdentity) {
  return { butane: path, butaneVersion: version, butaneSha256: sha256 };
}

/** A revision with everything that was made of it. */
function snapshotOf(
  site: string,
  served: Served,
  outcomes: CaseOutcomes,
  { contents, reports }: TranslatorCaches,
): Snapshot {
  const { documents, files, format } = served.revision;
  return {
    site,
    tree: {
      format,
      documents: new Map([...documents].filter(([path]) => !path.startsWith('files/'))),
      files,
      diagnostics: [],
    },
    outcomes,
    contents: [...contents.entries()].flatMap(([key, content]) => (content.ok ? [[key, content] as const] : [])),
    reports: [...reports.entries()],
  };
}

/** What the apps are given: the same at every moment, whatever is served. */
export function siteStateOf(live: () => Live | undefined): SiteState {
  const current = () => live()?.site.current;
  return {
    current() {
      const served = current()?.served;
      if (served === undefined) throw notReady();
      return served;
    },
    get ready() {
      return current() !== undefined;
    },
    get loadedAt() {
      return current()?.loadedAt;
    },
    get source() {
      return current()?.source;
    },
    get reports() {
      const { complete = false, reports = [] } = current()?.check ?? {};
      return { complete, items: reports };
    },
    get refusal() {
      return live()?.site.refusal;
    },
    get pending() {
      return live()?.site.pending ?? false;
    },
    get records() {
      return live()?.site.records ?? [];
    },
    find: (id) => live()?.site.find(id),
    reload: (options) => opened(live()).site.reload(options),
  };
}

/** The live site; throws a ProvisioningError while there is none. */
export function opened(live: Live | undefined): Live {
  if (live === undefined) throw notReady();
  return live;
}
