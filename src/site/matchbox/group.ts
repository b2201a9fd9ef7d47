import type { Diagnostic, Parsed } from '../../diagnostic.ts';
import { hasErrors } from '../../diagnostic.ts';
import type { MapNode, Node } from '../../fragment/node.ts';
import type { JsonValue } from '../../go-template/go-template.ts';
import { contributionsOf } from '../parameters.ts';
import type { Group } from '../revision.ts';
import { sha256 } from '../source-tree.ts';
import { GoReader, goField, parseJsonDocument } from './json-document.ts';
import { parseMac } from './query.ts';

const FIELDS = ['id', 'name', 'profile', 'selector', 'metadata'];

/** Parses a group of matchbox; one that has a fault matches nobody, so it has no value. */
export function parseMatchboxGroup(id: string, content: Buffer, file: string): Parsed<Group> {
  const parsed = parseJsonDocument(content, file);
  const root = parsed.value;
  if (root === undefined) return { diagnostics: parsed.diagnostics };
  if (root.kind !== 'map') {
    const message = 'a group is a mapping';
    return { diagnostics: [{ severity: 'error', code: 'schema', message, origin: root.origin }] };
  }
  const reader = new GoReader();
  reader.known(root, '$', FIELDS);
  reader.text(goField(root, 'id'), '$.id');
  reader.text(goField(root, 'name'), '$.name');
  const named = goField(root, 'profile');
  const profile = reader.text(named, '$.profile');
  const selector = new Map<string, readonly string[]>();
  const { diagnostics } = reader;
  diagnostics.push(...parsed.diagnostics);
  for (const [key, entry] of reader.map(goField(root, 'selector'), '$.selector')?.entries ?? []) {
    const path = `$.selector.${key}`;
    const value = reader.text(entry, path);
    const normal = key.toLowerCase() === 'mac' ? parseMac(value) : value;
    if (normal === undefined) {
      const { origin } = entry.value;
      diagnostics.push({ severity: 'error', code: 'schema', message: 'this is no MAC address', path, origin });
    } else selector.set(key, [normal]);
  }
  const written = reader.map(goField(root, 'metadata'), '$.metadata');
  const metadata = written && toObject(written, '$.metadata', diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const group: Group = {
    id,
    file,
    digest: sha256(content),
    origin: root.origin,
    selector,
    specificity: selector.size,
    priority: 0,
    ...(profile === '' ? {} : { profile: { id: profile, origin: named?.value.origin ?? root.origin } }),
    parameters: contributionsOf(written, file),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { value: group, diagnostics };
}

function toObject(map: MapNode, path: string, diagnostics: Diagnostic[]): { readonly [key: string]: JsonValue } {
  const object: Record<string, JsonValue> = Object.create(null);
  for (const [key, { value }] of map.entries) object[key] = toJson(value, `${path}.${key}`, diagnostics);
  return object;
}

function toJson(node: Node, path: string, diagnostics: Diagnostic[]): JsonValue {
  switch (node.kind) {
    case 'map':
      return toObject(node, path, diagnostics);
    case 'list':
      return node.items.map((item, index) => toJson(item, `${path}.${index}`, diagnostics));
    case 'scalar': {
      if (!node.plain) return node.text;
      const value: unknown = JSON.parse(node.text);
      if (typeof value === 'boolean' || value === null) return value;
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      const message = 'this number is larger than a float64 can be';
      diagnostics.push({ severity: 'error', code: 'schema', message, path, origin: node.origin });
      return null;
    }
  }
}
