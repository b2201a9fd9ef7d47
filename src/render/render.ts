import { isExperimental } from '../butane/variants.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { MapNode } from '../fragment/node.ts';
import { child, childText } from '../fragment/node.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import type { Machine } from '../machine/machine.ts';
import type { Selection } from '../site/outcome.ts';
import type { IgnitionProfile, MatchboxProfile, Profile, Revision } from '../site/revision.ts';
import { select } from '../site/selection.ts';
import type { Assembly } from './assemble.ts';
import { assemble } from './assemble.ts';
import { checkIgnition } from './ignition-profile.ts';
import type { FilledProfile } from './matchbox-profile.ts';
import { fillIgnition, raise } from './matchbox-profile.ts';
import type { Translated } from './negotiate.ts';
import { isAcceptable, negotiate, notAcceptable, refuseNewerChildren } from './negotiate.ts';
import { reportOn } from './report-on.ts';
import type { Served } from './served.ts';
import type { Finished, Translator } from './translate.ts';

/** Who asks for what. */
export interface RenderRequest {
  readonly machine: Machine;
  /** The profile that the request names; without it the groups select. */
  readonly profileId?: string;
  /** The newest spec version that the client reads; without it every version is fine. */
  readonly accepts?: SpecVersion;
}

/** A finished config and how it came about. */
export interface Rendered extends Finished {
  readonly profile: string;
  /** The group that decided. */
  readonly group?: string;
  /** All groups that contributed. */
  readonly groups: readonly string[];
  readonly layers: readonly string[];
  /** Warnings and remarks; an error would have been thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** The cache's key of the body; absent for a hand-written config. */
  readonly contentKey?: string;
  readonly timings: Timings;
}

/** Milliseconds that each stage of a render took. */
export interface Timings {
  readonly selectMs: number;
  readonly composeMs: number;
  readonly translateMs: number;
}

/** A rendered config with what a person wants to see beside it. */
export interface RenderedInFull extends Rendered {
  /** The Butane that was translated; absent for a hand-written config. */
  readonly butane?: string;
}

/** What a render needs beside the request. */
export interface RenderContext {
  readonly served: Served;
  readonly translator: Translator;
  readonly serviceUrl?: string;
  /** Milliseconds from any start; passed in so that the pipeline itself reads no clock. */
  readonly now: () => number;
  /** Throws when the profile's templates took too long a moment ago. */
  readonly refuseSlow: (profile: Profile) => void;
  /** Takes note of a profile whose templates take too long. */
  readonly noteSlow: (profile: Profile, error: ProvisioningError) => void;
}

/** What was selected for a machine, and how long that took. */
export interface Selected {
  readonly selection: Selection;
  readonly selectMs: number;
}

/** Picks the profile for the machine that asks; throws what `select` does. */
export function selectFor(request: RenderRequest, { served, now }: Pick<RenderContext, 'served' | 'now'>): Selected {
  const started = now();
  const selection = select(served.revision, request.machine, request.profileId);
  return { selection, selectMs: now() - started };
}

/**
 * The pipeline for one machine whose profile is selected: compose the layers and fill in the values, translate, negotiate
 * the spec version. A function of the profile and groups, the machine's values, files/, site.yaml, the butane binary and
 * the accepted version, and of nothing else. Throws {@link ProvisioningError}: `parameter-missing` for what the service
 * does not know, `spec-not-acceptable` for a client that is too old, `profile-broken` with diagnostics for what an author
 * has to repair, and what the translator throws.
 */
export async function render(
  { selection, selectMs }: Selected,
  request: RenderRequest,
  context: RenderContext,
): Promise<RenderedInFull> {
  const { served, translator, now } = context;
  const selected = now();
  const { profile } = selection;
  if (profile.kind === 'ignition') return deliverIgnition(profile, { selection, selectMs }, request, context);
  if (hasNoConfig(profile)) {
    throw new ProvisioningError('document-not-found', `the profile ${profile.id} boots machines, and has no config`);
  }
  if (profile.kind === 'composed' && profile.ignition !== undefined) {
    if (hasErrors(profile.diagnostics)) throw broken(profile, profile.diagnostics);
    return deliverIgnition(profile.ignition, { selection, selectMs }, request, context);
  }
  if (profile.kind === 'matchbox') return deliverMatchbox(profile, { selection, selectMs }, request, context);

  const assembly = assembleOrThrow({ ...selection, profile }, request, context);
  const assembled = now();
  const input = {
    source: assembly.source,
    // Strictness is applied to the reports, since some warnings are about what is checked here in another way.
    strict: false,
    filesDir: served.filesDir,
    filesDigest: served.revision.filesDigest,
  };
  const first = await translator.translate(input);
  const report = await reportOn(
    { ...first, assembly, profile: `${profile.id} ${profile.digest}` },
    input,
    served,
    translator,
  );
  if (!first.content.ok || hasErrors(report)) throw broken(profile, report);
  const translated: Translated = { key: first.key, content: first.content };
  const { key, content } = await negotiate(translated, assembly.document, input, request.accepts, translator);
  return {
    ...describe(selection, assembly.layers),
    body: content.body,
    specVersion: content.specVersion,
    sha512: content.sha512,
    diagnostics: assembly.diagnostics.length === 0 ? report : [...assembly.diagnostics, ...report],
    contentKey: key,
    butane: assembly.source.toString(),
    timings: { selectMs, composeMs: assembled - selected, translateMs: now() - assembled },
  };
}

