import type { FileTree, FileTreeEntry } from '../fragment/file-tree.ts';
import type { Revision } from '../site/revision.ts';

/** Names of what was added, removed or changed, in their order. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What differs between two revisions, as their authors wrote them. */
export interface Changes {
  /** Ids. A profile counts as changed when a fragment that it uses did. */
  readonly profiles: NameChanges;
  /** Ids. */
  readonly groups: NameChanges;
  /** Paths in the site. */
  readonly fragments: NameChanges;
  /** Paths below files/. */
  readonly files: NameChanges;
  /** site.yaml changed, which concerns every profile. */
  readonly settings: boolean;
}

/** Compares two revisions. */
export function findChanges(earlier: Revision, later: Revision): Changes {
  const sameDigest = (a: { readonly digest: string }, b: { readonly digest: string }) => a.digest === b.digest;
  return {
    profiles: compareNames(earlier.profiles, later.profiles, sameDigest),
    groups: compareNames(earlier.groups, later.groups, sameDigest),
    fragments: compareNames(earlier.parsed.fragments, later.parsed.fragments, sameDigest),
    files: compareNames(earlier.files, later.files, sameEntry),
    settings: earlier.settingsDigest !== later.settingsDigest,
  };
}

function compareNames<T>(
  earlier: ReadonlyMap<string, T>,
  later: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): NameChanges {
  const changed = [...later].filter(([name, value]) => {
    const before = earlier.get(name);
    return before !== undefined && !same(before, value);
  });
  return {
    added: [...later.keys()].filter((name) => !earlier.has(name)).sort(),
    removed: [...earlier.keys()].filter((name) => !later.has(name)).sort(),
    changed: changed.map(([name]) => name).sort(),
  };
}

function sameEntry(a: FileTreeEntry, b: FileTreeEntry): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.executable === b.executable && a.content.equals(b.content);
  if (a.kind === 'link' && b.kind === 'link') return a.target === b.target;
  return a.kind === b.kind;
}

/** The same tree with the earlier one's bytes wherever they are equal, so that revisions share what they have in common. */
export function shareFiles(later: FileTree, earlier: FileTree): FileTree {
  return new Map(
    [...later].map(([path, entry]) => {
      const before = earlier.get(path);
      return [path, before !== undefined && sameEntry(before, entry) ? before : entry] as const;
    }),
  );
}
