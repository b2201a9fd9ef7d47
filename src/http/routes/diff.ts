import { Type } from 'typebox';
import { ProvisioningError } from '../../errors.ts';
import { findDifference } from '../../live/difference.ts';
import type { KeptRevision } from '../../live/kept-revisions.ts';
import type { Renderer } from '../../render/renderer.ts';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { ChangesSchema, changesJson } from './revision.ts';
import { problemResponse } from './schemas.ts';

const MachineSchema = Type.Object(
  {
    profile: Type.String(),
    group: Type.Optional(Type.String()),
    giving: Type.Optional(Type.String({ description: 'A second group, which only gives parameters' })),
    what: Type.String({ enum: ['config', 'boot'], description: 'The Ignition config, or the script that boots it' }),
    change: Type.String({ enum: ['appears', 'disappears', 'changes', 'breaks', 'is-repaired', 'stays-broken'] }),
    from: Type.Optional(Type.String({ description: 'SHA-512 of the config or script before' })),
    to: Type.Optional(Type.String({ description: 'SHA-512 of the config or script after' })),
    patch: Type.Optional(Type.Integer({ description: 'Which of `patches` shows it' })),
  },
  { title: 'MachineDifference' },
);

const DifferenceSchema = Type.Object(
  {
    from: Type.String(),
    to: Type.String(),
    changes: ChangesSchema,
    machines: Type.Array(MachineSchema, {
      description: 'Profiles and groups whose machines get another config or boot, or none any more',
    }),
    same: Type.Integer({ description: 'Combinations of profile and groups that get the same bytes' }),
    patches: Type.Array(Type.String(), {
      description:
        'Unified diffs: of configs as indented JSON with the texts in them line by line, of boot scripts as they are',
    }),
    patchesLeftOut: Type.Integer(),
    more: Type.Integer({ description: 'Machines that were left out of the list' }),
  },
  { title: 'Difference' },
);

/** Machines in one answer. */
const SHOWN = 1000;

/** `/v1/diff`: which machines get other bytes in another revision, and what is different in them. */
export function diffRoutes(
  app: App,
  { site, renderer }: { readonly site: SiteState; readonly renderer: Renderer },
): void {
  app.get(
    '/v1/diff',
    {
      schema: {
        operationId: 'getDifference',
        summary: 'Which profiles and machines get other bytes in one revision than in another, and the difference',
        querystring: Type.Object(
          {
            from: Type.Optional(Type.String({ maxLength: 64, description: 'A revision; the served one by default' })),
            to: Type.Optional(
              Type.String({
                maxLength: 64,
                description: 'A revision; the refused one, else the served one, by default',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: DifferenceSchema,
          400: problemResponse('The query has another key'),
          404: problemResponse('A revision that is not there any more'),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async (request) => {
      const served = site.current().revision.id;
      const from = find(site, request.query.from ?? served);
      const to = find(site, request.query.to ?? site.refusal?.id ?? served);
      const difference = await findDifference(from, to, renderer);
      const { changes, machines, same, patches, patchesLeftOut } = difference;
      return {
        from: from.served.revision.id,
        to: to.served.revision.id,
        changes: changesJson(changes),
        machines: machines.slice(0, SHOWN).map((each) => ({ ...each })),
        same,
        patches: [...patches],
        patchesLeftOut,
        more: Math.max(0, machines.length - SHOWN),
      };
    },
  );
}

function find(site: SiteState, id: string): KeptRevision {
  const found = site.find(id);
  if (found !== undefined) return found;
  throw new ProvisioningError('revision-not-found', 'there is no such revision, or it is not kept any more');
}
