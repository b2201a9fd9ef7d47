import { Type } from 'typebox';
import type { Metrics } from '../../metrics/metrics.ts';
import type { App } from '../app.ts';

/** `/metrics`: what Prometheus asks for. */
export function metricsRoutes(app: App, { metrics }: { readonly metrics: Metrics }): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Counts and measures in the text format of Prometheus',
        produces: ['text/plain'],
        response: {
          200: { description: 'All metrics', content: { 'text/plain': { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.scrape();
      return reply.type(metrics.contentType).header('Cache-Control', 'no-store').send(text);
    },
  );
}
