import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostic.ts';
import type { FileTreeEntry } from '../fragment/file-tree.ts';
import type { CaseOutcomes } from '../render/check.ts';
import type { Content } from '../render/translate.ts';
import type { SiteFormat } from '../site/revision.ts';
import type { SourceTree } from '../site/source-tree.ts';
import { digestTree } from '../site/source-tree.ts';

/** A finished config, by the cache's key for it. */
export type KeptContent = readonly [key: string, content: Extract<Content, { readonly ok: true }>];

/** A revision with all that was made of it, as it is kept across restarts. */
export interface Snapshot {
  /** The absolute path of the site directory. */
  readonly site: string;
  readonly tree: SourceTree;
  readonly outcomes: CaseOutcomes;
  /** The most useful first: what does not fit is left out. */
  readonly contents: readonly KeptContent[];
  /** What was found out about documents, by the cache's key. */
  readonly reports: readonly (readonly [key: string, diagnostics: readonly Diagnostic[]])[];
}

/** Bounds on what a snapshot holds beside the site itself, in bytes. */
const MAX_CONTENT_BYTES = 64 * 1024 * 1024;
const MAX_REPORT_CHARACTERS = 8 * 1024 * 1024;

/** The largest snapshot that is read: a site, its contents, and the index of both. */
export const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;

const FORMAT = 'pilotlight-state 1';

/** What stands before the bytes: where each piece of them belongs. Sizes are in bytes, in the order of the pieces. */
interface Index {
  readonly site: string;
  /** Absent where an earlier release wrote it, which knew one format. */
  readonly format?: SiteFormat;
  readonly documents: readonly (readonly [path: string, size: number])[];
  readonly files: readonly IndexedFile[];
  readonly outcomes: readonly (readonly [key: string, sha512: string | null])[];
  readonly contents: readonly IndexedContent[];
  readonly reports: Snapshot['reports'];
}

interface IndexedContent extends Omit<KeptContent[1], 'ok' | 'body'> {
  readonly key: string;
  readonly size: number;
}

type IndexedFile =
  | { readonly path: string; readonly kind: 'file'; readonly executable: boolean; readonly size: number }
  | { readonly path: string; readonly kind: 'link'; readonly target: string }
  | { readonly path: string; readonly kind: 'directory' };

/**
 * The bytes of a snapshot, in pieces: a line with the format, the SHA-256 of the rest and the size of the index; the
 * index as JSON; then every document, file and config as it is.
 */
export async function encodeSnapshot(snapshot: Snapshot): Promise<readonly Buffer[]> {
  const { tree, outcomes } = snapshot;
  const contents = takeWhile(snapshot.contents, MAX_CONTENT_BYTES, ([, { body }]) => body.length);
  const reports = takeWhile(snapshot.reports, MAX_REPORT_CHARACTERS, (report) => JSON.stringify(report).length);
  const index: Index = {
    site: snapshot.site,
    format: tree.format,
    documents: [...tree.documents].map(([path, content]) => [path, content.length]),
    files: [...tree.files].map(([path, entry]) => indexFile(path, entry)),
    outcomes: [...outcomes].map(([key, sha512]) => [key, sha512 ?? null]),
    contents: contents.map(([key, { ok: _, body, ...about }]) => ({ key, size: body.length, ...about })),
    reports,
  };
  const indexed = Buffer.from(JSON.stringify(index));
  const pieces = [
    indexed,
    ...tree.documents.values(),
    ...[...tree.files.values()].flatMap((entry) => (entry.kind === 'file' ? [entry.content] : [])),
    ...contents.map(([, { body }]) => body),
  ];
  const hash = createHash('sha256');
  for (const piece of pieces) {
    hash.update(piece);
    // Machines are answered in between: hashing all of a large site would take tens of milliseconds.
    if (piece.length > 65_536) await new Promise((resolve) => setImmediate(resolve));
  }
  return [Buffer.from(`${FORMAT} ${hash.digest('hex')} ${indexed.length}\n`), ...pieces];
}

function takeWhile<T>(items: readonly T[], limit: number, sizeOf: (item: T) => number): readonly T[] {
  let left = limit;
  return items.filter((item) => {
    left -= sizeOf(item);
    return left >= 0;
  });
}

function indexFile(path: string, entry: FileTreeEntry): IndexedFile {
  if (entry.kind === 'directory') return { path, kind: 'directory' };
  if (entry.kind === 'link') return { path, kind: 'link', target: entry.target };
  return { path, kind: 'file', executable: entry.executable, size: entry.content.length };
}

/** A kept snapshot, and the name of its revision. */
export interface Decoded extends Snapshot {
  readonly revision: string;
}

/** Reads a snapshot back. Throws an Error that says what is wrong when a single bit of it is. */
export function decodeSnapshot(bytes: Buffer): Decoded {
  const end = bytes.subarray(0, 200).indexOf('\n');
  const match = /^pilotlight-state 1 ([0-9a-f]{64}) (\d{1,10})$/.exec(bytes.toString('latin1', 0, Math.max(0, end)));
  if (match === null) throw new Error('it was written by another version, or is no state at all');
  const rest = bytes.subarray(end + 1);
  if (createHash('sha256').update(rest).digest('hex') !== match[1]) throw new Error('its digest does not match');
  const indexSize = Number(match[2]);
  // What the digest vouches for was written by encodeSnapshot.
  const index: Index = JSON.parse(rest.toString('utf8', 0, indexSize));
  let offset = indexSize;
  const take = (size: number): Buffer => {
    offset += size;
    // A copy, so that what is needed last does not keep all the rest in memory.
    return Buffer.from(rest.subarray(offset - size, offset));
  };
  const tree: SourceTree = {
    format: index.format ?? 'pilotlight',
    documents: new Map(index.documents.map(([path, size]) => [path, take(size)])),
    files: new Map(index.files.map((file) => [file.path, takeFile(file, take)])),
    diagnostics: [],
  };
  const contents = index.contents.map(
    ({ key, size, ...about }): KeptContent => [key, { ok: true, body: take(size), ...about }],
  );
  // The first line says where the index ends, and the digest does not vouch for that line.
  if (offset !== rest.length) throw new Error('its sizes do not add up');
  const outcomes = new Map(index.outcomes.map(([key, sha512]) => [key, sha512 ?? undefined]));
  return { site: index.site, revision: digestTree(tree), tree, outcomes, contents, reports: index.reports };
}

function takeFile(file: IndexedFile, take: (size: number) => Buffer): FileTreeEntry {
  if (file.kind === 'file') return { kind: 'file', executable: file.executable, content: take(file.size) };
  return file.kind === 'link' ? { kind: 'link', target: file.target } : { kind: 'directory' };
}
