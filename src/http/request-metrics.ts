import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api } from '../metrics/definitions.ts';
import { type Metrics, NO_METRICS } from '../metrics/metrics.ts';
import type { SiteState } from './site-state.ts';

/** Counts the requests of one API. */
export interface RequestMetrics {
  /** Counts a request that was answered. */
  count(request: FastifyRequest, reply: FastifyReply): void;
  /** Counts one whose client left before its answer was out. */
  countAbandoned(): void;
  /** Counts one that was no HTTP, and was answered all the same. */
  countUnread(status: number): void;
}

/** What they are counted with; without metrics nothing is counted. */
export interface RequestMetricsOptions {
  readonly site: SiteState;
  readonly metrics?: Metrics;
}

/** What stands for the route where none matched; the path may be anything. */
const UNMATCHED = 'unmatched';

/** What stands for the route of a metadata service, whose paths are those of a cloud. */
const METADATA = 'metadata';

/** Counts the requests of an API. A profile that is not served is `other`, since a client may ask for any. */
export function countRequests(api: Api, { site, metrics = NO_METRICS }: RequestMetricsOptions): RequestMetrics {
  const labelOf = (profile: unknown): string => {
    if (typeof profile !== 'string') return '';
    return site.ready && site.current().revision.profiles.has(profile) ? profile : 'other';
  };
  return {
    count(request, reply) {
      const { audit } = request;
      const { url = audit?.dialect === undefined ? UNMATCHED : METADATA } = request.routeOptions;
      if (audit?.code === 'internal') metrics.observeInternalError();
      metrics.observeRequest(api, url, reply.statusCode, labelOf(audit?.profile), reply.elapsedTime);
    },
    countAbandoned: () => metrics.observeAbandoned(api),
    countUnread: (status) => metrics.observeRequest(api, UNMATCHED, status, ''),
  };
}
