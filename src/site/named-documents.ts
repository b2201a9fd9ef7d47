import type { Diagnostic } from '../diagnostic.ts';
import type { SourceTree } from './source-tree.ts';

/** What an id may be: it stands in URLs, file names and logs. */
const ID_PATTERN = /^[a-z0-9][a-z0-9._-]*$/;

/** A document whose file name is an id and an ending. */
export interface NamedDocument {
  readonly id: string;
  readonly path: string;
  readonly content: Buffer;
  readonly ending: string;
}

/** Endings that people use for what is read under another one, where profiles are. */
const MISTAKEN_ENDINGS: Readonly<Record<string, string>> = {
  yml: '.yaml, or .bu for Butane',
  butane: '.bu',
  ignition: '.ign',
  json: '.ign for an Ignition config, or .yaml',
  liquid: '.yaml, with the template under fragments/',
};

/** The documents directly in a folder that have one of the endings, each id once; faults of all other files are added. */
export function namedDocuments(
  tree: SourceTree,
  folder: string,
  endings: readonly string[],
  fatal: Diagnostic[],
): readonly NamedDocument[] {
  const byId = new Map<string, NamedDocument>();
  for (const [path, content] of tree.documents) {
    if (!path.startsWith(folder)) continue;
    const name = path.slice(folder.length);
    const dot = name.lastIndexOf('.');
    const ending = dot === -1 ? '' : name.slice(dot + 1);
    if (!endings.includes(ending)) {
      const meant = endings.includes('bu') ? MISTAKEN_ENDINGS[ending] : undefined;
      const wanted = meant ?? endings.map((each) => `.${each}`).join(', ');
      fatal.push(notRead(path, `${folder} holds files that end in ${wanted}`, 'error'));
      continue;
    }
    const id = name.slice(0, dot);
    const origin = { file: path, line: 1, column: 1 };
    if (!ID_PATTERN.test(id) || id.length > 128) {
      const message = `\`${printable(id)}\` is no id`;
      const hint = 'an id starts with a-z or 0-9 and holds only a-z, 0-9, `.`, `_` and `-`; rename the file';
      fatal.push({ severity: 'error', code: 'site-id', message, origin, hint });
      continue;
    }
    const other = byId.get(id);
    if (other !== undefined) {
      const message = `the id ${id} is taken by ${other.path} already`;
      fatal.push({ severity: 'error', code: 'duplicate', message, origin, hint: 'rename or remove one of the two' });
      continue;
    }
    byId.set(id, { id, path, content, ending });
  }
  return [...byId.values()];
}

function printable(id: string): string {
  return id.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}

/** Says of a file that it is left aside. */
export function notRead(path: string, hint: string, severity: 'error' | 'warning'): Diagnostic {
  const origin = { file: path, line: 1, column: 1 };
  return { severity, code: 'site-file', message: 'this kind of file is not read here', origin, hint };
}
