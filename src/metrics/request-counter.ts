import type { Counter, Histogram } from 'prom-client';
import type { Api } from './definitions.ts';
import type { Tallies, Tally } from './tally.ts';

/** How many different profiles are told apart. */
const MAX_PROFILES = 200;

/** No profile was asked for, or one that is not told apart. */
const NO_PROFILE = '';
const OTHER_PROFILE = 'other';

/** What one profile of one route has been answered, by status. */
type ByStatus = Map<number, Tally>;

/**
 * Counts one answered request of a route. `profile` is empty where none was asked for; of more than 200 different ones
 * the rest is counted as `other`. Without a duration only the count grows.
 */
export type RequestCounter = (api: Api, route: string, status: number, profile: string, durationMs?: number) => void;

/** Counts requests; the series of one is looked up without making anything, since every request passes here. */
export function createRequestCounter(requests: Counter, seconds: Histogram, tallies: Tallies): RequestCounter {
  interface Route {
    readonly seconds: Histogram.Internal<string>;
    readonly byProfile: Map<string, ByStatus>;
  }
  const apis: Readonly<Record<Api, Map<string, Route>>> = { machine: new Map(), operator: new Map() };
  const labels = new Set<string>([NO_PROFILE, OTHER_PROFILE]);
  const maxLabels = labels.size + MAX_PROFILES;
  return (api, route, status, wanted, durationMs) => {
    let known = apis[api].get(route);
    if (known === undefined) {
      known = { seconds: seconds.labels({ api, route }), byProfile: new Map() };
      apis[api].set(route, known);
    }
    if (!labels.has(wanted) && labels.size < maxLabels) labels.add(wanted);
    const profile = labels.has(wanted) ? wanted : OTHER_PROFILE;
    let byStatus = known.byProfile.get(profile);
    if (byStatus === undefined) {
      byStatus = new Map();
      known.byProfile.set(profile, byStatus);
    }
    let series = byStatus.get(status);
    if (series === undefined) {
      series = tallies.tally(requests.labels({ api, route, status: String(status), profile }));
      byStatus.set(status, series);
    }
    series.add();
    if (durationMs !== undefined) known.seconds.observe(durationMs / 1000);
  };
}
