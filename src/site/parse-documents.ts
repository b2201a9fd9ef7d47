import type { Diagnostic, Parsed } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import { parseGroup } from './group.ts';
import { namedDocuments, notRead } from './named-documents.ts';
import { parseButaneProfile, parseComposedProfile, parseFragment, parseIgnitionProfile } from './profile.ts';
import type { Fragment, Group, ParsedDocuments, ParsedProfile, Profile } from './revision.ts';
import type { SourceTree } from './source-tree.ts';
import { sha256 } from './source-tree.ts';

/** Every fragment by its path; what is wrong with one concerns the profiles that name it. */
export function parseFragments(
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

/** Every profile by its path. What is wrong with its definition concerns the whole site. */
export function parseProfiles(
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

/** Every group by its path. An error in one concerns the whole site, since nobody can know whom it was for. */
export function parseGroups(
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
