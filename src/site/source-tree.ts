import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostic.ts';
import { compareText } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import type { SiteFormat } from './revision.ts';

/** A site as it was read from disk, once, before anything is parsed. */
export interface SourceTree {
  /** As what it was read. */
  readonly format: SiteFormat;
  /** The bytes of site.yaml, profiles, fragments and groups, by path relative to the site, in the order of their paths. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** What is under files/. */
  readonly files: FileTree;
  /** What could not be taken: links that lead out, special files, limits. Each is a fault of the whole site. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A site of pilotlight's own that was never on a disk, by the paths of its documents and files. */
export function sourceTreeOf(texts: ReadonlyMap<string, string | Buffer>): SourceTree {
  const sorted = [...texts]
    .map(([path, text]) => [path, Buffer.isBuffer(text) ? text : Buffer.from(text)] as const)
    .sort(([a], [b]) => compareText(a, b));
  const files = sorted.flatMap(([path, content]) =>
    path.startsWith('files/')
      ? [[path.slice('files/'.length), { kind: 'file', content, executable: false }] as const]
      : [],
  );
  const documents = new Map(sorted.filter(([path]) => !path.startsWith('files/')));
  return { format: 'pilotlight', documents, files: new Map(files), diagnostics: [] };
}

/** SHA-256 over every input of a site: the name of its revision, the same in any directory and on any machine. */
export function digestTree(tree: SourceTree): string {
  const hash = createHash('sha256');
  if (tree.format === 'matchbox') hash.update('matchbox\n');
  for (const [path, content] of [...tree.documents].sort(([a], [b]) => compareText(a, b))) {
    hash.update(`${JSON.stringify([path, sha256(content)])}\n`);
  }
  hash.update(`${digestFiles(tree.files)}\n`);
  return hash.digest('hex');
}

/** SHA-256 over names, kinds and contents of files/. */
export function digestFiles(files: FileTree): string {
  const hash = createHash('sha256');
  for (const [path, entry] of [...files].sort(([a], [b]) => compareText(a, b))) {
    const content =
      entry.kind === 'file' ? [sha256(entry.content), entry.executable] : entry.kind === 'link' ? [entry.target] : [];
    hash.update(`${JSON.stringify([path, entry.kind, ...content])}\n`);
  }
  return hash.digest('hex');
}

/** SHA-256 of some bytes, hex. */
export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
