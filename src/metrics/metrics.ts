import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ErrorCode } from '../errors.ts';
import type { RunOutcome } from '../run-outcome.ts';
import { RUN_OUTCOMES } from '../run-outcome.ts';
import type { Api } from './definitions.ts';
import { createKinds } from './kinds.ts';
import type { RequestCounter } from './request-counter.ts';
import { createRequestCounter } from './request-counter.ts';
import type { MetricSources, ProgramFigures } from './sources.ts';
import { createSourceReader } from './sources.ts';
import { createTallies } from './tally.ts';

/** What became of a render: `ok`, or the code of its error. */
export type RenderOutcome = 'ok' | ErrorCode;

/** What became of reading the site again. */
export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number];
const RELOAD_OUTCOMES = ['served', 'refused', 'unchanged', 'failed'] as const;

/** What a boot loader was given: the script that asks, a script for iPXE, or one for GRUB. */
export type BootScriptKind = (typeof BOOT_SCRIPT_KINDS)[number];
const BOOT_SCRIPT_KINDS = ['chain', 'ipxe', 'grub'] as const;

/** What a boot script does: it boots what was selected or the profile for unknown machines, or it says why not. */
export type BootScriptOutcome = 'ok' | 'discovery' | 'unknown' | 'broken' | 'waiting' | 'invalid';

/** The time that a render spent in each stage, in milliseconds. */
export interface StageTimings {
  readonly selectMs: number;
  readonly composeMs: number;
  readonly translateMs: number;
}

/** Counts and measures for Prometheus. No label ever holds what a client or an author wrote, but ids of the site. */
export interface Metrics {
  /** The media type of what {@link Metrics.scrape} gives. */
  readonly contentType: string;
  /** Every metric in the text format of Prometheus. */
  scrape(): Promise<string>;
  /** Has these sources read at each scrape from now on; one that was given before is replaced by its namesake. */
  watch(sources: MetricSources): void;
  readonly observeRequest: RequestCounter;
  /** Counts one render that was done, not remembered, and the time of its stages. */
  observeRender(render: { readonly outcome: RenderOutcome; readonly timings?: StageTimings }): void;
  /** Counts one run of butane and its time. */
  observeRun(run: { readonly outcome: RunOutcome; readonly durationMs: number }): void;
  observeReload(outcome: ReloadOutcome): void;
  observeStateWriteFailure(): void;
  observeBootScript(kind: BootScriptKind, outcome: BootScriptOutcome): void;
  observeInternalError(): void;
  /** Counts a connection that the service closed; `reason` is one of a few fixed words. */
  observeConnectionClosed(api: Api, reason: string): void;
  /** Counts a request whose client left before its answer was out. */
  observeAbandoned(api: Api): void;
  /** Counts bytes of an asset that have left. */
  observeAssetBytes(bytes: number): void;
}

/** Metrics in a registry of their own, with those of the process and of Node.js. */
export function createMetrics(program: ProgramFigures): Metrics {
  const registry = new Registry();
  const kinds = createKinds(registry);
  const { counter, histogram } = kinds;
  collectDefaultMetrics({ register: registry });

  const requests = counter('pilotlight_http_requests_total');
  const requestSeconds = histogram('pilotlight_http_request_duration_seconds');
  const stageSeconds = histogram('pilotlight_render_stage_duration_seconds');
  const renders = counter('pilotlight_renders_total');
  const runs = counter('pilotlight_butane_runs_total');
  const runSeconds = histogram('pilotlight_butane_run_duration_seconds');
  const internalErrors = counter('pilotlight_internal_errors_total');
  const reloads = counter('pilotlight_reloads_total');
  const stateWriteFailures = counter('pilotlight_state_write_failures_total');
  const bootScripts = counter('pilotlight_boot_scripts_total');
  const abandoned = counter('pilotlight_requests_abandoned_total');
  const assetBytes = counter('pilotlight_asset_bytes_total');
  const connectionsClosed = counter('pilotlight_connections_closed_total');
  // A series that is there from the start has a rate at its first event.
  renders.inc({ outcome: 'ok' }, 0);
  for (const outcome of RUN_OUTCOMES) runs.inc({ outcome }, 0);
  for (const outcome of RELOAD_OUTCOMES) reloads.inc({ outcome }, 0);

  // A rack that is switched on asks all at once.
  const tallies = createTallies();
  const bootsThatBoot = new Map(
    BOOT_SCRIPT_KINDS.map((kind) => [kind, tallies.tally(bootScripts.labels(kind, 'ok'))] as const),
  );

  const readSources = createSourceReader(kinds, program);
  const countRequest = createRequestCounter(requests, requestSeconds, tallies);
  let sources: MetricSources = {};
  return {
    contentType: registry.contentType,
    async scrape() {
      await readSources(sources);
      tallies.settle();
      return registry.metrics();
    },
    watch(more) {
      sources = { ...sources, ...more };
    },
    observeRequest: countRequest,
    observeRender({ outcome, timings }) {
      renders.inc({ outcome });
      if (timings === undefined) return;
      const { selectMs, composeMs, translateMs } = timings;
      stageSeconds.observe({ stage: 'select' }, selectMs / 1000);
      stageSeconds.observe({ stage: 'compose' }, composeMs / 1000);
      stageSeconds.observe({ stage: 'translate' }, translateMs / 1000);
    },
    observeRun({ outcome, durationMs }) {
      runs.inc({ outcome });
      runSeconds.observe(durationMs / 1000);
    },
    observeReload: (outcome) => reloads.inc({ outcome }),
    observeStateWriteFailure: () => stateWriteFailures.inc(),
    observeBootScript(kind, outcome) {
      if (outcome === 'ok') bootsThatBoot.get(kind)?.add();
      else bootScripts.inc({ kind, outcome });
    },
    observeInternalError: () => internalErrors.inc(),
    observeAbandoned: (api) => abandoned.inc({ api }),
    observeAssetBytes: (bytes) => assetBytes.inc(bytes),
    observeConnectionClosed: (api, reason) => connectionsClosed.inc({ api, reason }),
  };
}

/** Metrics that nobody reads: for an app of which only the routes matter. */
export const NO_METRICS: Metrics = Object.freeze({
  contentType: Registry.PROMETHEUS_CONTENT_TYPE,
  scrape: async () => '',
  watch: () => undefined,
  observeRequest: () => undefined,
  observeRender: () => undefined,
  observeRun: () => undefined,
  observeReload: () => undefined,
  observeStateWriteFailure: () => undefined,
  observeBootScript: () => undefined,
  observeInternalError: () => undefined,
  observeAbandoned: () => undefined,
  observeAssetBytes: () => undefined,
  observeConnectionClosed: () => undefined,
});
