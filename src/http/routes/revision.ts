import { Type } from 'typebox';
import { ProvisioningError } from '../../errors.ts';
import type { Broken } from '../../live/broken.ts';
import type { Changes } from '../../live/changes.ts';
import type { RevisionRecord } from '../../live/history.ts';
import type { Refusal, Reloaded } from '../../live/reloaded.ts';
import type { App } from '../app.ts';
import type { SiteState } from '../site-state.ts';
import { notReady } from '../site-state.ts';
import { problemResponse, ReportSchema, reportJson } from './schemas.ts';

const NamesSchema = Type.Object(
  { added: Type.Array(Type.String()), removed: Type.Array(Type.String()), changed: Type.Array(Type.String()) },
  { title: 'NameChanges' },
);

/** What differs between two revisions as they are written. */
export const ChangesSchema = Type.Object(
  {
    profiles: NamesSchema,
    groups: NamesSchema,
    fragments: NamesSchema,
    files: NamesSchema,
    settings: Type.Boolean({ description: 'site.yaml changed' }),
  },
  { title: 'Changes' },
);

const BrokenSchema = Type.Object(
  {
    profile: Type.Optional(Type.String()),
    group: Type.Optional(Type.String()),
    giving: Type.Optional(Type.String({ description: 'A second group, which only gives parameters' })),
    file: Type.Optional(Type.String({ description: 'A file that would be left out because it does not parse' })),
    reason: Type.String(),
  },
  { title: 'Broken' },
);

const RefusalSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Absent when the site could not be read or does not parse' })),
    since: Type.String({ format: 'date-time' }),
    reason: Type.String({
      enum: ['invalid', 'breaks'],
      description: 'It does not parse, or something that is served would not render',
    }),
    broken: Type.Array(BrokenSchema, { description: 'What would not render any more' }),
    reports: Type.Array(ReportSchema),
    more: Type.Integer({ description: 'What was left out of the two lists' }),
  },
  { title: 'Refusal' },
);

const RevisionSchema = Type.Object(
  {
    id: Type.String({ description: 'SHA-256 of the inputs of the site' }),
    loadedAt: Type.String({ format: 'date-time', description: 'Served since' }),
    source: Type.String({ enum: ['site', 'state'], description: 'The site, or what was kept across a restart' }),
    profiles: Type.Integer(),
    groups: Type.Integer(),
    strict: Type.Boolean({ description: 'A warning of butane is a fault of the profile' }),
    checked: Type.Boolean({ description: 'Every profile was rendered for every group' }),
    faults: Type.Integer({ description: 'Errors among the reports' }),
    refused: Type.Optional(RefusalSchema),
  },
  { title: 'Revision' },
);

const RecordSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Absent when the site could not be read or does not parse' })),
    at: Type.String({ format: 'date-time' }),
    outcome: Type.String({ enum: ['served', 'refused'] }),
    source: Type.String({ enum: ['site', 'state'] }),
    forced: Type.Boolean({ description: 'It broke something, and an operator wanted it all the same' }),
    comparable: Type.Boolean({ description: 'It is still there for /v1/diff' }),
    changes: Type.Optional(ChangesSchema),
  },
  { title: 'RevisionRecord' },
);

const ReloadedSchema = Type.Object(
  { outcome: Type.String({ enum: ['served', 'unchanged'] }), revision: Type.String() },
  { title: 'Reloaded' },
);

/** Reports and broken things in one answer; the log and lint have them all. */
const SHOWN = 100;

/** `/v1/revision`: what is served, and what is not. `/v1/revisions`: the last ones. `/v1/reload`: reads the site again. */
export function revisionRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/revision',
    {
      schema: {
        operationId: 'getRevision',
        summary: 'The revision that is served, and the newest one when that was refused',
        response: { 200: RevisionSchema, 503: problemResponse('No revision is served yet') },
      },
    },
    async () => {
      const { revision } = site.current();
      const { loadedAt, source, refusal, reports } = site;
      if (loadedAt === undefined || source === undefined) throw notReady();
      return {
        id: revision.id,
        loadedAt: loadedAt.toISOString(),
        source,
        profiles: revision.profiles.size,
        groups: revision.groups.size,
        strict: revision.settings.strict,
        checked: reports.complete,
        faults: reports.items.filter((report) => report.diagnostic.severity === 'error').length,
        ...(refusal === undefined ? {} : { refused: refusalJson(refusal) }),
      };
    },
  );
  app.get(
    '/v1/revisions',
    {
      schema: {
        operationId: 'listRevisions',
        summary: 'The last revisions, the newest first: what became of them, and what changed',
        response: {
          200: Type.Object({ revisions: Type.Array(RecordSchema) }),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async () => {
      site.current();
      return { revisions: site.records.map((record) => recordJson(record, site)) };
    },
  );
  app.post(
    '/v1/reload',
    {
      schema: {
        operationId: 'reload',
        summary: 'Reads the site again, and tells what became of it',
        querystring: Type.Object(
          {
            force: Type.Optional(
              Type.String({
                enum: ['true', 'false'],
                description: 'Serve the site even if something does not render any more that did',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: ReloadedSchema,
          400: problemResponse('The query has another key, or another value'),
          409: problemResponse('The site was refused; /v1/revision tells why'),
          503: problemResponse('Nothing is served yet, or the service could not find out whether the site is good'),
        },
      },
    },
    async (request) => {
      site.current();
      return reloadedJson(await site.reload({ force: request.query.force === 'true' }));
    },
  );
}

function refusalJson({ id, since, reason, broken, reports }: Refusal) {
  return {
    ...(id === undefined ? {} : { id }),
    since: since.toISOString(),
    reason,
    broken: broken.slice(0, SHOWN).map((each: Broken) => ({ ...each })),
    reports: reports.slice(0, SHOWN).map(({ diagnostic, profile, group }) =>
      reportJson(diagnostic, {
        ...(profile === undefined ? {} : { profile }),
        ...(group === undefined ? {} : { group }),
      }),
    ),
    more: Math.max(0, broken.length - SHOWN) + Math.max(0, reports.length - SHOWN),
  };
}

function recordJson({ id, at, outcome, source, forced, changes }: RevisionRecord, site: SiteState) {
  return {
    ...(id === undefined ? {} : { id }),
    at: at.toISOString(),
    outcome,
    source,
    forced,
    comparable: id !== undefined && site.find(id) !== undefined,
    ...(changes === undefined ? {} : { changes: changesJson(changes) }),
  };
}

/** Changes as lists that can be serialized. */
export function changesJson({ profiles, groups, fragments, files, settings }: Changes) {
  const names = ({ added, removed, changed }: Changes['profiles']) => ({
    added: [...added],
    removed: [...removed],
    changed: [...changed],
  });
  return {
    profiles: names(profiles),
    groups: names(groups),
    fragments: names(fragments),
    files: names(files),
    settings,
  };
}

function reloadedJson(reloaded: Reloaded) {
  switch (reloaded.outcome) {
    case 'refused':
      throw new ProvisioningError('revision-refused', describeRefusal(reloaded.refusal));
    case 'failed':
      throw new ProvisioningError('not-ready', `the site could not be checked: ${reloaded.reason}`);
    default:
      return { outcome: reloaded.outcome, revision: reloaded.revision };
  }
}

function describeRefusal({ reason, broken, reports }: Refusal): string {
  return reason === 'invalid'
    ? `the site has faults that concern all of it (${reports.length}); GET /v1/revision tells them`
    : `some configs that are served would not render any more (${broken.length}); GET /v1/revision tells which`;
}
