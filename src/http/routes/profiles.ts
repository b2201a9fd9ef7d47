import { Type } from 'typebox';
import { IGNITION_MODES } from '../../boot/ignition-arguments.ts';
import { hasErrors } from '../../diagnostic.ts';
import { ProvisioningError } from '../../errors.ts';
import type { Profile } from '../../site/revision.ts';
import type { App } from '../app.ts';
import { checkListQuery, listQuery, PAGE_FIELDS, pageById } from '../list.ts';
import type { SiteState } from '../site-state.ts';
import { IdSchema } from './labels.ts';
import { problemResponse, ReportSchema, reportJson } from './schemas.ts';

const KINDS = ['butane', 'ignition', 'composed', 'matchbox'];

const SummarySchema = Type.Object(
  {
    id: IdSchema,
    kind: Type.String({ enum: KINDS }),
    file: Type.String(),
    title: Type.Optional(Type.String()),
    broken: Type.Boolean({ description: 'It has faults that keep it from every machine' }),
    boots: Type.Optional(
      Type.String({
        enum: ['kernel', 'script', 'broken'],
        description: 'What boot loaders get of it: a kernel, its own iPXE script, or a report; absent without a boot',
      }),
    ),
  },
  { title: 'ProfileSummary' },
);

const BootSchema = Type.Object(
  {
    ignition: Type.String({ enum: [...IGNITION_MODES], description: 'How the machine is told where its config is' }),
    kernel: Type.Optional(Type.String()),
    initrd: Type.Optional(Type.Array(Type.String())),
    args: Type.Optional(Type.Array(Type.String())),
    ipxe: Type.Optional(Type.String({ description: 'A whole script' })),
  },
  { title: 'Boot', description: 'What a boot loader is told to boot, as it is written; templates are not filled in' },
);

const ProfileSchema = Type.Object(
  {
    ...SummarySchema.properties,
    layers: Type.Array(Type.Object({ file: Type.String(), conditional: Type.Boolean(), repeated: Type.Boolean() })),
    features: Type.Array(Type.String(), { description: 'The features that are below its layers' }),
    boot: Type.Optional(BootSchema),
    parameters: Type.Unknown({ description: 'The JSON Schema of its parameters' }),
    reports: Type.Array(ReportSchema),
  },
  { title: 'Profile' },
);

const ListSchema = listQuery({
  kind: Type.Optional(Type.String({ enum: KINDS, description: 'Only profiles that are written this way' })),
  broken: Type.Optional(Type.Boolean({ description: 'Only profiles that are broken, or only those that are not' })),
});

/** `/v1/profiles` and `/v1/profiles/{id}`. */
export function profileRoutes(app: App, { site }: { readonly site: SiteState }): void {
  app.get(
    '/v1/profiles',
    {
      schema: {
        operationId: 'listProfiles',
        summary: 'All profiles, by id',
        querystring: ListSchema,
        response: {
          200: Type.Object({ profiles: Type.Array(SummarySchema), ...PAGE_FIELDS }),
          400: problemResponse('A query key is not known, or cannot be what it says'),
          503: problemResponse('No revision is served yet'),
        },
      },
      validatorCompiler: checkListQuery,
    },
    async ({ query }) => {
      const { kind, broken } = query;
      const isBroken = brokenOf(site);
      const found = [...site.current().revision.profiles.values()].filter(
        (profile) =>
          (kind === undefined || profile.kind === kind) && (broken === undefined || isBroken(profile) === broken),
      );
      const { items, about } = pageById(found, query);
      return { profiles: items.map((profile) => summary(profile, isBroken)), ...about };
    },
  );
  app.get(
    '/v1/profiles/:id',
    {
      schema: {
        operationId: 'getProfile',
        summary: 'One profile: its features, layers, parameters and reports',
        params: Type.Object({ id: IdSchema }),
        response: {
          200: ProfileSchema,
          404: problemResponse('No such profile'),
          503: problemResponse('No revision is served yet'),
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      request.audit = { profile: id };
      const profile = site.current().revision.profiles.get(id);
      if (profile === undefined) throw new ProvisioningError('profile-not-found', 'there is no profile of this name');
      const found = site.reports.items.filter((report) => report.profile === profile.id);
      return {
        ...summary(profile, brokenOf(site)),
        layers: profile.kind === 'composed' ? profile.layers.map(layerJson) : [],
        features:
          profile.kind === 'composed' ? (profile.features?.blocks.map(({ feature }) => feature.name) ?? []) : [],
        ...bootJson(profile),
        parameters: profile.kind === 'composed' ? { ...profile.parameters.source } : {},
        reports: found.map((report) =>
          reportJson(report.diagnostic, report.group === undefined ? {} : { group: report.group }),
        ),
      };
    },
  );
}

function summary(profile: Profile, isBroken: (profile: Profile) => boolean) {
  const { id, kind, file, title } = profile;
  const boots = bootsOf(profile);
  return {
    id,
    kind,
    file,
    ...(title === undefined ? {} : { title }),
    broken: isBroken(profile),
    ...(boots === undefined ? {} : { boots }),
  };
}

function bootsOf(profile: Profile): string | undefined {
  if (profile.kind !== 'composed' || profile.boot === undefined) return undefined;
  return profile.boot.value?.content.kind ?? 'broken';
}

function bootJson(profile: Profile) {
  const boot = profile.kind === 'composed' ? profile.boot?.value : undefined;
  if (boot === undefined) return {};
  const { content, mode: ignition } = boot;
  if (content.kind === 'script') return { boot: { ignition, ipxe: content.script.text } };
  const texts = (scalars: typeof content.args) => scalars.map(({ text }) => text);
  const { kernel, initrds, args } = content;
  return { boot: { ignition, kernel: kernel.text, initrd: texts(initrds), args: texts(args) } };
}

/** Tells which profiles are broken. What cannot differ from machine to machine is broken for all of them by any error. */
function brokenOf(site: SiteState): (profile: Profile) => boolean {
  const errors = site.reports.items.filter(({ diagnostic }) => diagnostic.severity === 'error');
  const faulty = new Set(errors.map(({ profile }) => profile));
  return ({ id, kind, diagnostics }) =>
    hasErrors(diagnostics) || ((kind === 'butane' || kind === 'ignition') && faulty.has(id));
}

function layerJson(layer: { readonly file: string; readonly when?: unknown; readonly each?: unknown }) {
  return { file: layer.file, conditional: layer.when !== undefined, repeated: layer.each !== undefined };
}
