import type { Gauge } from 'prom-client';
import type { Api } from './definitions.ts';
import type { Kinds } from './kinds.ts';

/** What a cache holds, may hold, and how often it helped. */
export interface CacheFigures {
  readonly bytes: number;
  readonly maxBytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
}

/** How busy butane is, and which one it is. */
export interface ButaneFigures {
  readonly running: number;
  readonly queued: number;
  readonly queueLimit: number;
  readonly version: string;
}

/** What is served. */
export interface RevisionFigures {
  readonly id: string;
  readonly source: 'site' | 'state';
  readonly servedAt: Date;
  readonly faults: number;
  readonly refused: boolean;
}

/** What is read at each scrape. A source gives undefined as long as there is nothing to tell. */
export interface MetricSources {
  readonly caches?: () => Readonly<Partial<Record<'contents' | 'reports', CacheFigures>>> | undefined;
  readonly butane?: () => ButaneFigures | undefined;
  readonly revision?: () => RevisionFigures | undefined;
  readonly connections?: (api: Api) => number | Promise<number>;
}

/** What metrics say of the program itself. */
export interface ProgramFigures {
  readonly version: string;
  readonly nodeVersion: string;
}

/** Sets at each scrape what the sources tell. What they do not know yet is not there. */
export function createSourceReader({ counter, gauge }: Pick<Kinds, 'counter' | 'gauge'>, program: ProgramFigures) {
  const cacheBytes = gauge('pilotlight_cache_bytes');
  const cacheMaxBytes = gauge('pilotlight_cache_max_bytes');
  const cacheEntries = gauge('pilotlight_cache_entries');
  const cacheHits = counter('pilotlight_cache_hits_total');
  const cacheMisses = counter('pilotlight_cache_misses_total');
  const running = gauge('pilotlight_butane_running');
  const queued = gauge('pilotlight_butane_queued');
  const queueLimit = gauge('pilotlight_butane_queue_limit');
  const revisionInfo = gauge('pilotlight_revision_info');
  const servedAt = gauge('pilotlight_revision_served_timestamp_seconds');
  const refused = gauge('pilotlight_revision_refused');
  const faults = gauge('pilotlight_revision_faults');
  const connections = gauge('pilotlight_connections');
  const build = gauge('pilotlight_build_info');

  const setCaches = (caches: ReturnType<NonNullable<MetricSources['caches']>>) => {
    for (const metric of [cacheBytes, cacheMaxBytes, cacheEntries, cacheHits, cacheMisses]) metric.reset();
    for (const [cache, figures] of Object.entries(caches ?? {})) {
      cacheBytes.set({ cache }, figures.bytes);
      cacheMaxBytes.set({ cache }, figures.maxBytes);
      cacheEntries.set({ cache }, figures.entries);
      cacheHits.inc({ cache }, figures.hits);
      cacheMisses.inc({ cache }, figures.misses);
    }
  };
  const setButane = (butane: ButaneFigures | undefined) => {
    setOrRemove(running, butane?.running);
    setOrRemove(queued, butane?.queued);
    setOrRemove(queueLimit, butane?.queueLimit);
    build.reset();
    const { version, nodeVersion } = program;
    build.set({ version, butane_version: butane?.version ?? '', node_version: nodeVersion }, 1);
  };
  const setRevision = (revision: RevisionFigures | undefined) => {
    revisionInfo.reset();
    if (revision !== undefined) revisionInfo.set({ revision: revision.id, source: revision.source }, 1);
    setOrRemove(servedAt, revision && revision.servedAt.getTime() / 1000);
    setOrRemove(refused, revision && Number(revision.refused));
    setOrRemove(faults, revision?.faults);
  };
  return async (sources: MetricSources): Promise<void> => {
    setCaches(sources.caches?.());
    setButane(sources.butane?.());
    setRevision(sources.revision?.());
    if (sources.connections === undefined) return;
    for (const api of ['machine', 'operator'] as const) connections.set({ api }, await sources.connections(api));
  };
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}
