import { Type } from 'typebox';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { problemResponse, ReportSchema, reportJson } from './schemas.ts';

const ReportsSchema = Type.Object(
  {
    revision: Type.String(),
    complete: Type.Boolean({
      description: 'Every profile has been rendered for every group since the revision was loaded',
    }),
    reports: Type.Array(ReportSchema),
  },
  { title: 'Reports' },
);

/** `/v1/reports`: everything that is wrong with the served revision. */
export function reportRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/reports',
    {
      schema: {
        operationId: 'listReports',
        summary: 'Everything that is wrong, or doubtful, with the served revision',
        response: { 200: ReportsSchema, 503: problemResponse('No revision is served yet') },
      },
    },
    async () => {
      const { revision } = site.current();
      const { complete, items } = site.reports;
      return {
        revision: revision.id,
        complete,
        reports: items.map(({ diagnostic, profile, group }) =>
          reportJson(diagnostic, {
            ...(profile === undefined ? {} : { profile }),
            ...(group === undefined ? {} : { group }),
          }),
        ),
      };
    },
  );
}
