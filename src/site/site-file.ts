import { constants, type Dirent, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import type { Diagnostic, DiagnosticCode } from '../diagnostic.ts';
import { compareText } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { FileTreeEntry } from '../fragment/file-tree.ts';
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
    throw new ProvisioningError('site-invalid', `the site directory ${directory} cannot be read: ${reason(error)}`, {
      cause: error,
    });
  }
  return new SiteReader(root, limits, format ?? (await recogniseFormat(root))).read();
}

interface RegularFile {
  readonly content: Buffer;
  readonly executable: boolean;
}

/** Files read at once; Node.js has four threads for it. */
const READERS = 8;

class SiteReader {
  readonly #root: string;
  readonly #limits: SiteLimits;
  readonly #format: SiteFormat;
  readonly #documents = new Map<string, Buffer>();
  readonly #files = new Map<string, FileTreeEntry>();
  readonly #diagnostics: Diagnostic[] = [];
  #entries = 0;
  #bytes = 0;
  #documentsBytes = 0;
  #full = false;
  /** Where files/ really is, relative to the root. */
  #filesBase = 'files';

  constructor(root: string, limits: SiteLimits, format: SiteFormat) {
    this.#root = root;
    this.#limits = limits;
    this.#format = format;
  }

  async read(): Promise<SourceTree> {
    const format = this.#format;
    // An empty data directory of matchbox is one that nothing was put into yet.
    let known = format === 'matchbox';
    for (const { name } of await this.#list('')) {
      const folder = DOCUMENT_FOLDERS[format].find((each) => each.name === name);
      known ||= folder !== undefined || name === 'files' || name === 'site.yaml';
      if (folder !== undefined) await this.#readFolder(name, folder);
      else if (name === 'files' && format === 'pilotlight') await this.#readFiles('files', 'files', 0);
      else if (name === 'site.yaml') await this.#readDocument(name);
      else if (/^site\.(?:yml|toml|json)$/.test(name))
        this.#fault(name, 'site-file', 'this file is not read', 'name it site.yaml');
    }
    if (!known) {
      this.#fault('.', 'site-file', 'the directory holds no site', 'make a folder profiles/ with a Butane file in it');
    }
    const documents = new Map([...this.#documents].sort(([a], [b]) => compareText(a, b)));
    const diagnostics = this.#diagnostics.sort((a, b) => compareText(a.origin?.file ?? '', b.origin?.file ?? ''));
    return { format, documents, files: this.#files, diagnostics };
  }

  async #readFolder(path: string, folder: DocumentFolder, depth = 0): Promise<void> {
    if (!(await this.#leadsInside(path))) return;
    if (!(await stat(join(this.#root, path))).isDirectory()) {
      this.#fault(path, 'site-file', `${path} must be a folder`);
      return;
    }
    const plain: string[] = [];
    for (const entry of await this.#list(path)) {
      if (entry.name.startsWith('.') || entry.name.endsWith('~')) continue;
      const inner = posix.join(path, entry.name);
      if (!this.#count(inner)) return;
      if (folder.ending !== undefined && !entry.name.endsWith(folder.ending)) {
        this.#notRead(inner, folder.ending);
        continue;
      }
      if (entry.isFile()) {
        plain.push(inner);
        continue;
      }
      if (!(await this.#leadsInside(inner))) continue;
      const isFolder = (await stat(join(this.#root, inner))).isDirectory();
      if (!isFolder) await this.#readDocument(inner);
      else if (!folder.nested)
        this.#fault(inner, 'site-file', `${path}/ holds no folders`, 'put the file directly into it');
      else if (depth >= this.#limits.depth) this.#fault(inner, 'too-large', 'the folders are nested too deeply');
      else await this.#readFolder(inner, folder, depth + 1);
    }
    const readAll = async () => {
      for (let inner = plain.shift(); inner !== undefined; inner = plain.shift()) {
        // No link stands in this place, so nothing has to be followed to know where it leads.
        const read = await this.#readRegular(join(this.#root, inner), inner, this.#limits.documentBytes);
        if (read !== undefined) this.#takeDocument(inner, read.content);
      }
    };
    await Promise.all(Array.from({ length: READERS }, readAll));
  }

  async #readDocument(path: string): Promise<void> {
    if (!(await this.#leadsInside(path))) return;
    const read = await this.#readLinked(path, path, this.#limits.documentBytes);
    if (read !== undefined) this.#takeDocument(path, read.content);
  }

  #takeDocument(path: string, content: Buffer): void {
    this.#documentsBytes += content.length;
    const limit = this.#limits.documentsBytes;
    if (this.#documentsBytes > limit && !this.#full) {
      this.#full = true;
      const what = 'site.yaml, profiles, fragments and groups are';
      this.#fault(path, 'too-large', `${what} larger than ${limit} bytes in all`, 'put large contents into files/');
    }
    if (!this.#full) this.#documents.set(path, content);
  }

  /** Takes what is at `source` as `path`; the two differ only where a link's content stands in for the link. */
  async #readFiles(source: string, path: string, depth: number): Promise<void> {
    if (!this.#count(path)) return;
    const status = await this.#lstat(source, path);
    if (status === undefined) return;
    if (status.isSymbolicLink()) return this.#readLink(source, path, depth);
    if (!status.isDirectory()) {
      const read = await this.#readRegular(join(this.#root, source), path, this.#limits.fileBytes);
      if (read !== undefined) this.#files.set(inFiles(path), { kind: 'file', ...read });
      return;
    }
    if (depth > this.#limits.depth) return this.#fault(path, 'too-large', 'the folders are nested too deeply');
    if (path !== 'files') this.#files.set(inFiles(path), { kind: 'directory' });
    for (const { name } of await this.#list(source)) {
      if (name.startsWith('..')) continue;
      if (this.#full) return;
      await this.#readFiles(posix.join(source, name), posix.join(path, name), depth + 1);
    }
  }

  /**
   * A relative link inside files/ stays a link, as butane's trees want it. One that passes through a name that is not
   * taken itself (Kubernetes' `..data`) is replaced by what it leads to, and so is files/ where it is a link.
   */
  async #readLink(source: string, path: string, depth: number): Promise<void> {
    const hint = 'use a relative link inside files/, or write storage.links for a link on the machine';
    if (!(await this.#leadsInside(source, hint))) return;
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
      this.#fault(path, 'site-link', 'the link leads out of files/', hint);
    } else if (lexical.split('/').some((part) => part.startsWith('..'))) {
      await this.#readFiles(real, path, depth + 1);
    } else {
      this.#files.set(inFiles(path), { kind: 'link', target });
    }
  }

  async #lstat(source: string, path: string): Promise<Stats | undefined> {
    try {
      return await lstat(join(this.#root, source));
    } catch (error) {
      this.#fault(path, 'site-file', `this cannot be read: ${reason(error)}`);
      return undefined;
    }
  }

  /** The content of what a path leads to, which is known to lie in the site. */
  async #readLinked(source: string, path: string, limit: number): Promise<RegularFile | undefined> {
    try {
      return await this.#readRegular(await realpath(join(this.#root, source)), path, limit);
    } catch (error) {
      this.#fault(path, 'site-file', `the file cannot be read: ${reason(error)}`);
      return undefined;
    }
  }

  /** Opens without following a last link and without blocking on a FIFO, then looks at what really was opened. */
  async #readRegular(place: string, path: string, limit: number): Promise<RegularFile | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const status = await handle.stat();
      if (!status.isFile()) {
        this.#fault(path, 'site-file', 'this is no regular file', 'a site holds files, folders and links only');
        return undefined;
      }
      if (status.size > limit) {
        this.#fault(path, 'too-large', `the file is larger than ${limit} bytes`);
        return undefined;
      }
      const content = Buffer.alloc(status.size);
      let filled = 0;
      while (filled < content.length) {
        const { bytesRead } = await handle.read(content, filled, content.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      this.#bytes += filled;
      if (this.#bytes > this.#limits.totalBytes && !this.#full) {
        this.#full = true;
        this.#fault(path, 'too-large', `the site is larger than ${this.#limits.totalBytes} bytes in all`);
      }
      return this.#full ? undefined : { content: content.subarray(0, filled), executable: (status.mode & 0o111) !== 0 };
    } catch (error) {
      this.#fault(path, 'site-file', `the file cannot be read: ${reason(error)}`);
      return undefined;
    } finally {
      await handle?.close();
    }
  }

  async #list(path: string): Promise<readonly Dirent[]> {
    try {
      const entries = await readdir(join(this.#root, path), { withFileTypes: true });
      const readable = entries.filter(({ name }) => !name.includes('\ufffd'));
      for (const { name } of entries) {
        if (!name.includes('\ufffd')) continue;
        this.#fault(posix.join(path, name), 'encoding', 'the name of this file is not UTF-8', 'rename it');
      }
      return readable.sort((a, b) => compareText(a.name, b.name));
    } catch (error) {
      this.#fault(path || '.', 'site-file', `the folder cannot be read: ${reason(error)}`);
      return [];
    }
  }

  async #leadsInside(path: string, hint = 'copy the file into the site'): Promise<boolean> {
    try {
      const real = await realpath(join(this.#root, path));
      if (real === this.#root || real.startsWith(this.#root + sep)) return true;
      this.#fault(path, 'site-link', 'the link leads out of the site', hint);
    } catch (error) {
      this.#fault(path, 'site-link', `this leads nowhere: ${reason(error)}`, hint);
    }
    return false;
  }

  #count(path: string): boolean {
    this.#entries += 1;
    if (this.#entries <= this.#limits.entries) return !this.#full;
    if (!this.#full)
      this.#fault(path, 'too-large', `the site holds more than ${this.#limits.entries} files and folders`);
    this.#full = true;
    return false;
  }

  #notRead(path: string, ending: string): void {
    const origin = { file: path, line: 1, column: 1 };
    const message = `only files that end in ${ending} are read here`;
    this.#diagnostics.push({ severity: 'warning', code: 'site-file', message, origin });
  }

  #fault(path: string, code: DiagnosticCode, message: string, hint?: string): void {
    const origin = { file: path, line: 1, column: 1 };
    this.#diagnostics.push({ severity: 'error', code, message, origin, ...(hint === undefined ? {} : { hint }) });
  }
}

function inFiles(path: string): string {
  return path.slice('files/'.length);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message.split(',')[0] ?? code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'its links go round in a circle',
};
