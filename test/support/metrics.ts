import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS as OWN } from '../../src/metrics/definitions.ts';

const defaults = new Registry();
collectDefaultMetrics({ register: defaults });

/** The names of all metrics that the service shows; a histogram's without `_bucket`, `_sum` and `_count`. */
export const METRICS: readonly string[] = [
  ...Object.keys(OWN),
  ...defaults.getMetricsAsArray().map(({ name }) => name),
];
