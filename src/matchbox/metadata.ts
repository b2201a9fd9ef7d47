import { compareText } from '../diagnostic.ts';
import type { JsonValue } from '../go-template/go-template.ts';
import { formatGoValue } from '../go-template/go-template.ts';

/** Values inside of each other; a group has no more. */
const MAX_DEPTH = 200;

/**
 * Data as lines of `KEY=value`, as matchbox gives them but in the order of their keys: the keys that lead to a value are
 * joined by `_` in upper case, and values stand as Go prints them, unquoted. Lists and null are left out.
 */
export function metadataText(data: { readonly [key: string]: JsonValue }): string {
  const lines: (readonly [string, string])[] = [];
  collect(data, [], lines);
  return lines
    .sort(([a, x], [b, y]) => compareText(a, b) || compareText(x, y))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function collect(
  data: { readonly [key: string]: JsonValue },
  path: readonly string[],
  lines: (readonly [string, string])[],
): void {
  if (path.length > MAX_DEPTH) return;
  for (const [key, value] of Object.entries(data)) {
    const keys = [...path, key.toUpperCase()];
    if (value === null || isList(value)) continue;
    if (typeof value === 'object') collect(value, keys, lines);
    else lines.push([keys.join('_'), formatGoValue(value)]);
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
