import type { Origin } from '../diagnostic.ts';
import type { FileTree } from './file-tree.ts';
import type { KeyedRule, MapRule, Rule } from './merge-schema.ts';
import { BUTANE, fieldRule, sets } from './merge-schema.ts';
import type { ListNode, MapNode, Node } from './node.ts';
import { child, childItems, isNull, listNode, mapNode } from './node.ts';

/**
 * Merges Butane documents, in their order, the way Ignition merges the configs they translate to: a later one wins over
 * those before it, as Ignition's child does over its parent
 * (https://coreos.github.io/ignition/operator-notes/#config-merging). Every node of the result is one of the documents'
 * own or carries the origin of the last one that made it. The time it takes grows with the nodes of all documents, not
 * with their number times the size of the result.
 */
export function mergeDocuments(documents: readonly [MapNode, ...MapNode[]], files: FileTree): MapNode {
  const [first, ...rest] = documents;
  const draft = openMap(BUTANE, first);
  for (const document of rest) addMap(draft, document, files);
  return finishMap(draft);
}

/** What the documents so far make of one place: a node of one of them, or something that more than one had a part in. */
type Draft = { readonly kind: 'node'; readonly node: Node } | MapDraft | ListDraft;

interface MapDraft {
  readonly kind: 'map-draft';
  readonly rule: MapRule;
  readonly entries: Map<string, { readonly keyOrigin: Origin; readonly draft: Draft }>;
  origin: Origin;
}

interface ListDraft {
  readonly kind: 'list-draft';
  /** Absent for a list that is only ever appended to. */
  readonly rule: KeyedRule | undefined;
  /** By slot: the key of an item, or a number for an item that no other one is. */
  readonly items: Map<string, Draft>;
  numbered: number;
  origin: Origin;
}

/** Adds what a later document has at this place. A node of the wrong kind is kept, for butane to report it there. */
function add(rule: Rule, draft: Draft, later: Node, files: FileTree): Draft {
  if (isNull(later)) return draft;
  if (draft.kind === 'node' && isNull(draft.node)) return nodeDraft(later);
  switch (rule.kind) {
    case 'value':
      return nodeDraft(later);
    case 'append':
    case 'keyed': {
      if (later.kind !== 'list') return nodeDraft(later);
      const list = asList(rule.kind === 'keyed' ? rule : undefined, draft, files);
      if (list !== undefined) addItems(list, later, files);
      return list ?? draft;
    }
    case 'map': {
      if (later.kind !== 'map') return nodeDraft(later);
      const map = asMap(rule, draft);
      if (map !== undefined) addMap(map, later, files);
      return map ?? draft;
    }
    case 'generic': {
      const map = later.kind === 'map' ? asMap(UNKNOWN_MAP, draft) : undefined;
      if (map === undefined || later.kind !== 'map') return nodeDraft(later);
      addMap(map, later, files);
      return map;
    }
  }
}

const UNKNOWN_MAP: MapRule = { kind: 'map', fields: {} };

function nodeDraft(node: Node): Draft {
  return { kind: 'node', node };
}

function asMap(rule: MapRule, draft: Draft): MapDraft | undefined {
  if (draft.kind === 'map-draft') return draft;
  return draft.kind === 'node' && draft.node.kind === 'map' ? openMap(rule, draft.node) : undefined;
}

function asList(rule: KeyedRule | undefined, draft: Draft, files: FileTree): ListDraft | undefined {
  if (draft.kind === 'list-draft') return draft;
  return draft.kind === 'node' && draft.node.kind === 'list' ? openList(rule, draft.node, files) : undefined;
}

function openMap(rule: MapRule, node: MapNode): MapDraft {
  const entries = [...node.entries].map(
    ([key, { keyOrigin, value }]) => [key, { keyOrigin, draft: nodeDraft(value) }] as const,
  );
  return { kind: 'map-draft', rule, entries: new Map(entries), origin: node.origin };
}

function openList(rule: KeyedRule | undefined, node: ListNode, files: FileTree): ListDraft {
  const draft: ListDraft = { kind: 'list-draft', rule, items: new Map(), numbered: 0, origin: node.origin };
  for (const item of node.items) insert(draft, slotOf(draft, item, files), item);
  return draft;
}

