import type { CaseOutcomes } from '../render/check.ts';
import type { Served } from '../render/served.ts';
import type { FilesCopy } from '../site/files-copy-file.ts';

/** A revision that can still be rendered: to answer requests that began with it, and to compare others with it. */
export interface KeptRevision {
  readonly served: Served;
  readonly copy: FilesCopy;
  readonly outcomes: CaseOutcomes;
}

/** Revisions that are kept, the served one included, and the bytes that they may take together. */
const MAX_KEPT = 8;
const MAX_KEPT_BYTES = 128 * 1024 * 1024;

/** How long the copy of files/ outlives its revision: requests that began with it have been answered by then. */
const LINGER_MS = 30_000;

/** The last revisions, whole. */
export interface KeptRevisions {
  /** Keeps one more, or again, and lets the oldest go when they are too many; never the one that is served. */
  keep(revision: KeptRevision, options: { readonly served: boolean }): void;
  find(id: string): KeptRevision | undefined;
  /** The copy of equal files/, when there is one. */
  findCopy(filesDigest: string): FilesCopy | undefined;
  /** Removes every copy. */
  close(): Promise<void>;
}

/** Keeps nothing yet. */
export function createKeptRevisions(): KeptRevisions {
  /** The newest first. */
  let kept: readonly KeptRevision[] = [];
  let servedId: string | undefined;
  const leaving = new Map<FilesCopy, NodeJS.Timeout>();

  function letGo(copy: FilesCopy): void {
    if (leaving.has(copy) || kept.some((each) => each.copy === copy)) return;
    const timer = setTimeout(() => {
      leaving.delete(copy);
      void copy.remove().catch(() => undefined);
    }, LINGER_MS);
    timer.unref();
    leaving.set(copy, timer);
  }

  function stay(copy: FilesCopy): void {
    clearTimeout(leaving.get(copy));
    leaving.delete(copy);
  }

  return {
    keep(revision, { served }) {
      const { id } = revision.served.revision;
      if (served) servedId = id;
      const all = [revision, ...kept.filter((each) => each.served.revision.id !== id)];
      const fitting = all.filter((each) => each.served.revision.id === servedId);
      for (const each of all) {
        if (!fitting.includes(each) && fits([...fitting, each])) fitting.push(each);
      }
      const before = [...kept, revision];
      kept = all.filter((each) => fitting.includes(each));
      stay(revision.copy);
      for (const { copy } of before) letGo(copy);
    },
    find: (id) => kept.find(({ served }) => served.revision.id === id),
    findCopy(filesDigest) {
      const found = kept.find(({ served }) => served.revision.filesDigest === filesDigest)?.copy;
      if (found !== undefined) stay(found);
      return found;
    },
    async close() {
      for (const timer of leaving.values()) clearTimeout(timer);
      const copies = new Set([...leaving.keys(), ...kept.map(({ copy }) => copy)]);
      await Promise.all([...copies].map((copy) => copy.remove()));
    },
  };
}

function fits(revisions: readonly KeptRevision[]): boolean {
  return revisions.length <= MAX_KEPT && bytesOf(revisions) <= MAX_KEPT_BYTES;
}

/** What revisions share counts once. */
function bytesOf(revisions: readonly KeptRevision[]): number {
  const buffers = new Set(revisions.flatMap(({ served }) => [...served.revision.documents.values()]));
  return [...buffers].reduce((sum, { length }) => sum + length, 0);
}
