import { readlink, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { compareText } from '../diagnostic.ts';
import { ProvisioningError, reasonOf } from '../errors.ts';
import type { FileTreeEntry } from '../fragment/file-tree.ts';
import { BoundedReader } from './bounded-reader-file.ts';
import type { SiteLimits } from './limits.ts';
import { DEFAULT_SITE_LIMITS } from './limits.ts';
import type { SiteFormat } from './revision.ts';
import { recogniseFormat } from './site-format-file.ts';
import type { SourceTree } from './source-tree.ts';

interface DocumentFolder {
  readonly name: string;
  /** It may hold folders itself. */
  readonly nested: boolean;
  /** Of the files directly in it only these are read; all, where none is named. */
  readonly ending?: string;
}

/** The folders that hold documents. */
const DOCUMENT_FOLDERS: Readonly<Record<SiteFormat, readonly DocumentFolder[]>> = {
  pilotlight: [
    { name: 'profiles', nested: false },
    { name: 'fragments', nested: true },
    { name: 'groups', nested: false },
  ],
  matchbox: [
    { name: 'profiles', nested: false, ending: '.json' },
    { name: 'groups', nested: false, ending: '.json' },
    { name: 'ignition', nested: true },
    { name: 'generic', nested: true },
    { name: 'cloud', nested: true },
  ],
};

/**
 * Reads a site directory once. Only regular files that lie in the site, also after all links are followed, are taken;
 * whatever else stands in its folders is reported. Without `format` the directory tells it. Throws `site-invalid` when the directory itself cannot be read.
 */
export async function readSite(
  directory: string,
  limits: SiteLimits = DEFAULT_SITE_LIMITS,
  format?: SiteFormat,
): Promise<SourceTree> {
  let root: string;
  try {
    root = await realpath(directory);
    if (!(await stat(root)).isDirectory()) throw new Error('it is not a directory');
  } catch (error) {
    throw new ProvisioningError('site-invalid', `the site directory ${directory} cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return new SiteReader(new BoundedReader(root, limits), format ?? (await recogniseFormat(root))).read();
}

/** Files read at once; Node.js has four threads for it. */
const READERS = 8;

class SiteReader {
  readonly #reader: BoundedReader;
  readonly #root: string;
  readonly #limits: SiteLimits;
  readonly #format: SiteFormat;
  readonly #documents = new Map<string, Buffer>();
  readonly #files = new Map<string, FileTreeEntry>();
  #documentsBytes = 0;
  /** Where files/ really is, relative to the root. */
  #filesBase = 'files';

  constructor(reader: BoundedReader, format: SiteFormat) {
    this.#reader = reader;
    this.#root = reader.root;
    this.#limits = reader.limits;
    this.#format = format;
  }

  async read(): Promise<SourceTree> {
    const format = this.#format;
    // An empty data directory of matchbox is one that nothing was put into yet.
    let known = format === 'matchbox';
    for (const { name } of await this.#reader.list('')) {
      const folder = DOCUMENT_FOLDERS[format].find((each) => each.name === name);
      known ||= folder !== undefined || name === 'files' || name === 'site.yaml';
      if (folder !== undefined) await this.#readFolder(name, folder);
      else if (name === 'files' && format === 'pilotlight') await this.#readFiles('files', 'files', 0);
      else if (name === 'site.yaml') await this.#readDocument(name);
      else if (/^site\.(?:yml|toml|json)$/.test(name))
        this.#reader.fault(name, 'site-file', 'this file is not read', 'name it site.yaml');
    }
    if (!known) {
      this.#reader.fault(
        '.',
        'site-file',
        'the directory holds no site',
        'make a folder profiles/ with a Butane file in it',
      );
    }
    const documents = new Map([...this.#documents].sort(([a], [b]) => compareText(a, b)));
    const diagnostics = this.#reader.diagnostics.sort((a, b) =>
      compareText(a.origin?.file ?? '', b.origin?.file ?? ''),
    );
    return { format, documents, files: this.#files, diagnostics };
  }

  async #readFolder(path: string, folder: DocumentFolder, depth = 0): Promise<void> {
    if (!(await this.#reader.leadsInside(path))) return;
    if (!(await stat(join(this.#root, path))).isDirectory()) {
      this.#reader.fault(path, 'site-file', `${path} must be a folder`);
      return;
    }
    const plain: string[] = [];
    for (const entry of await this.#reader.list(path)) {
      if (entry.name.startsWith('.') || entry.name.endsWith('~')) continue;
      const inner = posix.join(path, entry.name);
      if (!this.#reader.count(inner)) return;
      if (folder.ending !== undefined && !entry.name.endsWith(folder.ending)) {
        this.#reader.notRead(inner, folder.ending);
        continue;
      }
      if (entry.isFile()) {
        plain.push(inner);
        continue;
      }
      if (!(await this.#reader.leadsInside(inner))) continue;
      const isFolder = (await stat(join(this.#root, inner))).isDirectory();
      if (!isFolder) await this.#readDocument(inner);
      else if (!folder.nested)
        this.#reader.fault(inner, 'site-file', `${path}/ holds no folders`, 'put the file directly into it');
      else if (depth >= this.#limits.depth) this.#reader.fault(inner, 'too-large', 'the folders are nested too deeply');
      else await this.#readFolder(inner, folder, depth + 1);
    }
    const readAll = async () => {
      for (let inner = plain.shift(); inner !== undefined; inner = plain.shift()) {
        // No link stands in this place, so nothing has to be followed to know where it leads.
        const read = await this.#reader.readRegular(join(this.#root, inner), inner, this.#limits.documentBytes);
        if (read !== undefined) this.#takeDocument(inner, read.content);
      }
    };
    await Promise.all(Array.from({ length: READERS }, readAll));
  }

  async #readDocument(path: string): Promise<void> {
    if (!(await this.#reader.leadsInside(path))) return;
    const read = await this.#reader.readLinked(path, path, this.#limits.documentBytes);
    if (read !== undefined) this.#takeDocument(path, read.content);
  }

  #takeDocument(path: string, content: Buffer): void {
    this.#documentsBytes += content.length;
    const limit = this.#limits.documentsBytes;
    if (this.#documentsBytes > limit) {
      const what = 'site.yaml, profiles, fragments and groups are';
      this.#reader.overflow(path, `${what} larger than ${limit} bytes in all`, 'put large contents into files/');
    }
    if (!this.#reader.full) this.#documents.set(path, content);
  }

  /** Takes what is at `source` as `path`; the two differ only where a link's content stands in for the link. */
  async #readFiles(source: string, path: string, depth: number): Promise<void> {
    if (!this.#reader.count(path)) return;
    const status = await this.#reader.lstat(source, path);
    if (status === undefined) return;
    if (status.isSymbolicLink()) return this.#readLink(source, path, depth);
    if (!status.isDirectory()) {
      const read = await this.#reader.readRegular(join(this.#root, source), path, this.#limits.fileBytes);
      if (read !== undefined) this.#files.set(inFiles(path), { kind: 'file', ...read });
      return;
    }
    if (depth > this.#limits.depth) return this.#reader.fault(path, 'too-large', 'the folders are nested too deeply');
    if (path !== 'files') this.#files.set(inFiles(path), { kind: 'directory' });
    for (const { name } of await this.#reader.list(source)) {
      if (name.startsWith('..')) continue;
      if (this.#reader.full) return;
      await this.#readFiles(posix.join(source, name), posix.join(path, name), depth + 1);
    }
  }

  /**
   * A relative link inside files/ stays a link, as butane's trees want it. One that passes through a name that is not
   * taken itself (Kubernetes' `..data`) is replaced by what it leads to, and so is files/ where it is a link.
   */
  async #readLink(source: string, path: string, depth: number): Promise<void> {
    const hint = 'use a relative link inside files/, or write storage.links for a link on the machine';
    if (!(await this.#reader.leadsInside(source, hint))) return;
    const real = relative(this.#root, await realpath(join(this.#root, source)))
      .split(sep)
      .join('/');
    if (path === 'files') {
      this.#filesBase = real;
      return this.#readFiles(real, path, depth);
    }
    const isBelow = (place: string) => place.startsWith(`${this.#filesBase}/`);
    const target = await readlink(join(this.#root, source));
    const lexical = posix.normalize(posix.join(posix.dirname(source), target));
    if (posix.isAbsolute(target) || !isBelow(lexical) || !isBelow(real)) {
      this.#reader.fault(path, 'site-link', 'the link leads out of files/', hint);
    } else if (lexical.split('/').some((part) => part.startsWith('..'))) {
      await this.#readFiles(real, path, depth + 1);
    } else {
      this.#files.set(inFiles(path), { kind: 'link', target });
    }
  }
}

function inFiles(path: string): string {
  return path.slice('files/'.length);
}
