import { Type } from 'typebox';
import { ProvisioningError } from '../../errors.ts';
import type { Group } from '../../site/revision.ts';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { IdSchema } from './labels.ts';
import { problemResponse } from './schemas.ts';

const GroupSchema = Type.Object(
  {
    id: IdSchema,
    file: Type.String(),
    profile: Type.Optional(Type.String()),
    match: Type.Record(Type.String(), Type.Array(Type.String())),
    priority: Type.Integer(),
    parameters: Type.Array(Type.String(), { description: 'The names of what it gives; values may be secret' }),
  },
  { title: 'Group' },
);

/** `/v1/groups` and `/v1/groups/{id}`. */
export function groupRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/groups',
    {
      schema: {
        operationId: 'listGroups',
        summary: 'All groups, by id',
        response: {
          200: Type.Object({ groups: Type.Array(GroupSchema) }),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async () => ({ groups: [...site.current().revision.groups.values()].map(groupJson) }),
  );
  app.get(
    '/v1/groups/:id',
    {
      schema: {
        operationId: 'getGroup',
        summary: 'One group',
        params: Type.Object({ id: IdSchema }),
        response: {
          200: GroupSchema,
          404: problemResponse('No such group'),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async (request) => {
      const group = site.current().revision.groups.get(request.params.id);
      if (group === undefined) throw new ProvisioningError('group-not-found', 'there is no group of this name');
      return groupJson(group);
    },
  );
}

function groupJson(group: Group) {
  return {
    id: group.id,
    file: group.file,
    ...(group.profile === undefined ? {} : { profile: group.profile.id }),
    match: Object.fromEntries([...group.selector].map(([key, values]) => [key, [...values]])),
    priority: group.priority,
    parameters: [...group.parameters.keys()],
  };
}
