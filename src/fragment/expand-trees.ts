import { posix } from 'node:path';
import type { Origin } from '../diagnostic.ts';
import type { FileTree, FileTreeEntry } from './file-tree.ts';
import { resolveLocal, treeKey } from './file-tree.ts';
import { sets } from './merge-schema.ts';
import type { MapNode, Node } from './node.ts';
import {
  child,
  childItems,
  childText,
  isNull,
  listNode,
  mapNode,
  plainNode,
  textNode,
  withChild,
  withoutChild,
} from './node.ts';

/** The lists whose items are paths on the machine, and which a tree adds to. */
type PathList = 'files' | 'links' | 'directories';

const PATH_LISTS: readonly PathList[] = ['directories', 'files', 'links'];

const LIST_OF: Readonly<Record<FileTreeEntry['kind'], PathList>> = {
  file: 'files',
  link: 'links',
  directory: 'directories',
};

/** One path on the machine that a tree provides. */
interface TreeItem {
  readonly path: string;
  /** Where its content is, below `files/`. */
  readonly key: string;
  readonly entry: FileTreeEntry;
}

interface Tree {
  readonly node: MapNode;
  readonly items: readonly TreeItem[];
}

/**
 * Writes out the trees that meet another layer: Ignition merges such a path like any other, while butane refuses a tree
 * that provides what the document has already. Trees that keep to themselves stay as they are, and so do those that
 * butane would refuse in their own layer, or that are not in `files`. The layers come back in their order.
 */
export function expandTrees(layers: readonly MapNode[], files: FileTree): readonly MapNode[] {
  const trees = layers.map((layer) => readTrees(layer, files));
  if (layers.length < 2 || trees.every((each) => each.length === 0)) return layers;
  const owners = new Map<string, Set<number>>();
  for (const [index, layer] of layers.entries()) {
    const provided = trees[index]?.flatMap((tree) => tree.items.map((item) => item.path)) ?? [];
    for (const path of [...explicitPaths(layer).keys(), ...provided]) {
      owners.set(path, (owners.get(path) ?? new Set()).add(index));
    }
  }
  const meets = (tree: Tree) => tree.items.some((item) => (owners.get(item.path)?.size ?? 0) > 1);
  return layers.map((layer, index) => {
    const own = trees[index] ?? [];
    return own.filter((tree) => meets(tree) && !isRefused(tree, own, layer)).reduce(expandTree, layer);
  });
}

function readTrees(layer: MapNode, files: FileTree): Tree[] {
  return childItems(child(layer, 'storage'), 'trees').flatMap((node) =>
    node.kind === 'map' ? [{ node, items: listTree(node, files) }] : [],
  );
}

/** What butane's walk over the tree finds, in its order. Directories count only when the tree says something of them. */
function listTree(tree: MapNode, files: FileTree): TreeItem[] {
  const local = childText(tree, 'local');
  // butane walks no tree whose own directory is a symbolic link, it writes that link.
  if (local === undefined || local === '' || files.get(treeKey(local))?.kind === 'link') return [];
  const root = resolveLocal(files, local);
  if (root === undefined || files.get(root)?.kind === 'file') return [];
  const found = below(files, root);
  if (!files.has(root) && found.size === 0) return [];
  const directories = sets(tree, 'dir_mode') || ['user', 'group'].some((key) => isOwner(child(tree, key)));
  const base = childText(tree, 'path') || '/';
  const items = [...found].map(([key, entry]) => ({ path: posix.join(base, key.slice(root.length)), key, entry }));
  return items
    .filter((item) => directories || item.entry.kind !== 'directory')
    .map((item) => (item.path === '/' ? item : { ...item, path: item.path.replace(/\/$/, '') }));
}

function isOwner(node: Node | undefined): boolean {
  return node !== undefined && (sets(node, 'id') || sets(node, 'name'));
}

