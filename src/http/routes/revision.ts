import { Type } from 'typebox';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { notReady } from '../site-state.ts';
import { problemResponse } from './schemas.ts';

const RevisionSchema = Type.Object(
  {
    id: Type.String({ description: 'SHA-256 of the inputs of the site' }),
    loadedAt: Type.String({ format: 'date-time' }),
    profiles: Type.Integer(),
    groups: Type.Integer(),
    strict: Type.Boolean({ description: 'A warning of butane is a fault of the profile' }),
    faults: Type.Integer({ description: 'Errors among the reports' }),
  },
  { title: 'Revision' },
);

/** `/v1/revision`: what is served. */
export function revisionRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/revision',
    {
      schema: {
        operationId: 'getRevision',
        summary: 'The revision that is served',
        response: { 200: RevisionSchema, 503: problemResponse('No revision is served yet') },
      },
    },
    async () => {
      const { revision } = site.current();
      const { loadedAt } = site;
      if (loadedAt === undefined) throw notReady();
      return {
        id: revision.id,
        loadedAt: loadedAt.toISOString(),
        profiles: revision.profiles.size,
        groups: revision.groups.size,
        strict: revision.settings.strict,
        faults: site.reports.items.filter((report) => report.diagnostic.severity === 'error').length,
      };
    },
  );
}