function addMap(draft: MapDraft, later: MapNode, files: FileTree): void {
  makeRoom(draft, later, files);
  for (const [key, { keyOrigin, value }] of later.entries) {
    const old = draft.entries.get(key);
    if (old === undefined) draft.entries.set(key, { keyOrigin, draft: nodeDraft(value) });
    else if (!isNull(value)) {
      draft.entries.set(key, { keyOrigin, draft: add(fieldRule(draft.rule, key), old.draft, value, files) });
    }
  }
  draft.origin = later.origin;
}

/** Takes away what a later mapping puts another thing in the place of. */
function makeRoom(draft: MapDraft, later: MapNode, files: FileTree): void {
  const { rule, entries } = draft;
  const choices = Object.entries(rule.choice ?? {});
  for (const [chosen, { resets, describes }] of choices.filter(([key]) => sets(later, key))) {
    const earlier = entries.get(chosen)?.draft;
    const keeps = earlier?.kind === 'node' && sameText(earlier.node, child(later, chosen));
    const others = choices.flatMap(([key]) => (key === chosen ? [] : [key]));
    for (const key of [...others, ...resets, ...(keeps ? [] : describes)]) entries.delete(key);
  }
  for (const list of rule.shared ?? []) {
    const field = rule.fields[list];
    const entry = entries.get(list);
    const taken = namesElsewhere(rule, list, later, files);
    if (entry === undefined || field?.kind !== 'keyed' || taken.size === 0) continue;
    const items = asList(field, entry.draft, files);
    if (items === undefined) continue;
    for (const name of taken) items.items.delete(namedSlot(name));
    entries.set(list, { ...entry, draft: items });
  }
}

/** The keys that `node` uses in the lists that share `list`'s key space, but not in `list` itself. */
function namesElsewhere(rule: MapRule, list: string, node: MapNode, files: FileTree): ReadonlySet<string> {
  const others = (rule.shared ?? []).filter((other) => other !== list);
  const names = new Set<string>(others.flatMap((other) => keysOf(rule, node, other, files)));
  for (const key of keysOf(rule, node, list, files)) names.delete(key);
  return names;
}

function keysOf(rule: MapRule, node: MapNode, list: string, files: FileTree): string[] {
  const field = rule.fields[list];
  return field?.kind === 'keyed' ? childItems(node, list).flatMap((item) => field.key(item, files) ?? []) : [];
}

function sameText(a: Node | undefined, b: Node | undefined): boolean {
  return a?.kind === 'scalar' && b?.kind === 'scalar' && a.text === b.text;
}

/** Items of both keep the earlier one's place; those of the later document alone follow, in its order. */
function addItems(draft: ListDraft, later: ListNode, files: FileTree): void {
  const { rule, items } = draft;
  const own = new Set<string>();
  for (const item of later.items) {
    const slot = slotOf(draft, item, files);
    const old = slot === undefined || own.has(slot) ? undefined : items.get(slot);
    if (slot !== undefined) own.add(slot);
    if (rule !== undefined && slot !== undefined && old !== undefined) {
      if (rule.deletesWithout !== undefined && !sets(item, rule.deletesWithout)) items.delete(slot);
      else items.set(slot, add(rule.item, old, item, files));
    } else if (rule === undefined || !isNull(item)) {
      insert(draft, slot, item);
    }
  }
  draft.origin = later.origin;
}

/** The slot of an item's key, by which a later document finds it; undefined for an item that no other one is. */
function slotOf({ rule }: ListDraft, item: Node, files: FileTree): string | undefined {
  const key = rule?.key(item, files);
  return key === undefined ? undefined : namedSlot(key);
}

function namedSlot(key: string): string {
  return `key ${key}`;
}

/** Puts an item at the end, in a slot of its own when its key has none or another item has that. */
function insert(draft: ListDraft, slot: string | undefined, item: Node): void {
  const taken = slot === undefined || draft.items.has(slot);
  if (taken) draft.numbered += 1;
  draft.items.set(taken ? `item ${draft.numbered}` : slot, nodeDraft(item));
}

function finish(draft: Draft): Node {
  switch (draft.kind) {
    case 'node':
      return draft.node;
    case 'map-draft':
      return finishMap(draft);
    case 'list-draft':
      return listNode([...draft.items.values()].map(finish), draft.origin);
  }
}

function finishMap({ entries, origin }: MapDraft): MapNode {
  const finished = [...entries].map(
    ([key, { keyOrigin, draft }]) => [key, { keyOrigin, value: finish(draft) }] as const,
  );
  return mapNode(finished, origin);
}
