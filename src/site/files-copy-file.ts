import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compareText } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import { makeFolder } from './make-folder-file.ts';

/** A private copy of a site's files/, which is all that butane may read. */
export interface FilesCopy {
  /** Absolute path. */
  readonly directory: string;
  /** Where the copy lies when the state directory could not be written: the system's temporary directory. */
  readonly fallback: boolean;
  /** What came of the state directory then. */
  readonly fault?: unknown;
  /** Removes the copy. */
  remove(): Promise<void>;
}

/** Memory, for when no disk takes the copy; only Linux has it. */
const IN_MEMORY = '/dev/shm';

/**
 * Writes files/ into a fresh directory that only this process's user can enter: below `stateDir`, else below the system's
 * temporary directory, else in memory. A disk that is full or read-only keeps no machine from its config.
 */
export async function copyFiles(
  files: FileTree,
  stateDir: string | undefined,
  lastResort = IN_MEMORY,
): Promise<FilesCopy> {
  const places = [...(stateDir === undefined ? [] : [stateDir]), tmpdir(), lastResort];
  let fault: unknown;
  for (const place of places) {
    try {
      const directory = await copyInto(place, files, place === stateDir);
      const fallback = stateDir !== undefined && place !== stateDir;
      return { ...directory, fallback, ...(fallback ? { fault } : {}) };
    } catch (error) {
      fault ??= error;
    }
  }
  throw notWritten([...new Set(places.slice(0, -1))].join(' or '), fault);
}

async function copyInto(place: string, files: FileTree, isState: boolean): Promise<Omit<FilesCopy, 'fallback'>> {
  if (isState) {
    await makeFolder(place);
    await removeLeftovers(place);
  }
  const directory = await mkdtemp(join(place, `${PREFIX}${process.pid}-${RUN}-`));
  const removeAtExit = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  const remove = async () => {
    await rm(directory, { recursive: true, force: true });
    process.removeListener('exit', removeAtExit);
  };
  try {
    await writeFiles(files, directory);
  } catch (error) {
    await remove();
    throw error;
  }
  return { directory, remove };
}

async function writeFiles(files: FileTree, directory: string): Promise<void> {
  // Folders come before what is in them, since a prefix sorts first.
  for (const [path, entry] of [...files].sort(([a], [b]) => compareText(a, b))) {
    const target = join(directory, path);
    await mkdir(entry.kind === 'directory' ? target : dirname(target), { recursive: true, mode: 0o700 });
    if (entry.kind === 'file')
      await writeFile(target, entry.content, { mode: entry.executable ? 0o700 : 0o600, flag: 'wx' });
    if (entry.kind === 'link') await symlink(entry.target, target);
  }
}

function notWritten(places: string, cause: unknown): ProvisioningError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
  const message = `files/ cannot be copied to ${places}${reason}: set --state-dir or TMPDIR to a directory that can be written`;
  return new ProvisioningError('config-invalid', message, { cause });
}

const PREFIX = 'pilotlight-files-';

/** Tells this process from an earlier one of the same number, as in a container, where every one is number 1. */
const RUN = randomBytes(4).toString('hex');

/** Copies of processes that were killed are nobody's: their process is gone, or its number is ours now. */
async function removeLeftovers(stateDir: string): Promise<void> {
  for (const name of await readdir(stateDir)) {
    const [, pid, run] = new RegExp(`^${PREFIX}(\\d+)-(\\w+)-`).exec(name) ?? [];
    if (pid === undefined || run === RUN) continue;
    if (Number(pid) !== process.pid && isAlive(Number(pid))) continue;
    await rm(join(stateDir, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
