import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those that it lies in, which only this user can enter, as far as they are missing. Throws what the
 * file system does. Node.js' own `recursive` never ends where a file system says of a new folder in one that is there
 * that there is no such thing, as /proc and automounters do.
 */
export async function makeFolder(path: string): Promise<void> {
  for (const folder of await missingFolders(resolve(path))) {
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      // Somebody else may have made it meanwhile.
      if (!(await isFolder(folder))) throw error;
    }
  }
}

/** A folder, unless it is there, and those above it of which nothing is there; the outermost first. */
async function missingFolders(path: string): Promise<readonly string[]> {
  if (await isFolder(path)) return [];
  const missing = [path];
  for (let above = dirname(path); !(await isThere(above)) && above !== dirname(above); above = dirname(above)) {
    missing.unshift(above);
  }
  return missing;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
