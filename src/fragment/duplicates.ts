import type { Diagnostic } from '../diagnostic.ts';
import type { FileTree } from './file-tree.ts';
import type { KeyedRule, Rule } from './merge-schema.ts';
import { BUTANE, fieldRule } from './merge-schema.ts';
import type { MapNode, Node, PathSegment } from './node.ts';
import { formatPath } from './node.ts';

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
