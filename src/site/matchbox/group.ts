import type { Diagnostic, Parsed } from '../../diagnostic.ts';
import { hasErrors } from '../../diagnostic.ts';
import type { Node } from '../../fragment/node.ts';
import type { JsonValue } from '../../go-template/go-template.ts';
import type { Contribution, Group } from '../revision.ts';
import { sha256 } from '../source-tree.ts';
import { GoReader, goField, parseJsonDocument } from './json-document.ts';
import { parseMac } from './query.ts';

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
  const metadata = written && toJson(written, '$.metadata', diagnostics);
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
    parameters: new Map(
      [...(written?.entries ?? [])].map(([name, { keyOrigin, value }]): [string, Contribution] => [
        name,
        { source: file, node: value, keyOrigin },
      ]),
    ),
    ...(isObject(metadata) ? { metadata } : {}),
  };
  return { value: group, diagnostics };
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toJson(node: Node, path: string, diagnostics: Diagnostic[]): JsonValue {
  switch (node.kind) {
    case 'map': {
      const object: Record<string, JsonValue> = Object.create(null);
      for (const [key, { value }] of node.entries) object[key] = toJson(value, `${path}.${key}`, diagnostics);
      return object;
    }
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
