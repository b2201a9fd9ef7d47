import { posix } from 'node:path';

/** One entry below `files/`; `executable` is true when any of the three x bits is set, the way butane's trees look at it. */
export type FileTreeEntry =
  | { readonly kind: 'file'; readonly content: Buffer; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' };

/** What `files/` holds. Keys are paths relative to it, with `/` and without a leading one; its root has no entry. */
export type FileTree = ReadonlyMap<string, FileTreeEntry>;

/** The kernel's own bound on links in one path. */
const MAX_LINKS = 40;

/** The key that a `local` path has in the tree; butane takes absolute paths as below the files directory. */
export function treeKey(local: string): string {
  return posix.join('/', local).slice(1).replace(/\/$/, '');
}

/**
 * The key that `local` leads to once every symbolic link on the way is followed; undefined for a path that leaves the
 * tree or goes round in circles. The key need not exist.
 */
export function resolveLocal(files: FileTree, local: string): string | undefined {
  let rest = treeKey(local).split('/');
  let at = '';
  for (let links = 0; links <= MAX_LINKS; ) {
    const [head, ...tail] = rest;
    if (head === undefined) return at;
    const next = posix.join(at, head);
    const entry = files.get(next);
    if (entry?.kind === 'link') {
      const target = posix.join(at, entry.target);
      if (posix.isAbsolute(entry.target) || target === '..' || target.startsWith('../')) return undefined;
      links += 1;
      rest = [...treeKey(target).split('/'), ...tail];
      at = '';
    } else {
      at = next === '.' ? '' : next;
      rest = tail;
    }
  }
  return undefined;
}

/** The content of the file that `local` names, as butane would read it; undefined when there is none. */
export function readLocal(files: FileTree, local: string): Buffer | undefined {
  const key = resolveLocal(files, local);
  const entry = key === undefined ? undefined : files.get(key);
  return entry?.kind === 'file' ? entry.content : undefined;
}
