import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { Node } from '../fragment/node.ts';
import { child, childText } from '../fragment/node.ts';
import { isLabelKey } from '../machine/label.ts';
import { normaliseWanted } from '../machine/selector.ts';
import { parseDefinition } from './definition.ts';
import { parseContributions } from './parameters.ts';
import type { Group } from './revision.ts';
import { sha256 } from './source-tree.ts';

/** Parses one group; its faults are faults of the whole site, since nobody can know whom it was for. */
export function parseGroup(id: string, content: Buffer, file: string, isKnown = false): Parsed<Group> {
  const parsed = parseDefinition('group', content, file, isKnown);
  const root = parsed.value;
  if (root === undefined) return { diagnostics: parsed.diagnostics };
  const diagnostics: Diagnostic[] = [];
  const selector = new Map<string, readonly string[]>();
  const match = child(root, 'match');
  if (match?.kind === 'map') {
    for (const [key, entry] of match.entries) {
      const path = `$.match.${key}`;
      if (!isLabelKey(key)) {
        const message = 'a label key is made of letters, digits, and _ . / -';
        diagnostics.push({ severity: 'error', code: 'schema', message, path, origin: entry.keyOrigin });
        continue;
      }
      selector.set(key, labelValues(key, entry.value, path, diagnostics));
    }
  }
  const profile = child(root, 'profile');
  const group: Group = {
    id,
    file,
    digest: sha256(content),
    origin: root.origin,
    selector,
    specificity: selector.size,
    priority: Number(childText(root, 'priority') ?? 0),
    ...(profile?.kind === 'scalar' ? { profile: { id: profile.text, origin: profile.origin } } : {}),
    parameters: parseContributions(root, 'parameters', file),
  };
  if (group.profile === undefined && group.parameters.size === 0) {
    const message = 'the group names no profile and gives no parameters, so it does nothing';
    diagnostics.push({ severity: 'warning', code: 'schema', message, origin: root.origin });
  }
  return hasErrors(diagnostics) ? { diagnostics } : { value: group, diagnostics };
}

function labelValues(key: string, node: Node, path: string, diagnostics: Diagnostic[]): readonly string[] {
  const scalars = node.kind === 'list' ? node.items : [node];
  const values = new Set<string>();
  for (const scalar of scalars) {
    if (scalar.kind !== 'scalar') continue;
    const normal = normaliseWanted(key, scalar.text);
    if (normal.ok) values.add(normal.value);
    else {
      const message = `this ${key} ${normal.problem}`;
      diagnostics.push({ severity: 'error', code: 'schema', message, path, origin: scalar.origin });
    }
  }
  return [...values].sort();
}
