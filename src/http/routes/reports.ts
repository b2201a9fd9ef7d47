import { Type } from 'typebox';
import type { App } from '../app.ts';
import { checkListQuery, idFilter, PAGE_FIELDS, pageByPosition, positionalQuery } from '../list.ts';
import type { SiteReport, SiteState } from '../site-state.ts';
import { problemResponse, ReportSchema, reportJson, SEVERITIES } from './schemas.ts';

const ReportsSchema = Type.Object(
  {
    revision: Type.String(),
    complete: Type.Boolean({
      description: 'Every profile has been rendered for every group since the revision was loaded',
    }),
    reports: Type.Array(ReportSchema),
    ...PAGE_FIELDS,
  },
  { title: 'Reports' },
);

const ListSchema = positionalQuery({
  severity: Type.Optional(Type.String({ enum: [...SEVERITIES], description: 'Only reports of this severity' })),
  profile: idFilter('Only reports that came up for this profile'),
  group: idFilter('Only reports that came up for this group'),
});

/** `/v1/reports`: everything that is wrong with the served revision. */
export function reportRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/reports',
    {
      schema: {
        operationId: 'listReports',
        summary: 'Everything that is wrong, or doubtful, with the served revision',
        querystring: ListSchema,
        response: {
          200: ReportsSchema,
          400: problemResponse('A query key is not known or cannot be what it says'),
          404: problemResponse('The list has changed since the answer that `after` is from'),
          503: problemResponse('No revision is served yet'),
        },
      },
      validatorCompiler: checkListQuery,
    },
    async ({ query }) => {
      const { revision } = site.current();
      const { complete, items } = site.reports;
      const { severity, profile: ofProfile, group: ofGroup } = query;
      // The check of a revision still adds reports, so its id alone does not name the list.
      const name = `${revision.id}.${items.length}`;
      const passes = ({ diagnostic, profile, group }: SiteReport) =>
        (severity === undefined || diagnostic.severity === severity) &&
        (ofProfile === undefined || profile === ofProfile) &&
        (ofGroup === undefined || group === ofGroup);
      const page = pageByPosition(items, name, passes, query);
      return {
        revision: revision.id,
        complete,
        ...page.about,
        reports: page.items.map(({ diagnostic, profile, group }) =>
          reportJson(diagnostic, {
            ...(profile === undefined ? {} : { profile }),
            ...(group === undefined ? {} : { group }),
          }),
        ),
      };
    },
  );
}
