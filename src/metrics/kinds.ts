import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricName } from './definitions.ts';

/** The three ways to make a metric. */
export type Kinds = ReturnType<typeof createKinds>;

/** Makes metrics of a registry as their definitions say. */
export function createKinds(registry: Registry) {
  const describe = (name: MetricName) => {
    const { help, labels }: MetricDefinition = METRICS[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  return {
    counter: (name: MetricName) => new Counter(describe(name)),
    gauge: (name: MetricName) => new Gauge(describe(name)),
    histogram(name: MetricName) {
      const { buckets = [] }: MetricDefinition = METRICS[name];
      return new Histogram({ ...describe(name), buckets: [...buckets] });
    },
  };
}
