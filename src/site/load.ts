import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { compareText, hasErrors } from '../diagnostic.ts';
import { selectorKey } from '../machine/selector.ts';
import { indexGroups } from './group-index.ts';
import { parseMatchboxTree } from './matchbox/load.ts';
import { missingProfile } from './missing-profile.ts';
import { parseFragments, parseGroups, parseProfiles } from './parse-documents.ts';
import type { Group, ParsedDocuments, Profile, Revision, SiteSettings } from './revision.ts';
import { findRivals } from './rivals.ts';
import { parseSettings, settingsWithoutUse } from './site-settings.ts';
import type { SourceTree } from './source-tree.ts';
import { digestFiles, digestTree, sha256 } from './source-tree.ts';

const NOTHING_PARSED: ParsedDocuments = { fragments: new Map(), profiles: new Map(), groups: new Map() };

/**
 * Turns what was read from disk into a revision. Faults of the whole site (see `docs/site.md`) leave `value` absent;
 * faults of one profile stay with that profile. What an earlier revision has parsed already is taken over from it.
 */
export function parseSite(tree: SourceTree, earlier: ParsedDocuments = NOTHING_PARSED): Parsed<Revision> {
  return parseTree(tree, earlier, false);
}

/** Turns a tree into a revision that it became before, so that nothing in it need be held against a schema now. */
export function parseKnownSite(tree: SourceTree): Parsed<Revision> {
  return parseTree(tree, NOTHING_PARSED, true);
}

function parseTree(tree: SourceTree, earlier: ParsedDocuments, isKnown: boolean): Parsed<Revision> {
  const fatal: Diagnostic[] = [...tree.diagnostics];
  const contained: Diagnostic[] = [];

  const settings = parseSettings(tree, fatal);
  if (tree.format === 'matchbox') {
    fatal.push(...settingsWithoutUse(tree));
    return parseMatchboxTree({ ...tree, diagnostics: fatal }, settings, earlier);
  }
  const fragments = parseFragments(tree, earlier, contained);
  const parsedProfiles = parseProfiles(tree, { fragments, files: tree.files, earlier, isKnown }, fatal);
  const parsedGroups = parseGroups(tree, { earlier, isKnown }, fatal, contained);
  const profiles = byId([...parsedProfiles.values()].map(({ parsed }) => parsed.value));
  const groups = byId([...parsedGroups.values()].map(({ parsed }) => parsed.value));
  checkSelectors(groups, fatal);
  if (profiles.size === 0 && !hasErrors(fatal)) {
    const origin = { file: 'profiles', line: 1, column: 1 };
    const message = 'the site has no profile';
    fatal.push({ severity: 'error', code: 'site-file', message, origin, hint: 'write profiles/NAME.bu' });
  }
  // What refers to something that could not be read is no fault of its own.
  if (hasErrors(fatal)) return { diagnostics: [...fatal, ...contained] };
  contained.push(...findRivals(groups.values(), profiles));
  for (const group of groups.values()) {
    if (group.profile !== undefined && !profiles.has(group.profile.id)) {
      contained.push(missingProfile(group.profile.id, group.profile.origin));
    }
  }
  contained.push(...faultOfDiscovery(settings, profiles));
  const revision: Revision = Object.freeze({
    id: digestTree(tree),
    format: 'pilotlight',
    settings,
    profiles,
    groups,
    index: indexGroups([...groups.values()].map((group) => [group.id, group.selector] as const)),
    files: tree.files,
    filesDigest: digestFiles(tree.files),
    diagnostics: [...fatal, ...contained],
    documents: new Map([...tree.documents, ...fileTexts(tree)]),
    settingsDigest: sha256(tree.documents.get('site.yaml') ?? ''),
    skipped: [],
    parsed: { fragments, profiles: parsedProfiles, groups: parsedGroups },
  });
  return { value: revision, diagnostics: revision.diagnostics };
}

/** Machines that nobody knows are promised a boot that has to be there. */
function faultOfDiscovery({ boot }: SiteSettings, profiles: ReadonlyMap<string, Profile>): readonly Diagnostic[] {
  if (typeof boot.unknown === 'string') return [];
  const { profile: id, origin } = boot.unknown;
  const path = '$.boot.unknown.profile';
  const profile = profiles.get(id);
  if (profile === undefined) return [{ ...missingProfile(id, origin), path }];
  if (profile.kind === 'composed' && profile.boot !== undefined) return [];
  const message = `the profile ${id} has no \`boot\`, so that unknown machines cannot boot it`;
  return [{ severity: 'error', code: 'boot', message, path, origin }];
}

function byId<T extends { readonly id: string }>(parsed: readonly (T | undefined)[]): ReadonlyMap<string, T> {
  const found = parsed.filter((each) => each !== undefined);
  return new Map(found.map((each) => [each.id, each] as const).sort(([a], [b]) => compareText(a, b)));
}

function fileTexts(tree: SourceTree): readonly (readonly [string, Buffer])[] {
  return [...tree.files].flatMap(([path, entry]) =>
    entry.kind === 'file' ? [[`files/${path}`, entry.content] as const] : [],
  );
}

/** Two groups with one selector end the load. */
function checkSelectors(groups: ReadonlyMap<string, Group>, fatal: Diagnostic[]): void {
  const bySelector = new Map<string, Group>();
  for (const group of groups.values()) {
    const key = selectorKey(group.selector);
    const other = bySelector.get(key);
    if (other !== undefined) {
      const message = `the group has the same selector as ${other.file}`;
      const hint = 'put both into one group';
      fatal.push({ severity: 'error', code: 'duplicate', message, origin: group.origin, hint });
      continue;
    }
    bySelector.set(key, group);
  }
}
