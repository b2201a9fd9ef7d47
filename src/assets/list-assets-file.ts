import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { compareText } from '../diagnostic.ts';
import { ProvisioningError, reasonOf } from '../errors.ts';

/** Entries that a folder of assets may have, and folders within folders. */
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 32;

/** The files of a folder by name, sorted, and which of the names are links. */
export interface AssetNames {
  readonly names: readonly string[];
  readonly links: ReadonlySet<string>;
}

/**
 * The names of all files in a folder that may be served. Links to folders are passed over: what is in them has a name of
 * its own. Throws `asset-unreadable` when the folder or one in it cannot be read, or is too large.
 */
export async function listAssets(folder: string): Promise<AssetNames> {
  const names: string[] = [];
  const links = new Set<string>();
  let entries = 0;
  const list = async (inner: string, depth: number): Promise<void> => {
    const found = await readFolder(folder, inner);
    entries += found.length;
    if (entries > MAX_ENTRIES || depth > MAX_DEPTH) {
      throw new ProvisioningError(
        'asset-unreadable',
        `${folder} holds more than ${MAX_ENTRIES} files, or ${MAX_DEPTH} levels`,
      );
    }
    for (const entry of found) {
      const name = posix.join(inner, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await list(name, depth + 1);
      else if (!entry.isSymbolicLink()) names.push(name);
      else if (!(await leadsToFolder(join(folder, name)))) {
        names.push(name);
        links.add(name);
      }
    }
  };
  await list('', 0);
  return { names: names.sort(compareText), links };
}

/** A link that leads nowhere is one to a file that is missing. */
function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

async function readFolder(folder: string, inner: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(join(await realpath(folder), inner), { withFileTypes: true });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new ProvisioningError('asset-unreadable', `the folder of assets cannot be read: ${reason}`, { cause });
  }
}
