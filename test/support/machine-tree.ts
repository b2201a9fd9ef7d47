import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { scratchDirectory } from './site.ts';

/** A file with its mode, or a link. */
export type TreeEntry = string | { readonly text: string; readonly mode: number } | { readonly link: string };

/** What is on a machine's disk, by absolute path; a plain text is a file of mode 0644. */
export type Tree = Readonly<Record<string, TreeEntry>>;

/** Writes a tree into a folder that is removed after the test; gives the folder. */
export async function writeTree(t: TestContext, tree: Tree): Promise<string> {
  const root = await scratchDirectory(t);
  await addToTree(root, tree);
  return root;
}

/** Adds to a tree that Ignition wrote, say, what the operating system has there already. */
export async function addToTree(root: string, tree: Tree): Promise<void> {
  for (const [path, entry] of Object.entries(tree)) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (typeof entry === 'object' && 'link' in entry) {
      await symlink(entry.link, place);
      continue;
    }
    const { text, mode } = typeof entry === 'string' ? { text: entry, mode: 0o644 } : entry;
    await writeFile(place, text);
    await chmod(place, mode);
  }
}
