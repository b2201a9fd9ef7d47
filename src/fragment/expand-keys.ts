import type { FileTree } from './file-tree.ts';
import { readLocal } from './file-tree.ts';
import type { MapNode, Node } from './node.ts';
import { child, childItems, childText, listNode, textNode, withChild, withoutChild } from './node.ts';

/**
 * Writes out `ssh_authorized_keys_local` where two layers give one user the same key: Ignition keeps such a key once,
 * while butane, reading the file into one document, would report it as a duplicate. All other key files stay as they
 * are. The layers come back in their order.
 */
export function expandLocalKeys(layers: readonly MapNode[], files: FileTree): readonly MapNode[] {
  const users = layers.map((layer) => childItems(child(layer, 'passwd'), 'users'));
  if (layers.length < 2 || !users.flat().some((user) => childItems(user, LOCAL).length > 0)) return layers;
  const owners = new Map<string, Set<number>>();
  for (const [index, each] of users.entries()) {
    for (const id of each.flatMap((user) => keyIds(user, files))) {
      owners.set(id, (owners.get(id) ?? new Set()).add(index));
    }
  }
  const meets = (user: Node) => keyIds(user, files).some((id) => (owners.get(id)?.size ?? 0) > 1);
  return layers.map((layer) => mapUsers(layer, (user) => (meets(user) ? expandUser(user, files) : user)));
}

const LOCAL = 'ssh_authorized_keys_local';
const KEYS = 'ssh_authorized_keys';

function keyIds(user: Node, files: FileTree): string[] {
  const name = childText(user, 'name');
  if (name === undefined) return [];
  const written = childItems(user, KEYS).flatMap((key) => (key.kind === 'scalar' ? [key.text] : []));
  const read = childItems(user, LOCAL).flatMap((file) => readKeys(file, files) ?? []);
  return [...written, ...read].map((key) => JSON.stringify([name, key]));
}

/** The keys of one file, line by line as butane reads them; undefined when the file is not there. */
function readKeys(file: Node, files: FileTree): string[] | undefined {
  const content = file.kind === 'scalar' ? readLocal(files, file.text) : undefined;
  return content
    ?.toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
}

function mapUsers(layer: MapNode, change: (user: Node) => Node): MapNode {
  const passwd = child(layer, 'passwd');
  const users = child(passwd, 'users');
  if (passwd?.kind !== 'map' || users?.kind !== 'list') return layer;
  return withChild(layer, 'passwd', withChild(passwd, 'users', { ...users, items: users.items.map(change) }));
}

function expandUser(user: Node, files: FileTree): Node {
  const locals = childItems(user, LOCAL);
  if (user.kind !== 'map' || locals.length === 0) return user;
  const read = locals.map((file) => readKeys(file, files)?.map((key) => textNode(key, file.origin)));
  const unread = locals.filter((_, index) => read[index] === undefined);
  const keys = [...childItems(user, KEYS), ...read.flatMap((each) => each ?? [])];
  const origin = child(user, KEYS)?.origin ?? child(user, LOCAL)?.origin ?? user.origin;
  const written = withChild(user, KEYS, listNode(keys, origin));
  return unread.length === 0 ? withoutChild(written, LOCAL) : withChild(written, LOCAL, listNode(unread, origin));
}
