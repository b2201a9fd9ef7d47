import { compareText } from '../diagnostic.ts';
import { isKeys } from '../feature/keys.ts';
import { SHIPPED_BACKSTORE, SHIPPED_SNAPSHOTTER } from '../feature/overlaybd/shipped.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, childText, isNull } from '../fragment/node.ts';
import type { Surroundings } from './containerd-config.ts';
import { BACKSTORE_FILE, meaningOf, SNAPSHOTTER_FILE } from './meaning.ts';
import type { FileItem, Original } from './original.ts';
import { isTrue } from './original.ts';
import { leaves, valueAt } from './recognition.ts';
import { surroundingsOf } from './surroundings.ts';

/** What an item of a document is on the machine. */
export type ItemKind = 'file' | 'link' | 'directory' | 'unit enabled' | 'file system' | 'section';

/** One thing that two documents have, or have not, in common. */
export interface Difference {
  readonly change: 'same' | 'added' | 'removed' | 'changed';
  readonly kind: ItemKind;
  /** The path on the machine, the unit, the device, or the section of the document. */
  readonly name: string;
  /** What differs: keys, and never values. */
  readonly details: readonly string[];
}

interface Item {
  readonly kind: ItemKind;
  readonly name: string;
  readonly meaning: unknown;
}

/** What the extension copies to the machine where nobody writes the file. */
const COPIES: ReadonlyMap<string, object> = new Map<string, object>([
  [BACKSTORE_FILE, SHIPPED_BACKSTORE],
  [SNAPSHOTTER_FILE, SHIPPED_SNAPSHOTTER],
]);

/** Compares two documents item by item and meaning by meaning: what a machine gets of the first, and of the second. */
export function compareDocuments(
  before: Original,
  after: Original,
  moved: ReadonlyMap<string, string>,
): readonly Difference[] {
  const [old, made] = [itemsOf(before), itemsOf(after)];
  const keys = [...new Set([...old.keys(), ...made.keys()])].sort(compareText);
  return keys.flatMap((key): readonly Difference[] => {
    const [one, other] = [old.get(key), made.get(key)];
    const item = other ?? one;
    if (item === undefined) return [];
    const { kind, name } = item;
    if (one === undefined) return [{ change: 'added', kind, name, details: detailsOfNew(item, before, moved) }];
    if (other === undefined) return [{ change: 'removed', kind, name, details: [] }];
    const details = whatChanged(one.meaning, other.meaning);
    return [{ change: details.length === 0 ? 'same' : 'changed', kind, name, details }];
  });
}

/** What a file that is new says otherwise than the one that it takes the place of, or that would stand there without it. */
function detailsOfNew(
  { name, meaning }: Item,
  before: Original,
  moved: ReadonlyMap<string, string>,
): readonly string[] {
  const around = surroundingsOf(before);
  const from = moved.get(name);
  const source = from === undefined ? undefined : before.files.get(from);
  if (source !== undefined) return [butFor(`as ${from}`, whatChanged(fileMeaning(source, around, name), meaning))];
  const copy = COPIES.get(name);
  if (copy === undefined) return [];
  const shipped = { mode: 0o644, content: meaningOf(name, JSON.stringify(copy), around) };
  return [butFor('as the extension ships it', whatChanged(shipped, meaning))];
}

function butFor(text: string, changed: readonly string[]): string {
  return changed.length === 0 ? text : `${text} but for ${changed.join(', ')}`;
}

/** The keys that differ between two meanings of an item; one without keys differs in its content. */
export function whatChanged(one: unknown, other: unknown): readonly string[] {
  const keyed = [one, other].every((each) => isKeys(valueAt(each, 'content')));
  const [before, after] = [flatten(one, keyed), flatten(other, keyed)];
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
  return names.map((name) => name.replace(/^content\./, '')).sort(compareText);
}

function flatten(value: unknown, keyed: boolean): ReadonlyMap<string, string> {
  const parts =
    keyed || !isKeys(value) ? leaves(value) : Object.entries(value).map(([key, inner]) => [[key], inner] as const);
  return new Map(parts.map(([path, inner]) => [path.join('.'), JSON.stringify(inner) ?? '']));
}

