import assert from 'node:assert/strict';
import type { Diagnostic, Parsed } from '../../../src/diagnostic.ts';
import type { FileTree } from '../../../src/fragment/file-tree.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { parseMachine } from '../../../src/machine/machine.ts';
import { parseSite } from '../../../src/site/load.ts';
import type { Revision } from '../../../src/site/revision.ts';
import type { SourceTree } from '../../../src/site/source-tree.ts';

/** The documents of a site by their paths. */
export type Documents = Readonly<Record<string, string | Buffer>>;

/** A site as it would have been read from disk. */
export function sourceTree(documents: Documents, files: FileTree = new Map()): SourceTree {
  const sorted = Object.entries(documents).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    format: 'pilotlight',
    documents: new Map(sorted.map(([path, text]) => [path, Buffer.from(text)])),
    files,
    diagnostics: [],
  };
}

/** A site that is parsed without a disk. */
export function parsedSite(documents: Documents, files?: FileTree): Parsed<Revision> {
  return parseSite(sourceTree(documents, files));
}

/** A site without faults of the whole. */
export function revisionOf(documents: Documents, files?: FileTree): Revision {
  const { value, diagnostics } = parsedSite(documents, files);
  assert.ok(value, diagnostics.map(inOneLine).join('\n'));
  return value;
}

/** A machine that says these labels. */
export function machineOf(labels: Readonly<Record<string, string>> = {}): Machine {
  return parseMachine(labels, { from: 'query' });
}

/** A diagnostic as people read it, without its hint. */
export function inOneLine({ severity, code, message, path, origin }: Diagnostic): string {
  const place = origin === undefined ? '' : `${origin.file}:${origin.line}:${origin.column} `;
  return `${place}${severity} ${code}${path === undefined ? '' : ` ${path}`}: ${message}`;
}

/** The smallest profile there is. */
export const PLAIN = 'variant: fcos\nversion: 1.5.0\n';
