import type { Diagnostic, Parsed } from '../../diagnostic.ts';
import { compareText, hasErrors } from '../../diagnostic.ts';
import { selectorKey } from '../../machine/selector.ts';
import { missingProfile } from '../missing-profile.ts';
import type { Group, ParsedDocuments, ParsedProfile, Profile, Revision, SiteSettings } from '../revision.ts';
import type { SourceTree } from '../source-tree.ts';
import { digestFiles, digestTree, sha256 } from '../source-tree.ts';
import { parseMatchboxGroup } from './group.ts';
import { parseDocuments, parseMatchboxProfile } from './profile.ts';
import { indexMatchboxGroups } from './selection.ts';

/**
 * Turns matchbox's data directory into a revision. As with matchbox a group or a profile that does not parse is left out,
 * and named in `skipped`; what could not be read at all leaves `value` absent.
 */
export function parseMatchboxTree(
  tree: SourceTree,
  settings: SiteSettings,
  earlier: ParsedDocuments,
): Parsed<Revision> {
  const found: Diagnostic[] = [...tree.diagnostics];
  if (hasErrors(found)) return { diagnostics: found };
  const context = { documents: parseDocuments(tree.documents), contents: tree.documents };
  const profiles = new Map<string, ParsedProfile>();
  const groups = new Map<string, ParsedDocuments['groups'] extends ReadonlyMap<string, infer G> ? G : never>();
  for (const [path, content] of tree.documents) {
    const [, folder, id] = /^(groups|profiles)\/([^/]+)\.json$/s.exec(path) ?? [];
    if (id === undefined) continue;
    const digest = sha256(content);
    if (folder === 'profiles') {
      profiles.set(path, { digest, parsed: parseMatchboxProfile(id, content, path, context) });
      continue;
    }
    const known = earlier.groups.get(path);
    groups.set(path, known?.digest === digest ? known : { digest, parsed: parseMatchboxGroup(id, content, path) });
  }
  const skipped: string[] = [];
  const take = <T extends { readonly id: string }>(
    parsed: ReadonlyMap<string, { readonly parsed: Parsed<T> }>,
  ): ReadonlyMap<string, T> => {
    const taken: T[] = [];
    for (const [path, { parsed: each }] of parsed) {
      found.push(...each.diagnostics);
      if (each.value === undefined) skipped.push(path);
      else taken.push(each.value);
    }
    return new Map(taken.map((each) => [each.id, each] as const).sort(([a], [b]) => compareText(a, b)));
  };
  const takenProfiles: ReadonlyMap<string, Profile> = take(profiles);
  const takenGroups: ReadonlyMap<string, Group> = take(groups);
  found.push(...[...takenProfiles.values()].flatMap(({ diagnostics }) => diagnostics));
  found.push(...checkGroups(takenGroups, takenProfiles));
  const revision: Revision = Object.freeze({
    id: digestTree(tree),
    format: 'matchbox',
    settings,
    profiles: takenProfiles,
    groups: takenGroups,
    index: indexMatchboxGroups(takenGroups.values()),
    files: tree.files,
    filesDigest: digestFiles(tree.files),
    diagnostics: found,
    documents: tree.documents,
    settingsDigest: sha256(tree.documents.get('site.yaml') ?? ''),
    skipped,
    parsed: { fragments: new Map(), profiles, groups },
  });
  return { value: revision, diagnostics: found };
}

/** Groups that name no profile that exists, and groups between which matchbox would toss a coin. */
function checkGroups(groups: ReadonlyMap<string, Group>, profiles: ReadonlyMap<string, Profile>): Diagnostic[] {
  const found: Diagnostic[] = [];
  const bySelector = new Map<string, Group>();
  for (const group of groups.values()) {
    if (group.profile !== undefined && !profiles.has(group.profile.id)) {
      found.push(missingProfile(group.profile.id, group.profile.origin));
    }
    const key = selectorKey(group.selector);
    const other = bySelector.get(key);
    if (other === undefined) bySelector.set(key, group);
    else {
      const message = `the group has the same selector as ${other.file}, which is always taken before it`;
      found.push({ severity: 'warning', code: 'duplicate', message, origin: group.origin, hint: 'remove one of them' });
    }
  }
  return found;
}
