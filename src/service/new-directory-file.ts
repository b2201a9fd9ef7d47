import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ProvisioningError } from '../errors.ts';

/** Refuses early what {@link writeNewDirectory} would refuse in the end: a directory that holds something. */
export async function refuseUsedDirectory(directory: string): Promise<void> {
  const entries = await readdir(directory).catch(() => []);
  if (entries.length > 0)
    throw new ProvisioningError('config-invalid', `cannot write ${directory}: ${REASONS.ENOTEMPTY}`);
}

/** Writes documents, by their paths, as a directory that did not exist or is empty: whole, or not at all. */
export async function writeNewDirectory(
  directory: string,
  documents: ReadonlyMap<string, string | Buffer>,
): Promise<void> {
  const target = resolve(directory);
  let scratch: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    scratch = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const [path, text] of documents) {
      const file = join(scratch, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    // Takes the place of an empty directory, and fails on any other.
    await rename(scratch, target);
  } catch (cause) {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
    throw new ProvisioningError('config-invalid', `cannot write ${directory}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTEMPTY: 'the directory is not empty; name one that does not exist yet',
  EEXIST: 'it exists already; name one that does not',
  ENOTDIR: 'it exists already, and is no directory',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown fault';
  return REASONS['code' in cause ? String(cause.code) : ''] ?? cause.message;
}