/** True for a profile that only boots machines. */
export function hasNoConfig(profile: Profile): boolean {
  if (profile.kind !== 'composed' || hasErrors(profile.diagnostics)) return false;
  return profile.layers.length === 0 && profile.features === undefined && profile.ignition === undefined;
}

function describe(selection: Selection, layers: readonly string[]) {
  return {
    profile: selection.profile.id,
    ...(selection.group === undefined ? {} : { group: selection.group.id }),
    groups: selection.groups.map((group) => group.id),
    layers,
  };
}

async function deliverIgnition(
  profile: IgnitionProfile,
  { selection, selectMs }: Selected,
  request: RenderRequest,
  context: RenderContext,
): Promise<RenderedInFull> {
  const selected = context.now();
  const checked = await checkIgnition(profile, context.served, context.translator);
  if (!checked.ok) throw broken(selection.profile, checked.diagnostics);
  const { ok: _, ...finished } = checked;
  const { accepts } = request;
  if (accepts !== undefined && !isAcceptable(finished.specVersion, accepts)) {
    throw notAcceptable(finished.specVersion, accepts, [], ': it is written in Ignition, and served as it is');
  }
  if (accepts !== undefined) refuseNewerChildren(profile.bytes, accepts);
  return {
    ...describe(selection, [profile.file]),
    ...finished,
    timings: { selectMs, composeMs: 0, translateMs: context.now() - selected },
  };
}

/** A profile of matchbox is Butane or Ignition once its template is filled in. */
async function deliverMatchbox(
  profile: MatchboxProfile,
  { selection, selectMs }: Selected,
  request: RenderRequest,
  context: RenderContext,
): Promise<RenderedInFull> {
  context.refuseSlow(profile);
  const filled = fillOrNote(profile, selection, request.machine, context);
  try {
    const rendered =
      filled.profile.kind === 'ignition'
        ? await deliverIgnition(filled.profile, { selection, selectMs }, request, context)
        : await render({ selection: { ...selection, profile: filled.profile }, selectMs }, request, context);
    const raised = await raise(rendered, request.accepts, context.translator);
    const diagnostics = rendered.diagnostics.map(filled.place);
    return { ...rendered, ...raised, profile: profile.id, layers: [filled.profile.file], diagnostics };
  } catch (error) {
    if (!(error instanceof ProvisioningError) || error.diagnostics.length === 0) throw error;
    const diagnostics = error.diagnostics.map(filled.place);
    throw new ProvisioningError(error.code, error.message, { cause: error.cause, diagnostics });
  }
}

function fillOrNote(
  profile: MatchboxProfile,
  selection: Selection,
  machine: Machine,
  { noteSlow }: RenderContext,
): FilledProfile {
  try {
    return fillIgnition(profile, selection, machine);
  } catch (error) {
    if (error instanceof ProvisioningError && isSlow(error)) noteSlow(profile, error);
    throw error;
  }
}

function assembleOrThrow(
  selection: Parameters<typeof assemble>[0],
  request: RenderRequest,
  context: RenderContext,
): Assembly & { readonly diagnostics: readonly Diagnostic[] } {
  const { revision } = context.served;
  const { profile } = selection;
  context.refuseSlow(profile);
  const { serviceUrl, now } = context;
  const assembled = assemble(selection, {
    revision,
    machine: request.machine,
    now,
    ...(serviceUrl === undefined ? {} : { serviceUrl }),
  });
  const { value } = assembled;
  if (value === undefined) {
    const error = refusal(profile, assembled.diagnostics);
    if (isSlow(error)) context.noteSlow(profile, error);
    throw error;
  }
  const experimental = experimentalVersion(value.document, revision);
  if (experimental !== undefined) throw broken(profile, [...assembled.diagnostics, experimental]);
  return { ...value, diagnostics: assembled.diagnostics };
}

/** A machine that leaves out what only it can give is not known here; every other fault is the profile's. */
export function refusal(
  profile: Profile,
  diagnostics: readonly Diagnostic[],
  breaks: typeof broken = broken,
): ProvisioningError {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0 && errors.every((diagnostic) => diagnostic.code === 'parameter-missing')) {
    const names = errors.flatMap((diagnostic) => /`([\w.-]+)`/.exec(diagnostic.message)?.[1] ?? []);
    const message = `the profile ${profile.id} needs a value that this machine has not: ${[...new Set(names)].join(', ')}`;
    return new ProvisioningError('parameter-missing', message, { diagnostics });
  }
  return breaks(profile, diagnostics);
}

/** True for a profile whose templates used up their time or memory. */
export function isSlow(error: ProvisioningError): boolean {
  return error.diagnostics.some(({ code }) => code === 'template-limit');
}

function broken(profile: Profile, diagnostics: readonly Diagnostic[]): ProvisioningError {
  return new ProvisioningError('profile-broken', `the profile ${profile.id} does not render`, { diagnostics });
}

function experimentalVersion(document: MapNode, revision: Revision): Diagnostic | undefined {
  const version = childText(document, 'version');
  if (version === undefined || !isExperimental(version) || revision.settings.experimental) return undefined;
  return {
    severity: 'error',
    code: 'variant',
    message: `version ${version} is experimental: exactly one release of Ignition reads what it gives`,
    path: '$.version',
    origin: child(document, 'version')?.origin ?? document.origin,
    hint: 'use a stable version, or set `experimental: true` in site.yaml',
  };
}
