import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { compareText, hasErrors } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import { child, childText } from '../fragment/node.ts';
import { selectorKey } from '../machine/selector.ts';
import { DEFAULT_BOOT_SETTINGS, readBootSettings } from './boot-settings.ts';
import { parseDefinition } from './definition.ts';
import { parseGroup } from './group.ts';
import { indexGroups } from './group-index.ts';
import { parseMatchboxTree } from './matchbox/load.ts';
import { DEFAULT_METADATA_SETTINGS, faultOfDialects, readMetadataSettings } from './metadata-settings.ts';
import { missingProfile } from './missing-profile.ts';
import { parseContributions } from './parameters.ts';
import { parseButaneProfile, parseComposedProfile, parseFragment, parseIgnitionProfile } from './profile.ts';
import type {
  Contribution,
  Fragment,
  Group,
  ParsedDocuments,
  ParsedProfile,
  Profile,
  Revision,
  SiteSettings,
} from './revision.ts';
import { findRivals } from './rivals.ts';
import type { SourceTree } from './source-tree.ts';
import { digestFiles, digestTree, sha256 } from './source-tree.ts';

/** What an id may be: it stands in URLs, file names and logs. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9._-]*$/;

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

function parseSettings(tree: SourceTree, fatal: Diagnostic[]): SiteSettings {
  const content = tree.documents.get('site.yaml');
  const none: SiteSettings = {
    strict: true,
    experimental: false,
    parameters: new Map<string, Contribution>(),
    boot: DEFAULT_BOOT_SETTINGS,
    metadata: DEFAULT_METADATA_SETTINGS,
  };
  if (content === undefined || isBlank(content)) return none;
  const parsed = parseDefinition('site', content, 'site.yaml');
  fatal.push(...parsed.diagnostics);
  const root = parsed.value;
  if (root === undefined) return none;
  fatal.push(...faultOfDialects(root));
  return {
    strict: (childText(root, 'strict') ?? 'true').toLowerCase() === 'true',
    experimental: childText(root, 'experimental')?.toLowerCase() === 'true',
    parameters:
      child(root, 'parameters') === undefined ? none.parameters : parseContributions(root, 'parameters', 'site.yaml'),
    boot: readBootSettings(root),
    metadata: readMetadataSettings(root),
  };
}

/** Nothing but comments is as good as no file. */
function isBlank(content: Buffer): boolean {
  return content
    .toString('utf8')
    .split('\n')
    .every((line) => /^\s*(?:#|$)/.test(line));
}

function parseFragments(
  tree: SourceTree,
  earlier: ParsedDocuments,
  contained: Diagnostic[],
): ReadonlyMap<string, Fragment> {
  const fragments = new Map<string, Fragment>();
  for (const [path, content] of tree.documents) {
    if (!path.startsWith('fragments/')) continue;
    if (!/\.bu(?:\.liquid)?$/.test(path)) {
      if (/\.(?:ya?ml|liquid|butane|toml|json)$/.test(path)) {
        contained.push(notRead(path, 'name it .bu, or .bu.liquid when it holds templates', 'warning'));
      }
      continue;
    }
    const known = earlier.fragments.get(path);
    const fragment = known?.digest === sha256(content) ? known : parseFragment(content, path);
    fragments.set(path, fragment);
    contained.push(...fragment.diagnostics);
  }
  return fragments;
}

type ProfileParser = (id: string, content: Buffer, file: string, context: ProfileContext) => Parsed<Profile>;

/** What a composed profile is parsed with. */
interface ProfileContext {
  readonly fragments: ReadonlyMap<string, Fragment>;
  readonly files: FileTree;
  readonly earlier: ParsedDocuments;
  readonly isKnown: boolean;
}

function composed(...[id, content, file, context]: Parameters<ProfileParser>): Parsed<Profile> {
  return parseComposedProfile(id, content, file, context, context.isKnown);
}

const PROFILE_PARSERS: Readonly<Record<string, ProfileParser>> = {
  bu: (id, content, file) => ({ value: parseButaneProfile(id, content, file), diagnostics: [] }),
  ign: (id, content, file) => ({ value: parseIgnitionProfile(id, content, file), diagnostics: [] }),
  yaml: composed,
  toml: composed,
};

function parseProfiles(
  tree: SourceTree,
  context: ProfileContext,
  fatal: Diagnostic[],
): ReadonlyMap<string, ParsedProfile> {
  const { fragments, earlier } = context;
  const profiles = new Map<string, ParsedProfile>();
  const documents = namedDocuments(tree, 'profiles/', Object.keys(PROFILE_PARSERS), fatal);
  for (const { id, path, content, ending } of documents) {
    const known = earlier.profiles.get(path);
    const digest = sha256(content);
    const isKnown = known?.digest === digest && dependsOnSame(known, earlier.fragments, fragments);
    const parsed = isKnown ? known.parsed : PROFILE_PARSERS[ending]?.(id, content, path, context);
    if (parsed === undefined) continue;
    fatal.push(...parsed.diagnostics);
    profiles.set(path, { digest, parsed });
  }
  return profiles;
}

/** A composed profile that was fine is the same as long as each fragment that it names is. */
function dependsOnSame(
  { parsed }: ParsedProfile,
  before: ReadonlyMap<string, Fragment>,
  now: ReadonlyMap<string, Fragment>,
): boolean {
  const profile = parsed.value;
  if (profile?.kind !== 'composed') return profile !== undefined;
  // Whether the files that it names are the same is found out by reading them again.
  if (profile.diagnostics.length > 0 || profile.ignition !== undefined) return false;
  return profile.layers.every(({ file }) => file === profile.file || before.get(file) === now.get(file));
}

function parseGroups(
  tree: SourceTree,
  { earlier, isKnown }: Pick<ProfileContext, 'earlier' | 'isKnown'>,
  fatal: Diagnostic[],
  contained: Diagnostic[],
): ParsedDocuments['groups'] {
  const groups = new Map<string, { readonly digest: string; readonly parsed: Parsed<Group> }>();
  for (const { id, path, content } of namedDocuments(tree, 'groups/', ['yaml', 'toml'], fatal)) {
    const known = earlier.groups.get(path);
    const digest = sha256(content);
    const parsed = known?.digest === digest ? known.parsed : parseGroup(id, content, path, isKnown);
    for (const diagnostic of parsed.diagnostics) {
      (diagnostic.severity === 'error' ? fatal : contained).push(diagnostic);
    }
    groups.set(path, { digest, parsed });
  }
  return groups;
}

interface NamedDocument {
  readonly id: string;
  readonly path: string;
  readonly content: Buffer;
  readonly ending: string;
}

/** Endings that people use for what is read under another one. */
const MISTAKEN_ENDINGS: Readonly<Record<string, string>> = {
  yml: '.yaml, or .bu for Butane',
  butane: '.bu',
  ignition: '.ign',
  json: '.ign for an Ignition config, or .yaml',
  liquid: '.yaml, with the template under fragments/',
};

function namedDocuments(
  tree: SourceTree,
  folder: string,
  endings: readonly string[],
  fatal: Diagnostic[],
): readonly NamedDocument[] {
  const byId = new Map<string, NamedDocument>();
  for (const [path, content] of tree.documents) {
    if (!path.startsWith(folder)) continue;
    const name = path.slice(folder.length);
    const dot = name.lastIndexOf('.');
    const ending = dot === -1 ? '' : name.slice(dot + 1);
    if (!endings.includes(ending)) {
      const wanted = MISTAKEN_ENDINGS[ending] ?? endings.map((each) => `.${each}`).join(', ');
      fatal.push(notRead(path, `${folder} holds files that end in ${wanted}`, 'error'));
      continue;
    }
    const id = name.slice(0, dot);
    const origin = { file: path, line: 1, column: 1 };
    if (!ID_PATTERN.test(id) || id.length > 128) {
      const message = `\`${printable(id)}\` is no id`;
      const hint = 'an id starts with a-z or 0-9 and holds only a-z, 0-9, `.`, `_` and `-`; rename the file';
      fatal.push({ severity: 'error', code: 'site-id', message, origin, hint });
      continue;
    }
    const other = byId.get(id);
    if (other !== undefined) {
      const message = `the id ${id} is taken by ${other.path} already`;
      fatal.push({ severity: 'error', code: 'duplicate', message, origin, hint: 'rename or remove one of the two' });
      continue;
    }
    byId.set(id, { id, path, content, ending });
  }
  return [...byId.values()];
}

function printable(id: string): string {
  return id.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}

function notRead(path: string, hint: string, severity: 'error' | 'warning'): Diagnostic {
  const origin = { file: path, line: 1, column: 1 };
  return { severity, code: 'site-file', message: 'this kind of file is not read here', origin, hint };
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
