import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './project.mjs';

/** The SHA-256 of texts and of the contents of files (given as `{ file }`, relative to the checkout), in their order. */
export async function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : await readFile(join(root, part.file));
    const name = typeof part === 'string' ? 'text' : part.file;
    // Lengths keep neighbours apart: moving a byte from one part to the next must give another digest.
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** Whether the stamp file holds exactly this digest. */
export async function isStamped(path, expected) {
  return (await readIfThere(join(root, path))) === expected;
}

/** Records that the work named by the digest is done. */
export async function stamp(path, value) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), value);
}

/** All files below a folder of the checkout, relative to the checkout and sorted; none when there is no such folder. */
export async function filesBelow(folder) {
  try {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readIfThere(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
