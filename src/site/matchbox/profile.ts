import { posix } from 'node:path';
import type { Diagnostic, Parsed } from '../../diagnostic.ts';
import { hasErrors } from '../../diagnostic.ts';
import { decodeText } from '../../fragment/decode.ts';
import type { MapEntry, Node } from '../../fragment/node.ts';
import { compileGoTemplate } from '../../go-template/go-template.ts';
import type { MatchboxBoot, MatchboxDocument, MatchboxProfile } from '../revision.ts';
import { sha256 } from '../source-tree.ts';
import { GoReader, goField, parseJsonDocument } from './json-document.ts';

/** The documents that a profile may name: its key, and the folder that holds them. */
const DOCUMENTS = { ignition: 'ignition_id', generic: 'generic_id', cloud: 'cloud_id' } as const;

const FIELDS = ['id', 'name', 'boot', ...Object.values(DOCUMENTS)];
const BOOT_FIELDS = ['kernel', 'initrd', 'args'];

type DocumentKind = keyof typeof DOCUMENTS;

/** The folders of documents in a data directory. */
export const DOCUMENT_FOLDERS: readonly string[] = Object.keys(DOCUMENTS);

/** Documents of a site, by their path; each is parsed once however many profiles name it. */
export type Documents = ReadonlyMap<string, MatchboxDocument>;

/** Parses every document of a data directory: `.ign` and `.ignition` are hand-written, all others are Go templates. */
export function parseDocuments(contents: ReadonlyMap<string, Buffer>): Documents {
  const found = [...contents].filter(([path]) => DOCUMENT_FOLDERS.includes(path.split('/')[0] ?? ''));
  return new Map(found.map(([path, content]) => [path, parseDocument(path, content)]));
}

function parseDocument(file: string, content: Buffer): MatchboxDocument {
  if (/^ignition\/.*\.(?:ign|ignition)$/s.test(file)) {
    const digest = sha256(content);
    const config = { kind: 'ignition', id: file, file, bytes: content, digest, diagnostics: [] } as const;
    return { kind: 'config', file, config };
  }
  const decoded = decodeText(content, file);
  const template =
    decoded.value === undefined ? { diagnostics: decoded.diagnostics } : compileGoTemplate(decoded.value, file);
  return { kind: 'template', file, template };
}

/** The path of the document that a profile names; it never leaves its folder, whatever the name. */
export function documentPath(folder: string, name: string): string {
  return posix.join(folder, posix.join('/', name));
}

/** What a profile is parsed with. */
export interface ProfileContext {
  readonly documents: Documents;
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Parses a profile of matchbox. One with a fault, or without an id, does not exist, so it has no value. */
export function parseMatchboxProfile(
  id: string,
  content: Buffer,
  file: string,
  context: ProfileContext,
): Parsed<MatchboxProfile> {
  const parsed = parseJsonDocument(content, file);
  const root = parsed.value;
  if (root === undefined) return { diagnostics: parsed.diagnostics };
  const reader = new GoReader();
  const title = reader.text(goField(root, 'name'), '$.name');
  const given = reader.text(goField(root, 'id'), '$.id');
  const boot = readBoot(root, reader);
  const named = (Object.keys(DOCUMENTS) as DocumentKind[]).map((kind) => {
    const entry = goField(root, DOCUMENTS[kind]);
    return { kind, entry, name: reader.text(entry, `$.${DOCUMENTS[kind]}`) };
  });
  if (given === '' && !hasErrors(reader.diagnostics)) {
    const message = root.kind === 'map' ? 'the profile has no `id`' : 'a profile is a mapping';
    reader.diagnostics.push({ severity: 'error', code: 'schema', message, path: '$.id', origin: root.origin });
  }
  reader.known(root, '$', FIELDS);
  if (hasErrors(reader.diagnostics)) return { diagnostics: reader.diagnostics };
  const diagnostics: Diagnostic[] = [];
  const used: Partial<Record<DocumentKind, MatchboxDocument>> = {};
  for (const { kind, entry, name } of named) {
    if (name === '' || entry === undefined) continue;
    const document = findDocument(kind, name, context.documents);
    used[kind] = document;
    diagnostics.push(...faultsOf(document, DOCUMENTS[kind], entry));
  }
  const digests = Object.values(used).map(({ file }) => [file, sha256(context.contents.get(file) ?? '')]);
  const profile: MatchboxProfile = {
    kind: 'matchbox',
    id,
    file,
    digest: sha256(JSON.stringify([sha256(content), digests])),
    ...(title === '' ? {} : { title }),
    ...used,
    ...(boot === undefined ? {} : { boot }),
    diagnostics,
  };
  return { value: profile, diagnostics: [...parsed.diagnostics, ...reader.diagnostics] };
}

function readBoot(root: Node, reader: GoReader): MatchboxBoot | undefined {
  const boot = reader.map(goField(root, 'boot'), '$.boot');
  if (boot === undefined) return undefined;
  reader.known(boot, '$.boot', BOOT_FIELDS);
  return {
    kernel: reader.text(goField(boot, 'kernel'), '$.boot.kernel'),
    initrd: reader.texts(goField(boot, 'initrd'), '$.boot.initrd'),
    args: reader.texts(goField(boot, 'args'), '$.boot.args'),
  };
}

function findDocument(kind: DocumentKind, name: string, documents: Documents): MatchboxDocument {
  const file = documentPath(kind, name);
  return documents.get(file) ?? { kind: 'missing', file };
}

function faultsOf(document: MatchboxDocument, key: string, { value }: MapEntry): readonly Diagnostic[] {
  if (document.kind === 'template') return document.template.diagnostics;
  if (document.kind === 'config') return [];
  const message = `there is no file ${document.file}`;
  return [{ severity: 'error', code: 'reference', message, path: `$.${key}`, origin: value.origin }];
}