/** Everything at and below a directory, with the directories that only the path of a file tells of. */
function below(files: FileTree, root: string): ReadonlyMap<string, FileTreeEntry> {
  const prefix = root === '' ? '' : `${root}/`;
  const found = new Map<string, FileTreeEntry>();
  for (const [key, entry] of files) {
    if (key !== root && !key.startsWith(prefix)) continue;
    for (let parent = posix.dirname(key); parent.startsWith(prefix); parent = posix.dirname(parent)) {
      if (parent === '.' || found.has(parent)) break;
      found.set(parent, { kind: 'directory' });
    }
    found.set(key, entry);
  }
  if (found.size > 0) found.set(root, { kind: 'directory' });
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function explicitPaths(layer: MapNode): ReadonlyMap<string, { readonly list: PathList; readonly node: Node }> {
  const storage = child(layer, 'storage');
  return new Map(
    PATH_LISTS.flatMap((list) =>
      childItems(storage, list).flatMap((node) => {
        const path = childText(node, 'path');
        return path === undefined ? [] : [[path, { list, node }] as const];
      }),
    ),
  );
}

/** True when butane would find the layer at fault on its own (`walkTree` in its base translation). */
function isRefused(tree: Tree, all: readonly Tree[], layer: MapNode): boolean {
  const explicit = explicitPaths(layer);
  const others = new Set(all.flatMap((other) => (other === tree ? [] : other.items.map((item) => item.path))));
  return tree.items.some(({ path, entry }) => {
    if (others.has(path)) return true;
    const present = explicit.get(path);
    return present !== undefined && !canFill(present.list, present.node, entry);
  });
}

/** A file without contents, or a link without target, takes them from the tree. */
function canFill(list: PathList, node: Node, entry: FileTreeEntry): boolean {
  if (list !== LIST_OF[entry.kind]) return false;
  if (entry.kind === 'link') return !childText(node, 'target');
  const contents = child(node, 'contents');
  return (
    entry.kind === 'file' && !['inline', 'local', 'source'].some((key) => contents !== undefined && sets(contents, key))
  );
}

function expandTree(layer: MapNode, tree: Tree): MapNode {
  const storage = child(layer, 'storage');
  if (storage?.kind !== 'map') return layer;
  const others = childItems(storage, 'trees').filter((item) => item !== tree.node);
  let expanded = others.length > 0 ? withItems(storage, 'trees', others) : withoutChild(storage, 'trees');
  for (const list of PATH_LISTS) {
    const provided = tree.items.filter((item) => LIST_OF[item.entry.kind] === list);
    if (provided.length === 0) continue;
    expanded = withItems(expanded, list, place(childItems(expanded, list), provided, tree.node));
  }
  return withChild(layer, 'storage', expanded);
}

function withItems(storage: MapNode, list: string, items: readonly Node[]): MapNode {
  const origin = child(storage, list)?.origin ?? items[0]?.origin ?? storage.origin;
  return withChild(storage, list, listNode(items, origin));
}

function place(items: readonly Node[], provided: readonly TreeItem[], tree: MapNode): readonly Node[] {
  const missing = new Map(provided.map((item) => [item.path, item]));
  const present = items.map((node) => {
    const path = childText(node, 'path') ?? '';
    const item = missing.get(path);
    if (item === undefined || node.kind !== 'map') return node;
    missing.delete(path);
    return fill(node, item, tree);
  });
  return [...present, ...[...missing.values()].map((item) => fill(bare(item.path, tree), item, tree))];
}

/** A new node of the machine, owned by whom the tree says. */
function bare(path: string, tree: MapNode): MapNode {
  const { origin } = tree;
  const owners = ['user', 'group'].flatMap((key) => {
    const value = child(tree, key);
    return value === undefined ? [] : [[key, { keyOrigin: origin, value }] as const];
  });
  return mapNode([['path', { keyOrigin: origin, value: textNode(path, origin) }], ...owners], origin);
}

/** Adds what butane takes from the tree: the content and, where none is written, the mode. */
function fill(node: MapNode, { entry, key }: TreeItem, tree: MapNode): MapNode {
  const { origin } = tree;
  switch (entry.kind) {
    case 'link':
      return withChild(node, 'target', textNode(entry.target, origin));
    case 'directory':
      return withMode(node, child(tree, 'dir_mode'), '0755', origin);
    case 'file': {
      const contents = child(node, 'contents');
      const base = contents?.kind === 'map' ? contents : mapNode([], origin);
      const filled = withChild(node, 'contents', withChild(base, 'local', textNode(key, origin)));
      return withMode(filled, child(tree, 'file_mode'), entry.executable ? '0755' : '0644', origin);
    }
  }
}

function withMode(node: MapNode, mode: Node | undefined, usual: string, origin: Origin): MapNode {
  if (sets(node, 'mode')) return node;
  return withChild(node, 'mode', mode === undefined || isNull(mode) ? plainNode(usual, origin) : mode);
}
