import type { Origin } from '../diagnostic.ts';

/**
 * A parsed YAML or TOML document in which every node knows where it was written. Immutable: merging and filling in make
 * new nodes and keep the origins.
 */
export type Node = MapNode | ListNode | ScalarNode;

/** A mapping. Keys keep the order in which they were written; a `Map`, so `__proto__` is a key like any other. */
export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly origin: Origin;
}

/** One key of a mapping; `keyOrigin` is where the key stands, which is where butane points for an unused key. */
export interface MapEntry {
  readonly keyOrigin: Origin;
  readonly value: Node;
}

/** A sequence. */
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly origin: Origin;
}

/**
 * A scalar as its author wrote it. `text` is the content after unquoting and unfolding. `plain` is true when it was
 * written without quotes, so that butane (and only butane) decides what `0644`, `yes` or `~` is. `tag` is an explicit
 * YAML tag such as `!!binary`.
 */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly text: string;
  readonly plain: boolean;
  readonly tag?: string;
  readonly origin: Origin;
}

/** One step into a node: a key or an index. */
export type PathSegment = string | number;

/** A mapping with the given entries, in the order given. */
export function mapNode(entries: Iterable<readonly [string, MapEntry]>, origin: Origin): MapNode {
  return { kind: 'map', entries: new Map(entries), origin };
}

/** A sequence with the given items. */
export function listNode(items: readonly Node[], origin: Origin): ListNode {
  return { kind: 'list', items, origin };
}

/** A scalar that butane takes as the text it is, never as a number, boolean or null. */
export function textNode(text: string, origin: Origin): ScalarNode {
  return { kind: 'scalar', text, plain: false, origin };
}

/** A scalar that butane may read as a number, boolean or null, as if its author had written it without quotes. */
export function plainNode(text: string, origin: Origin): ScalarNode {
  return { kind: 'scalar', text, plain: true, origin };
}

/** The value under `key`, or undefined when `node` is no mapping or has no such key. */
export function child(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** The text of the scalar under `key`, or undefined when there is none. */
export function childText(node: Node | undefined, key: string): string | undefined {
  const value = child(node, key);
  return value?.kind === 'scalar' && !isNull(value) ? value.text : undefined;
}

/** The items of the sequence under `key`; an empty list when there is none. */
export function childItems(node: Node | undefined, key: string): readonly Node[] {
  const value = child(node, key);
  return value?.kind === 'list' ? value.items : [];
}

/** True for a scalar that YAML reads as null: empty, `~` or `null`, unquoted. butane treats such a key as absent. */
export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text) && node.tag === undefined;
}

/** A copy of a mapping in which `key` has another value; a new key goes to the end and takes the value's origin. */
export function withChild(node: MapNode, key: string, value: Node): MapNode {
  const entries = new Map(node.entries);
  entries.set(key, { keyOrigin: node.entries.get(key)?.keyOrigin ?? value.origin, value });
  return { ...node, entries };
}

/** A copy of a mapping without `key`. */
export function withoutChild(node: MapNode, key: string): MapNode {
  if (!node.entries.has(key)) return node;
  const entries = new Map(node.entries);
  entries.delete(key);
  return { ...node, entries };
}

/** Writes a path the way butane does: `$.storage.files.0.path`, without escaping. */
export function formatPath(path: readonly PathSegment[]): string {
  return ['$', ...path].join('.');
}
