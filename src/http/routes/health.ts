import { Type } from 'typebox';
import type { App } from '../app.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../problem.ts';
import type { SiteState } from '../site-state.ts';
import { notReady } from '../site-state.ts';

const Status = Type.Object({ status: Type.String({ enum: ['ok'] }) });

/** `/healthz`: the process answers. `/readyz`: it has a revision to serve. */
export function healthRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Tells that the process answers',
        response: { 200: Status },
        security: [],
      },
    },
    async () => ({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Tells that a revision is served',
        response: {
          200: Status,
          503: { description: 'Not yet', content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
        },
        security: [],
      },
    },
    async () => {
      if (!site.ready) throw notReady();
      return { status: 'ok' };
    },
  );
}
