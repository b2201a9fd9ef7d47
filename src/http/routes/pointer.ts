import { Type } from 'typebox';
import { ENCODINGS } from '../../pointer/encode.ts';
import type { PointerParts } from '../../pointer/pointer.ts';
import { pinOf, remarksOn, targetUrl } from '../../pointer/target.ts';
import { makeUserData } from '../../pointer/user-data.ts';
import type { Renderer } from '../../render/renderer.ts';
import { describedMachine } from '../../site/machine-of.ts';
import type { App } from '../app.ts';
import { POINTER_SETTINGS, readSettings, splitQuery } from '../pointer-settings.ts';
import type { SiteState } from '../site-state.ts';
import { acceptAll, FREE_LABELS, IdSchema, OperatorLabelsSchema } from './labels.ts';
import { problemResponse } from './schemas.ts';

const QuerySchema = Type.Object({ ...POINTER_SETTINGS, ...OperatorLabelsSchema.properties }, FREE_LABELS);

const PointerSchema = Type.Object(
  {
    profile: Type.String(),
    url: Type.String({ description: 'Where the pointer leads' }),
    specVersion: Type.String({ description: 'The oldest spec version that has all that the pointer uses' }),
    encoding: Type.String({ enum: [...ENCODINGS] }),
    bytes: Type.Integer({ description: 'The size as the platform counts it' }),
    limit: Type.Optional(
      Type.Object(
        {
          bytes: Type.Integer(),
          of: Type.String({
            enum: ['config', 'base64', 'value'],
            description: 'What counts: the config itself, its base64, or the value that is uploaded',
          }),
          source: Type.String({ description: 'Where the platform says so' }),
        },
        { description: 'How much the platform takes; absent where that is not known' },
      ),
    ),
    pin: Type.Optional(
      Type.Object(
        { sha512: Type.String(), specVersion: Type.String() },
        { description: 'The config that the pointer is pinned to' },
      ),
    ),
    content: Type.String({ description: 'The pointer in the format that was asked for' }),
    remarks: Type.Array(Type.String(), { description: 'What should be known about it, a sentence each' }),
  },
  { title: 'Pointer' },
);

/** `/v1/profiles/{id}/pointer`: the small config that leads a machine to a profile. */
export function pointerRoutes(
  app: App,
  {
    site,
    renderer,
    serviceUrl,
  }: { readonly site: SiteState; readonly renderer: Renderer; readonly serviceUrl?: string },
): void {
  app.get(
    '/v1/profiles/:id/pointer',
    {
      schema: {
        operationId: 'makePointer',
        summary: 'The small config that leads the machine that the query describes to a profile, for a cloud',
        params: Type.Object({ id: IdSchema }),
        querystring: QuerySchema,
        response: {
          200: PointerSchema,
          400: problemResponse('The query has a value that cannot be, or the pointer is too large for the platform'),
          404: problemResponse('No such profile, or, for a pin, a machine that is not known there'),
          406: problemResponse('The machine reads no spec that is new enough'),
          503: problemResponse('Nothing is served, nobody knows the public URL, or the profile does not render'),
        },
      },
      validatorCompiler: acceptAll,
    },
    async (request) => {
      const { id } = request.params;
      request.audit = { profile: id };
      const served = site.current();
      const { settings, labels } = splitQuery(request.query);
      const asked = readSettings(settings);
      const target = {
        machine: describedMachine(served.revision.format, labels),
        profileId: id,
        ...(asked.userData.accepts === undefined ? {} : { accepts: asked.userData.accepts }),
      };
      const url = targetUrl(served.revision, target, serviceUrl);
      const parts: PointerParts = {
        url,
        ...asked.parts,
        authorities: [],
        headers: [],
        ...(asked.pin ? { pin: await pinOf(renderer, served, target) } : {}),
      };
      const { content, specVersion, encoding, bytes, limit } = makeUserData(parts, asked.userData);
      return {
        profile: id,
        url,
        specVersion,
        encoding,
        bytes,
        ...(limit === undefined ? {} : { limit: { ...limit } }),
        ...(parts.pin === undefined ? {} : { pin: { ...parts.pin } }),
        content: content.toString(),
        remarks: [...remarksOn(parts)],
      };
    },
  );
}
