import { constants, type Dirent, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import type { Diagnostic, DiagnosticCode } from '../diagnostic.ts';
import { compareText } from '../diagnostic.ts';
import { reasonOf } from '../errors.ts';
import type { SiteLimits } from './limits.ts';

/** What a regular file held when it was read. */
export interface RegularFile {
  readonly content: Buffer;
  readonly executable: boolean;
}

/**
 * Reads what lies below one directory, within limits. It throws nothing: what cannot be read, leads out of the directory
 * or is too much is absent, and noted with its path. Only the `place` of a file is absolute; all else is relative to the
 * directory.
 */
export class BoundedReader {
  /** The directory, with no link in its path. */
  readonly root: string;
  readonly limits: SiteLimits;
  readonly diagnostics: Diagnostic[] = [];
  #full = false;
  #entries = 0;
  #bytes = 0;

  constructor(root: string, limits: SiteLimits) {
    this.root = root;
    this.limits = limits;
  }

  /** True once a limit of the whole is passed: nothing more is taken. */
  get full(): boolean {
    return this.#full;
  }

  /** What stands at a place, without following it; absent, with a fault, where that cannot be told. */
  async lstat(source: string, path: string): Promise<Stats | undefined> {
    try {
      return await lstat(join(this.root, source));
    } catch (error) {
      this.fault(path, 'site-file', `this cannot be read: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** The content of what a path leads to, which is known to lie in the site. */
  async readLinked(source: string, path: string, limit: number): Promise<RegularFile | undefined> {
    try {
      return await this.readRegular(await realpath(join(this.root, source)), path, limit);
    } catch (error) {
      this.fault(path, 'site-file', `the file cannot be read: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** The content of a file. Opens without following a last link and without blocking on a FIFO, then looks at what really was opened. */
  async readRegular(place: string, path: string, limit: number): Promise<RegularFile | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const status = await handle.stat();
      if (!status.isFile()) {
        this.fault(path, 'site-file', 'this is no regular file', 'a site holds files, folders and links only');
        return undefined;
      }
      if (status.size > limit) {
        this.fault(path, 'too-large', `the file is larger than ${limit} bytes`);
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
      if (this.#bytes > this.limits.totalBytes) {
        this.overflow(path, `the site is larger than ${this.limits.totalBytes} bytes in all`);
      }
      return this.#full ? undefined : { content: content.subarray(0, filled), executable: (status.mode & 0o111) !== 0 };
    } catch (error) {
      this.fault(path, 'site-file', `the file cannot be read: ${reasonOf(error)}`);
      return undefined;
    } finally {
      await handle?.close();
    }
  }

  /** What a folder holds, in the order of its names; a name that is not UTF-8 is a fault. */
  async list(path: string): Promise<readonly Dirent[]> {
    try {
      const entries = await readdir(join(this.root, path), { withFileTypes: true });
      const readable = entries.filter(({ name }) => !name.includes('\ufffd'));
      for (const { name } of entries) {
        if (!name.includes('\ufffd')) continue;
        this.fault(posix.join(path, name), 'encoding', 'the name of this file is not UTF-8', 'rename it');
      }
      return readable.sort((a, b) => compareText(a.name, b.name));
    } catch (error) {
      this.fault(path || '.', 'site-file', `the folder cannot be read: ${reasonOf(error)}`);
      return [];
    }
  }

  /** True for what lies in the directory, also after all links are followed; a fault otherwise. */
  async leadsInside(path: string, hint = 'copy the file into the site'): Promise<boolean> {
    try {
      const real = await realpath(join(this.root, path));
      if (real === this.root || real.startsWith(this.root + sep)) return true;
      this.fault(path, 'site-link', 'the link leads out of the site', hint);
    } catch (error) {
      this.fault(path, 'site-link', `this leads nowhere: ${reasonOf(error)}`, hint);
    }
    return false;
  }

  /** Counts a file or folder; false when no more are taken. */
  count(path: string): boolean {
    this.#entries += 1;
    if (this.#entries > this.limits.entries) {
      this.overflow(path, `the site holds more than ${this.limits.entries} files and folders`);
    }
    return !this.#full;
  }

  /** Takes nothing more from here on; only the first place that was too much is noted. */
  overflow(path: string, message: string, hint?: string): void {
    if (!this.#full) this.fault(path, 'too-large', message, hint);
    this.#full = true;
  }

  /** Warns that a file is left aside for its ending. */
  notRead(path: string, ending: string): void {
    const origin = { file: path, line: 1, column: 1 };
    const message = `only files that end in ${ending} are read here`;
    this.diagnostics.push({ severity: 'warning', code: 'site-file', message, origin });
  }

  /** Notes what is wrong at a place. */
  fault(path: string, code: DiagnosticCode, message: string, hint?: string): void {
    const origin = { file: path, line: 1, column: 1 };
    this.diagnostics.push({ severity: 'error', code, message, origin, ...(hint === undefined ? {} : { hint }) });
  }
}
