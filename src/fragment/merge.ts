import type { Diagnostic } from '../diagnostic.ts';
import type { FileTree } from './file-tree.ts';
import type { KeyedRule, MapRule, Rule } from './merge-schema.ts';
import { BUTANE, GENERIC, sets } from './merge-schema.ts';
import type { ListNode, MapEntry, MapNode, Node, PathSegment } from './node.ts';
import { child, childItems, formatPath, isNull, listNode, withChild, withoutChild } from './node.ts';

/**
 * Merges two Butane documents the way Ignition merges the configs they translate to: `later` wins, as Ignition's child
 * does over its parent (https://coreos.github.io/ignition/operator-notes/#config-merging). Every node of the result is
 * one of the two documents' own or carries the origin of the later of the two that made it.
 */
export function mergeDocuments(earlier: MapNode, later: MapNode, files: FileTree): MapNode {
  return mergeMaps(BUTANE, earlier, later, files);
}

function merge(rule: Rule, earlier: Node, later: Node, files: FileTree): Node {
  if (isNull(later)) return earlier;
  if (isNull(earlier)) return later;
  switch (rule.kind) {
    case 'value':
      return later;
    case 'append':
    case 'keyed':
      // A node of the wrong kind is kept, for butane to report it where it was written.
      if (later.kind !== 'list') return later;
      if (earlier.kind !== 'list') return earlier;
      return rule.kind === 'keyed' ? mergeLists(rule, earlier, later, files) : append(earlier, later);
    case 'map':
      if (later.kind !== 'map') return later;
      if (earlier.kind !== 'map') return earlier;
      return mergeMaps(rule, earlier, later, files);
    case 'generic':
      if (later.kind !== 'map' || earlier.kind !== 'map') return later;
      return mergeMaps({ kind: 'map', fields: {} }, earlier, later, files);
  }
}

function mergeMaps(rule: MapRule, earlier: MapNode, later: MapNode, files: FileTree): MapNode {
  const base = makeRoom(rule, earlier, later, files);
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of later.entries) {
    const old = entries.get(key);
    if (old === undefined) entries.set(key, entry);
    else if (!isNull(entry.value)) {
      const value = merge(fieldRule(rule, key), old.value, entry.value, files);
      entries.set(key, { keyOrigin: entry.keyOrigin, value });
    }
  }
  return { kind: 'map', entries, origin: later.origin };
}

function fieldRule(rule: MapRule, key: string): Rule {
  return Object.hasOwn(rule.fields, key) ? (rule.fields[key] ?? GENERIC) : GENERIC;
}

/** The earlier mapping without what the later one puts another thing in the place of. */
function makeRoom(rule: MapRule, earlier: MapNode, later: MapNode, files: FileTree): MapNode {
  let room = earlier;
  const choices = Object.entries(rule.choice ?? {});
  for (const [chosen, { resets, describes }] of choices.filter(([key]) => sets(later, key))) {
    const keeps = sameText(child(earlier, chosen), child(later, chosen));
    const others = choices.flatMap(([key]) => (key === chosen ? [] : [key]));
    for (const key of [...others, ...resets, ...(keeps ? [] : describes)]) room = withoutChild(room, key);
  }
  for (const list of rule.shared ?? []) {
    const node = child(room, list);
    const taken = namesElsewhere(rule, list, later, files);
    const kept = childItems(room, list).filter((item) => !taken.has(keyIn(rule, list, item, files)));
    if (node?.kind === 'list' && taken.size > 0) room = withChild(room, list, listNode(kept, node.origin));
  }
  return room;
}

/** The keys that `node` uses in the lists that share `list`'s key space, but not in `list` itself. */
function namesElsewhere(rule: MapRule, list: string, node: MapNode, files: FileTree): ReadonlySet<string | undefined> {
  const others = (rule.shared ?? []).filter((other) => other !== list);
  const names = new Set<string | undefined>(others.flatMap((other) => keysOf(rule, node, other, files)));
  for (const key of keysOf(rule, node, list, files)) names.delete(key);
  return names;
}

function sameText(a: Node | undefined, b: Node | undefined): boolean {
  return a?.kind === 'scalar' && b?.kind === 'scalar' && a.text === b.text;
}

function keyIn(rule: MapRule, list: string, item: Node, files: FileTree): string | undefined {
  const field = rule.fields[list];
  return field?.kind === 'keyed' ? field.key(item, files) : undefined;
}

function keysOf(rule: MapRule, node: MapNode, list: string, files: FileTree): string[] {
  return childItems(node, list).flatMap((item) => keyIn(rule, list, item, files) ?? []);
}

function append(earlier: ListNode, later: ListNode): ListNode {
  return listNode([...earlier.items, ...later.items], later.origin);
}

/** Items of both keep the earlier one's place; those of the later layer alone follow, in its order. */
function mergeLists(rule: KeyedRule, earlier: ListNode, later: ListNode, files: FileTree): ListNode {
  const remaining = new Map<string, Node>();
  for (const item of later.items) {
    const key = rule.key(item, files);
    if (key !== undefined) remaining.set(key, item);
  }
  const used = new Set<Node>();
  const items = earlier.items.flatMap((item) => {
    const key = rule.key(item, files);
    const match = key === undefined ? undefined : remaining.get(key);
    if (match === undefined) return [item];
    used.add(match);
    if (rule.deletesWithout !== undefined && !sets(match, rule.deletesWithout)) return [];
    return [merge(rule.item, item, match, files)];
  });
  return listNode([...items, ...later.items.filter((item) => !used.has(item) && !isNull(item))], later.origin);
}

/**
 * Finds what one layer defines twice. Merging would make one of the two, and hide what Ignition refuses ("duplicate
 * entry defined"), so each second definition is an error that names the line of the first.
 */
export function findDuplicates(document: MapNode, files: FileTree): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  walk(BUTANE, document, []);
  return diagnostics;

  function walk(rule: Rule, node: Node, path: readonly PathSegment[]): void {
    if (rule.kind === 'map' && node.kind === 'map') {
      const shared = new Map<string, Node>();
      for (const [key, { value }] of node.entries) {
        const field = fieldRule(rule, key);
        if (field.kind === 'keyed') {
          check(field, value, [...path, key], rule.shared?.includes(key) === true ? shared : new Map());
        } else walk(field, value, [...path, key]);
      }
    }
  }

  function check(rule: KeyedRule, list: Node, path: readonly PathSegment[], seen: Map<string, Node>): void {
    if (list.kind !== 'list') return;
    for (const [index, item] of list.items.entries()) {
      const key = rule.key(item, files);
      const first = key === undefined ? undefined : seen.get(key);
      if (first !== undefined && rule.repeats !== true) {
        diagnostics.push(duplicate(rule, key ?? '', first, item, [...path, index]));
      } else if (key !== undefined) seen.set(key, item);
      walk(rule.item, item, [...path, index]);
    }
  }
}

function duplicate(rule: KeyedRule, key: string, first: Node, second: Node, path: readonly PathSegment[]): Diagnostic {
  const named = rule.by === undefined ? `this ${rule.noun}` : `the ${rule.noun} \`${key}\``;
  const { file, line } = first.origin;
  const place = file === second.origin.file ? `line ${line}` : `${file}, line ${line}`;
  return {
    severity: 'error',
    code: 'duplicate',
    message: `${named} is defined twice in one layer, first in ${place}`,
    path: formatPath(path),
    origin: second.origin,
    hint: 'make one entry of the two; a later layer may change what an earlier one defines',
  };
}
