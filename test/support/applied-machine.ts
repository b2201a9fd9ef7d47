import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { compareText } from '../../src/diagnostic.ts';

/** What a scratch root has before Ignition comes, and what Ignition leaves there about itself. */
const NOT_OURS = new Set([
  '/etc/passwd',
  '/etc/passwd-',
  '/etc/group',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/selinux/config',
  '/etc/.ignition-result.json',
]);

/** One file or link of a machine. */
export interface Leaf {
  /** Absolute, as the machine sees it. */
  readonly path: string;
  /** In octal; `link` for a symbolic link. */
  readonly mode: string;
  /** The content of a file or the target of a link. */
  readonly content: string;
}

/** Every file and link below a root that Ignition set up, by path. */
export async function readMachine(root: string): Promise<readonly Leaf[]> {
  const names = await readdir(root, { recursive: true });
  const leaves: Leaf[] = [];
  for (const name of names) {
    const path = `/${name}`;
    if (NOT_OURS.has(path)) continue;
    const status = await lstat(join(root, name));
    if (status.isSymbolicLink()) leaves.push({ path, mode: 'link', content: await readlink(join(root, name)) });
    if (status.isFile()) {
      const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
      const content = await readFile(join(root, name), 'utf8');
      // Ignition 2.14 writes the lines of a preset in any order.
      const stable = path.endsWith('.preset') ? content.split('\n').filter(Boolean).sort().join('\n') : content;
      leaves.push({ path, mode, content: stable });
    }
  }
  return leaves.sort((a, b) => compareText(a.path, b.path));
}

/** A machine as text that people compare: each file with its mode, its content indented below it. */
export function describeMachine(leaves: readonly Leaf[]): string {
  return leaves
    .map(({ path, mode, content }) => {
      if (mode === 'link') return `${path} -> ${content}\n`;
      const lines = content.split('\n').map((line) => (line === '' ? '' : `    ${line}`));
      return `${path} (${mode})\n${lines.join('\n')}`;
    })
    .join('\n');
}
