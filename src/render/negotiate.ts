import { knownVersions, olderVersions, specOf } from '../butane/variants.ts';
import { ProvisioningError } from '../errors.ts';
import { emitButane } from '../fragment/emit.ts';
import type { MapNode } from '../fragment/node.ts';
import { child, childText, textNode, withChild } from '../fragment/node.ts';
import { newerChildren } from '../ignition/inline-children.ts';
import { differencesInEffect } from '../ignition/same-effect.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { compareSpecVersions, formatSpecVersion, parseSpecVersion } from '../ignition/spec-version.ts';
import type { Content, TranslateInput, Translator } from './translate.ts';

/** A config that was translated, with the cache's key for it. */
export interface Translated {
  readonly key: string;
  readonly content: Extract<Content, { readonly ok: true }>;
}

/** True when a client that accepts up to `accepts` can read a config of `specVersion`; one that names none takes all. */
export function isAcceptable(specVersion: string, accepts: SpecVersion | undefined): boolean {
  const version = parseSpecVersion(specVersion);
  return accepts === undefined || (version !== undefined && compareSpecVersions(version, accepts) <= 0);
}

/**
 * The refusal of a client that is too old. `keys` are what needs the newer spec; where no older version can be tried, so
 * that nobody can tell, `because` says why.
 */
export function notAcceptable(
  specVersion: string,
  accepts: SpecVersion,
  keys: readonly string[],
  because = '',
): ProvisioningError {
  const shown = keys.slice(0, 20).join(', ');
  const more = keys.length > 20 ? ` and ${keys.length - 20} more` : '';
  const need = keys.length === 0 ? '' : ` for ${shown}${more}`;
  const message = `the client accepts Ignition specs up to ${formatSpecVersion(accepts)}, and the config needs ${specVersion}${need}${because}`;
  return new ProvisioningError('spec-not-acceptable', message);
}

/**
 * Gives a client a config that it can read. When the translated one is too new, the document is translated again as the
 * newest older version of its variant, and that is served only if butane finds nothing to complain about and the result
 * has the same effect. Throws `spec-not-acceptable` that names the keys otherwise; the version is never just rewritten.
 */
export async function negotiate(
  translated: Translated,
  document: MapNode,
  input: TranslateInput,
  accepts: SpecVersion | undefined,
  translator: Translator,
): Promise<Translated> {
  const { specVersion } = translated.content;
  if (accepts === undefined) return translated;
  refuseNewerChildren(translated.content.body, accepts);
  if (isAcceptable(specVersion, accepts)) return translated;
  const variant = childText(document, 'variant') ?? '';
  const version = childText(document, 'version') ?? '';
  const older = olderVersions(variant, version, formatSpecVersion(accepts))[0];
  const origin = child(document, 'version')?.origin;
  if (older === undefined || origin === undefined) {
    throw notAcceptable(
      specVersion,
      accepts,
      [],
      `: no version of ${variant} gives an older spec than ${oldestSpec(variant)}`,
    );
  }

  const source = emitButane(withChild(document, 'version', textNode(older, origin)));
  const { key, content } = await translator.translate({ ...input, source });
  if (!content.ok) {
    const keys = content.failure.entries.flatMap((entry) => (entry.path === undefined ? [] : [keyOf(entry.path)]));
    throw notAcceptable(specVersion, accepts, unique(keys));
  }
  const known = new Set(translated.content.entries.map((entry) => `${entry.path} ${entry.message}`));
  const complaints = content.entries.filter(
    ({ path, message }) => !known.has(`${path} ${message}`) && !message.startsWith(SKIPPED),
  );
  const differences = differencesInEffect(
    JSON.parse(translated.content.body.toString('utf8')),
    JSON.parse(content.body.toString('utf8')),
  );
  const complained = complaints.map((entry) => keyOf(entry.path ?? '$'));
  // What butane had to leave out is missing from the result as well; its own word for it is the author's.
  const differing = differences.map(toButane).map(keyOf);
  const lost = [...complained, ...differing.filter((key) => !complained.some((each) => isAt(key, each)))];
  if (lost.length > 0 || !isAcceptable(content.specVersion, accepts)) {
    throw notAcceptable(specVersion, accepts, unique(lost));
  }
  return { key, content };
}

/** Throws `spec-not-acceptable` when a config carries another one in itself that the client cannot read. */
export function refuseNewerChildren(body: Buffer, accepts: SpecVersion): void {
  const newer = newerChildren(JSON.parse(body.toString('utf8')), accepts);
  const newest = newer
    .map(({ version }) => version)
    .sort(compareSpecVersions)
    .at(-1);
  if (newest === undefined) return;
  throw notAcceptable(formatSpecVersion(newest), accepts, unique(newer.map(({ path }) => keyOf(path))));
}

/** An Ignition path in Butane's spelling, as butane itself guesses it: `kernelArguments` is `kernel_arguments`. */
function toButane(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** True when `key` is `above`, or below it. */
function isAt(key: string, above: string): boolean {
  return key === above || key.startsWith(`${above}.`);
}

function oldestSpec(variant: string): string {
  return specOf(variant, knownVersions(variant)[0] ?? '') ?? 'that';
}

/** What butane says of an embedded config at another version than its own; all of them are checked otherwise. */
const SKIPPED = 'skipping validation for the merge/replace ignition config';

function keyOf(path: string): string {
  return path.replace(/^\$\.?/, '') || 'the whole config';
}

function unique(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)].sort();
}
