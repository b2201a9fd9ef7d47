import { access, readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Directories above a site in which a repository is looked for. */
const MAX_ABOVE = 8;

/**
 * Whether git is at work in the checkout that a directory is part of: it holds this lock from the first file that it
 * writes to the last, and what stands there meanwhile is half of one commit and half of another.
 */
export async function isGitAtWork(directory: string): Promise<boolean> {
  let place = await realpath(directory).catch(() => resolve(directory));
  for (let above = 0; above <= MAX_ABOVE; above += 1) {
    const git = await gitDirectoryOf(place);
    if (git !== undefined) return exists(join(git, 'index.lock'));
    if (dirname(place) === place) return false;
    place = dirname(place);
  }
  return false;
}

/** The git directory of a checkout; the file of a worktree says where it is (gitrepository-layout(5)). */
async function gitDirectoryOf(checkout: string): Promise<string | undefined> {
  const place = join(checkout, '.git');
  try {
    const text = await readFile(place, 'utf8');
    const target = /^gitdir: (.+?)\s*$/m.exec(text)?.[1];
    return target === undefined ? undefined : resolve(checkout, target);
  } catch (error) {
    const isDirectory = error instanceof Error && 'code' in error && error.code === 'EISDIR';
    return isDirectory ? place : undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