function itemsOf(original: Original): ReadonlyMap<string, Item> {
  const items: Item[] = [];
  const around = surroundingsOf(original);
  for (const file of original.files.values())
    items.push({ kind: 'file', name: file.path, meaning: fileMeaning(file, around) });
  for (const { path, target, node } of original.links) {
    items.push({ kind: 'link', name: path, meaning: { target, hard: isTrue(child(node, 'hard')) } });
  }
  for (const node of listAt(original.document, 'storage', 'directories')) {
    items.push({ kind: 'directory', name: childText(node, 'path') ?? '', meaning: withDefaults(plain(node), 0o755) });
  }
  for (const node of original.filesystems) {
    items.push({ kind: 'file system', name: childText(node, 'device') ?? '', meaning: plain(node) });
  }
  for (const unit of original.units) {
    const path = `/etc/systemd/system/${unit.name}`;
    if (unit.content !== undefined) {
      items.push({
        kind: 'file',
        name: path,
        meaning: { mode: 0o644, content: meaningOf(path, unit.content.text, around) },
      });
    }
    if (isTrue(child(unit.node, 'mask')))
      items.push({ kind: 'link', name: path, meaning: { target: '/dev/null', hard: false } });
    const enabled = child(unit.node, 'enabled');
    if (enabled !== undefined && !isNull(enabled)) {
      items.push({ kind: 'unit enabled', name: unit.name, meaning: { enabled: unit.enabled } });
    }
    for (const { name, content } of unit.dropins) {
      const place = `${path}.d/${name}`;
      if (content !== undefined)
        items.push({
          kind: 'file',
          name: place,
          meaning: { mode: 0o644, content: meaningOf(place, content.text, around) },
        });
    }
  }
  return new Map([...items, ...sectionsOf(original.document)].map((item) => [`${item.kind}\0${item.name}`, item]));
}

const SORTED: Readonly<Record<string, readonly string[]>> = {
  storage: ['files', 'links', 'directories', 'filesystems'],
  systemd: ['units'],
};

/** What is in none of the lists above, section by section. */
function sectionsOf(document: MapNode): readonly Item[] {
  const items: Item[] = [];
  for (const [root, { value }] of document.entries) {
    if (root === 'variant' || root === 'version') continue;
    const known = SORTED[root];
    if (known === undefined || value.kind !== 'map')
      items.push({ kind: 'section', name: root, meaning: { content: plain(value) } });
    else {
      for (const [key, inner] of value.entries) {
        if (!known.includes(key))
          items.push({ kind: 'section', name: `${root}.${key}`, meaning: { content: plain(inner.value) } });
      }
    }
  }
  return items;
}

function fileMeaning({ node, path, content }: FileItem, around: Surroundings, readAs: string = path): unknown {
  const { contents, path: _, overwrite: __, ...rest } = plain(node) as Record<string, unknown>;
  const meaning = content === undefined ? contents : meaningOf(readAs, content.text, around);
  return { ...withDefaults(rest, 0o644), ...(meaning === undefined ? {} : { content: meaning }) };
}

/** Modes are numbers, however they are written, and Ignition's own where they are left out. */
function withDefaults(value: unknown, mode: number): object {
  const given = Object(value) as Record<string, unknown>;
  const text = typeof given.mode === 'string' ? given.mode : undefined;
  if (text === undefined) return { ...given, mode };
  const octal = /^0o?([0-7]+)$/.exec(text)?.[1];
  return { ...given, mode: octal === undefined ? Number(text) : Number.parseInt(octal, 8) };
}

/** A node as its author wrote it, without places; keys without a value count as absent. */
function plain(node: Node): unknown {
  if (node.kind === 'scalar') return isNull(node) ? null : node.text;
  if (node.kind === 'list') return node.items.map(plain);
  const entries = [...node.entries].filter(([, { value }]) => !isNull(value));
  return Object.fromEntries(entries.map(([key, { value }]) => [key, plain(value)]));
}

function listAt(document: MapNode, root: string, list: string): readonly MapNode[] {
  const found = child(child(document, root), list);
  return found?.kind === 'list' ? found.items.filter((item): item is MapNode => item.kind === 'map') : [];
}
