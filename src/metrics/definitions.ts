/** The two listeners. */
export type Api = 'machine' | 'operator';

/** What a metric is: its type, its labels in the order that they are given, and its help text. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** Ignition gives up after 10 s, and an answer comes after 8 s at the latest. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8, 10];

/** Selecting and composing take far less than a millisecond, a queue for butane takes seconds. */
const STAGE_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A run takes at least what a process takes to start, and is ended after 5 s. */
const RUN_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Every metric of the service's own, by its name. Those of the process and of Node.js come from prom-client. */
export const METRICS = {
  pilotlight_http_requests_total: {
    type: 'counter',
    labels: ['api', 'route', 'status', 'profile'],
    help: 'Answered requests; route is the pattern or unmatched, profile is empty without one and other if not served',
  },
  pilotlight_http_request_duration_seconds: {
    type: 'histogram',
    labels: ['api', 'route'],
    buckets: REQUEST_SECONDS,
    help: 'Time until an answer was out',
  },
  pilotlight_boot_scripts_total: {
    type: 'counter',
    labels: ['kind', 'outcome'],
    help: 'Boot scripts by kind (chain, ipxe, grub) and outcome: ok, discovery, unknown, broken, waiting or invalid',
  },
  pilotlight_render_stage_duration_seconds: {
    type: 'histogram',
    labels: ['stage'],
    buckets: STAGE_SECONDS,
    help: 'Time that renders spent in select, compose and translate',
  },
  pilotlight_renders_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Renders by outcome, ok or the code of the error; what was remembered is not rendered',
  },
  pilotlight_butane_runs_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Runs of butane by outcome: ok, refused, timeout, panic, killed or failed',
  },
  pilotlight_butane_run_duration_seconds: {
    type: 'histogram',
    labels: [],
    buckets: RUN_SECONDS,
    help: 'Time that runs of butane took, without the time in the queue',
  },
  pilotlight_butane_running: { type: 'gauge', labels: [], help: 'Runs of butane at the moment' },
  pilotlight_butane_queued: { type: 'gauge', labels: [], help: 'Documents that wait for a run of butane' },
  pilotlight_butane_queue_limit: {
    type: 'gauge',
    labels: [],
    help: 'Documents that may wait for a run of butane before requests are refused',
  },
  pilotlight_internal_errors_total: {
    type: 'counter',
    labels: [],
    help: 'Faults that nobody foresaw; the log has each with its stack',
  },
  pilotlight_cache_bytes: { type: 'gauge', labels: ['cache'], help: 'Bytes in a cache' },
  pilotlight_cache_max_bytes: { type: 'gauge', labels: ['cache'], help: 'Bytes that a cache may hold' },
  pilotlight_cache_entries: { type: 'gauge', labels: ['cache'], help: 'Entries in a cache' },
  pilotlight_cache_hits_total: { type: 'counter', labels: ['cache'], help: 'What a cache had when it was asked' },
  pilotlight_cache_misses_total: { type: 'counter', labels: ['cache'], help: 'What a cache had to have made' },
  pilotlight_revision_info: {
    type: 'gauge',
    labels: ['revision', 'source'],
    help: 'Always 1; the labels say which revision is served, and whether it came from the site or the state directory',
  },
  pilotlight_revision_served_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Since when the revision is served, in Unix time',
  },
  pilotlight_revision_refused: {
    type: 'gauge',
    labels: [],
    help: '1 while what is in the site was refused and an older revision is served instead, else 0',
  },
  pilotlight_revision_faults: { type: 'gauge', labels: [], help: 'Errors among the reports of the served revision' },
  pilotlight_reloads_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Readings of the site after the start by outcome: served, refused, unchanged or failed',
  },
  pilotlight_state_write_failures_total: {
    type: 'counter',
    labels: [],
    help: 'Times that the state directory could not be written',
  },
  pilotlight_connections: { type: 'gauge', labels: ['api'], help: 'Open connections' },
  pilotlight_connections_closed_total: {
    type: 'counter',
    labels: ['api', 'reason'],
    help: 'Connections that the service closed of its own accord',
  },
  pilotlight_requests_abandoned_total: {
    type: 'counter',
    labels: ['api'],
    help: 'Requests whose client left before its answer was out',
  },
  pilotlight_asset_bytes_total: { type: 'counter', labels: [], help: 'Bytes of assets that were sent' },
  pilotlight_build_info: {
    type: 'gauge',
    labels: ['version', 'butane_version', 'node_version'],
    help: 'Always 1; the labels say what runs',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** The name of a metric of the service's own. */
export type MetricName = keyof typeof METRICS;
