import type { Instance } from './instance.ts';

/** A value of the metadata of an instance; undefined where it has none, and then the name is not listed either. */
export type Leaf = (instance: Instance) => string | undefined;

/** A folder of metadata. */
export interface Folder {
  readonly [name: string]: Leaf | Folder | FolderOf;
}

/** A folder whose names depend on the instance. */
export class FolderOf {
  readonly make: (instance: Instance) => Folder;
  /** What it is listed as, where that is not what its names are. */
  readonly listing: ((instance: Instance) => readonly string[]) | undefined;

  constructor(make: (instance: Instance) => Folder, listing?: (instance: Instance) => readonly string[]) {
    this.make = make;
    this.listing = listing;
  }
}

/** What stands at a path: a value, or the names in a folder, those of folders with a slash behind. */
export type Found =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'folder'; readonly names: readonly string[] };

/** Follows the parts of a path. */
export function findInTree(root: Folder, parts: readonly string[], instance: Instance): Found | undefined {
  let folder = root;
  let listing: readonly string[] | undefined;
  for (const [index, part] of parts.entries()) {
    const next = Object.hasOwn(folder, part) ? folder[part] : undefined;
    if (next === undefined) return undefined;
    if (typeof next === 'function') {
      const text = index === parts.length - 1 ? next(instance) : undefined;
      return text === undefined ? undefined : { kind: 'value', text };
    }
    listing = next instanceof FolderOf ? next.listing?.(instance) : undefined;
    folder = next instanceof FolderOf ? next.make(instance) : next;
  }
  const names = namesOf(folder, instance);
  if (names.length === 0 && parts.length > 0) return undefined;
  return { kind: 'folder', names: listing ?? names };
}

function namesOf(folder: Folder, instance: Instance): readonly string[] {
  return Object.entries(folder).flatMap(([name, entry]) => {
    if (typeof entry === 'function') return entry(instance) === undefined ? [] : [name];
    const inner = entry instanceof FolderOf ? entry.make(instance) : entry;
    return namesOf(inner, instance).length === 0 ? [] : [`${name}/`];
  });
}

/** A folder as one object, as far as it has values. */
export function treeToJson(folder: Folder, instance: Instance): Readonly<Record<string, unknown>> {
  const object: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(folder)) {
    if (typeof entry === 'function') {
      const text = entry(instance);
      if (text !== undefined) object[name] = text;
      continue;
    }
    const inner = treeToJson(entry instanceof FolderOf ? entry.make(instance) : entry, instance);
    if (Object.keys(inner).length > 0) object[name] = inner;
  }
  return object;
}
