import { Type } from 'typebox';
import { ProvisioningError } from '../../errors.ts';
import { instancePath } from '../../metadata/tokens.ts';
import type { Group } from '../../site/revision.ts';
import type { App } from '../app.ts';
import { checkListQuery, idFilter, listQuery, PAGE_FIELDS, pageById } from '../list.ts';
import type { MetadataKey } from '../metadata-answers.ts';
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

const OneGroupSchema = Type.Object(
  {
    ...GroupSchema.properties,
    metadataPath: Type.Optional(
      Type.String({
        description:
          'What a path of a metadata service has before it so that it is about a machine of this group, wherever it is asked from; whoever knows it reads what they read',
      }),
    ),
  },
  { title: 'OneGroup' },
);

const ListSchema = listQuery({ profile: idFilter('Only groups that name this profile') });

/** What the routes need. */
interface GroupRoutesOptions {
  readonly site: SiteState;
  /** Makes the ids of instances, where metadata services may be spoken. */
  readonly metadata?: MetadataKey;
}

/** `/v1/groups` and `/v1/groups/{id}`. */
export function groupRoutes(app: App, { site, metadata }: GroupRoutesOptions): void {
  app.get(
    '/v1/groups',
    {
      schema: {
        operationId: 'listGroups',
        summary: 'All groups, by id',
        querystring: ListSchema,
        response: {
          200: Type.Object({ groups: Type.Array(GroupSchema), ...PAGE_FIELDS }),
          400: problemResponse('A query key is not known, or cannot be what it says'),
          503: problemResponse('No revision is served yet'),
        },
      },
      validatorCompiler: checkListQuery,
    },
    async ({ query }) => {
      const { profile } = query;
      const found = [...site.current().revision.groups.values()].filter(
        (group) => profile === undefined || group.profile?.id === profile,
      );
      const { items, about } = pageById(found, query);
      return { groups: items.map(groupJson), ...about };
    },
  );
  app.get(
    '/v1/groups/:id',
    {
      schema: {
        operationId: 'getGroup',
        summary: 'One group',
        params: Type.Object({ id: IdSchema }),
        response: {
          200: OneGroupSchema,
          404: problemResponse('No such group'),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async (request) => {
      const { groups, settings } = site.current().revision;
      const group = groups.get(request.params.id);
      if (group === undefined) throw new ProvisioningError('group-not-found', 'there is no group of this name');
      const speaks = metadata !== undefined && [...metadata.dialects, ...settings.metadata.dialects].length > 0;
      return {
        ...groupJson(group),
        ...(speaks ? { metadataPath: instancePath(metadata.key, group.id) } : {}),
      };
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
