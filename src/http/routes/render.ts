import { Type } from 'typebox';
import { type ErrorCode, ProvisioningError } from '../../errors.ts';
import type { Renderer } from '../../render/renderer.ts';
import { describedMachine } from '../../site/machine-of.ts';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { acceptAll, IdSchema, OperatorLabelsSchema } from './labels.ts';
import { problemResponse, ReportSchema, reportJson } from './schemas.ts';

const RenderSchema = Type.Object(
  {
    profile: Type.String(),
    group: Type.Optional(Type.String()),
    groups: Type.Array(Type.String(), { description: 'All groups that contributed, the least specific first' }),
    layers: Type.Array(Type.String(), { description: 'The layers that took part, the lowest first' }),
    reports: Type.Array(ReportSchema),
    error: Type.Optional(
      Type.Object({ code: Type.String(), detail: Type.String() }, { description: 'Why nothing was rendered' }),
    ),
    butane: Type.Optional(Type.String({ description: 'The Butane that was translated' })),
    ignition: Type.Optional(Type.String({ description: 'The exact bytes that the machine gets' })),
    specVersion: Type.Optional(Type.String()),
    sha512: Type.Optional(Type.String()),
  },
  { title: 'Render' },
);

/** `/v1/profiles/{id}/render`: what a machine would get, with all that led to it. */
export function renderRoutes(
  app: App,
  { site, renderer }: { readonly site: SiteState; readonly renderer: Renderer },
): void {
  app.get(
    '/v1/profiles/:id/render',
    {
      schema: {
        operationId: 'renderProfile',
        summary: 'Renders a profile for the machine that the query describes',
        params: Type.Object({ id: IdSchema }),
        querystring: OperatorLabelsSchema,
        response: {
          200: RenderSchema,
          400: problemResponse('A label cannot be what it says'),
          404: problemResponse('No such profile'),
          503: problemResponse('No revision is served yet, or too much to do'),
        },
      },
      validatorCompiler: acceptAll,
    },
    async (request, reply) => {
      const { id } = request.params;
      request.audit = { profile: id };
      // It holds the config, which no cache is to keep on a disk.
      reply.header('Cache-Control', 'private, no-store');
      const served = site.current();
      const machine = describedMachine(served.revision.format, request.query);
      const none = { profile: id, groups: [], layers: [] };
      try {
        const rendered = await renderer.renderInFull(served, { machine, profileId: id });
        return {
          profile: id,
          ...(rendered.group === undefined ? {} : { group: rendered.group }),
          groups: [...rendered.groups],
          layers: [...rendered.layers],
          reports: rendered.diagnostics.map((diagnostic) => reportJson(diagnostic)),
          ...(rendered.butane === undefined ? {} : { butane: rendered.butane }),
          ignition: rendered.body.toString('utf8'),
          specVersion: rendered.specVersion,
          sha512: rendered.sha512,
        };
      } catch (error) {
        if (!(error instanceof ProvisioningError) || !AUTHORS_FAULT.has(error.code)) throw error;
        const reports = error.diagnostics.map((diagnostic) => reportJson(diagnostic));
        return { ...none, reports, error: { code: error.code, detail: error.message } };
      }
    },
  );
}

/** What an operator asks this route to find out; everything else is a problem of the request or the service. */
const AUTHORS_FAULT: ReadonlySet<ErrorCode> = new Set(['profile-broken', 'parameter-missing', 'selection-ambiguous']);
