import type { Diagnostic, Origin } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { TracedOutput } from '../go-template/go-template.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { compareSpecVersions, formatSpecVersion, parseSpecVersion } from '../ignition/spec-version.ts';
import { withVersion } from '../ignition/with-version.ts';
import type { Machine } from '../machine/machine.ts';
import { fillTemplate, templateData, traceTemplate } from '../site/matchbox/template-data.ts';
import type { Selection } from '../site/outcome.ts';
import { parseButaneProfile } from '../site/profile.ts';
import type { ButaneProfile, IgnitionProfile, MatchboxDocument, MatchboxProfile } from '../site/revision.ts';
import { findIntruders } from './query-text.ts';
import { FILES_HINT } from './reports.ts';
import type { Finished, Translator } from './translate.ts';
import { finishBody } from './translate.ts';

/** What a profile of matchbox is for one machine, and where in its files a report about that belongs. */
export interface FilledProfile {
  readonly profile: ButaneProfile | IgnitionProfile;
  readonly place: (diagnostic: Diagnostic) => Diagnostic;
}

/**
 * Fills in the Ignition document of a profile. Throws `document-not-found` where it has none, `parameter-missing` for what
 * the machine should have said, `label-invalid` for a label that would change the document beyond its place, and
 * `profile-broken`.
 */
export function fillIgnition(profile: MatchboxProfile, { group }: Selection, machine: Machine): FilledProfile {
  const document = presentDocument(profile, 'ignition');
  if (document.kind === 'config') return { profile: document.config, place: (diagnostic) => diagnostic };
  const { file, template } = document;
  const filled =
    template.value === undefined
      ? { diagnostics: template.diagnostics }
      : traceTemplate(template.value, templateData(group, machine));
  if (filled.value === undefined) throw refusal(profile, filled.diagnostics);
  const traced = filled.value;
  const butane = parseButaneProfile(profile.id, traced.output, file);
  refuseIntruders(findIntruders(traced, butane.document, machine, group));
  return {
    profile: butane,
    place: (diagnostic) => placeInTemplate(diagnostic, file, traced),
  };
}

/** Anyone may say any label, so none may become a part of the document that its author did not write. */
function refuseIntruders(keys: readonly string[]): void {
  if (keys.length === 0) return;
  const message = `the template puts ${keys.join(', ')} into its YAML, where the text is more than a value`;
  throw new ProvisioningError('label-invalid', message);
}

/** Text of a profile for one machine. Throws as {@link fillIgnition} does. */
export function fillText(
  profile: MatchboxProfile,
  kind: 'generic' | 'cloud',
  { group }: Selection,
  machine: Machine,
): Buffer {
  const document = presentDocument(profile, kind);
  if (document.kind === 'config') return document.config.bytes;
  const { value, diagnostics } = document.template;
  const filled = value === undefined ? { diagnostics } : fillTemplate(value, templateData(group, machine));
  if (filled.value === undefined) throw refusal(profile, filled.diagnostics);
  return filled.value;
}

function presentDocument(
  profile: MatchboxProfile,
  kind: 'ignition' | 'generic' | 'cloud',
): Exclude<MatchboxDocument, { readonly kind: 'missing' }> {
  const document = profile[kind];
  if (document === undefined) {
    throw new ProvisioningError('document-not-found', `the profile ${profile.id} names no ${kind} document`);
  }
  if (document.kind !== 'missing') return document;
  const diagnostics = profile.diagnostics.filter(({ code }) => code === 'reference');
  throw new ProvisioningError(
    'document-not-found',
    `the profile ${profile.id} names a ${kind} document that does not exist`,
    { diagnostics },
  );
}

function refusal({ id }: MatchboxProfile, diagnostics: readonly Diagnostic[]): ProvisioningError {
  const errors = diagnostics.filter((diagnostic) => hasErrors([diagnostic]));
  if (errors.length > 0 && errors.every(({ code }) => code === 'parameter-missing')) {
    const message = `the profile ${id} needs a label that this machine did not give`;
    return new ProvisioningError('parameter-missing', message, { diagnostics });
  }
  return new ProvisioningError('profile-broken', `the profile ${id} does not render`, { diagnostics });
}

/** A report about what a template gave as one about the template. */
function placeInTemplate(diagnostic: Diagnostic, file: string, traced: TracedOutput): Diagnostic {
  const { origin } = diagnostic;
  const hinted = diagnostic.hint === FILES_HINT ? { ...diagnostic, hint: NO_FILES_HINT } : diagnostic;
  if (origin === undefined || origin.file !== file) return hinted;
  return { ...hinted, origin: traced.originOf(byteOffset(traced.output, origin)) };
}

const NO_FILES_HINT = 'a data directory of matchbox has no folder for local files; write the content here, as `inline`';

/** The byte that a place stands for; columns count code points. */
function byteOffset(text: Buffer, { line, column }: Origin): number {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf(0x0a, start);
    if (end === -1) return text.length;
    start = end + 1;
  }
  const end = text.indexOf(0x0a, start);
  const characters = [...text.toString('utf8', start, end === -1 ? text.length : end)];
  return start + Buffer.byteLength(characters.slice(0, column - 1).join(''));
}

/** The spec version that matchbox writes; whatever is older is raised to it, which changes nothing else. */
const MATCHBOX_SPEC = { major: 3, minor: 4, patch: 0 };

/**
 * A config as matchbox gives it: of spec version 3.4.0 where it is older, unless the client reads no such version. The
 * specs from 3.0 to 3.4 only add keys, so the version is all that Ignition's own translation changes. Undefined where a
 * config stays as it is, as one with a key that its version does not know and the next one may.
 */
export async function raise(
  { body, specVersion, sha512, diagnostics }: Finished & { readonly diagnostics: readonly Diagnostic[] },
  accepts: SpecVersion | undefined,
  translator: Translator,
): Promise<(Finished & { readonly contentKey: string }) | undefined> {
  const version = parseSpecVersion(specVersion);
  if (version === undefined || compareSpecVersions(version, MATCHBOX_SPEC) >= 0) return undefined;
  if (accepts !== undefined && compareSpecVersions(accepts, MATCHBOX_SPEC) < 0) return undefined;
  if (diagnostics.some(({ severity }) => severity === 'warning')) return undefined;
  const raised = withVersion(body.toString('utf8'), formatSpecVersion(MATCHBOX_SPEC));
  if (raised === undefined) return undefined;
  const contentKey = JSON.stringify(['raised', sha512]);
  const content = await translator.cache.get(contentKey, async () => ({
    ok: true,
    entries: [],
    ...finishBody(Buffer.from(raised)),
  }));
  return content.ok ? { ...content, contentKey } : undefined;
}
