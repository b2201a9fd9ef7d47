import { Type } from 'typebox';
import { describedMachine } from '../../site/machine-of.ts';
import { explain } from '../../site/selection.ts';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { acceptAll, OperatorLabelsSchema } from './labels.ts';
import { problemResponse, ReportSchema, reportJson } from './schemas.ts';

const SelectionSchema = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String(), { description: 'The machine as it was understood' }),
    profile: Type.Optional(Type.String()),
    group: Type.Optional(Type.String()),
    error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
    reports: Type.Array(ReportSchema),
    parameters: Type.Record(Type.String(), Type.String(), { description: 'Which file gives each parameter' }),
    groups: Type.Array(
      Type.Object({
        id: Type.String(),
        verdict: Type.String({
          enum: ['decides', 'contributes', 'contradicts', 'less-specific', 'other-profile', 'does-not-match'],
        }),
        mismatches: Type.Array(
          Type.Object({ key: Type.String(), reason: Type.String({ enum: ['absent', 'different'] }) }),
        ),
      }),
    ),
  },
  { title: 'Selection' },
);

/** `/v1/select`: which profile a machine gets, and why. */
export function selectRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/select',
    {
      schema: {
        operationId: 'select',
        summary: 'Which profile the groups select for the machine that the query describes, and why not another',
        querystring: OperatorLabelsSchema,
        response: {
          200: SelectionSchema,
          400: problemResponse('A label cannot be what it says'),
          503: problemResponse('No revision is served yet'),
        },
      },
      validatorCompiler: acceptAll,
    },
    async (request) => {
      const { revision } = site.current();
      const machine = describedMachine(revision.format, request.query);
      const { outcome, groups } = explain(revision, machine);
      const common = {
        labels: Object.fromEntries(machine.entries),
        groups: groups.map(({ group, verdict, mismatches }) => ({
          id: group.id,
          verdict,
          mismatches: mismatches.map(({ key, reason }) => ({ key, reason })),
        })),
      };
      if (!outcome.ok) {
        const { code, message, diagnostics } = outcome.error;
        const reports = diagnostics.map((diagnostic) => reportJson(diagnostic));
        return { ...common, error: { code, detail: message }, reports, parameters: {} };
      }
      const { profile, group, contributions } = outcome.selection;
      return {
        ...common,
        profile: profile.id,
        ...(group === undefined ? {} : { group: group.id }),
        reports: [],
        parameters: Object.fromEntries([...contributions].map(([name, { source }]) => [name, source])),
      };
    },
  );
}
