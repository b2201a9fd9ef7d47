import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { isKeys, overlay } from '../feature/keys.ts';
import type { MapNode } from '../fragment/node.ts';

/** A value that the profile takes as a parameter, because it is secret. */
export interface Secret {
  /** The name of the parameter. */
  readonly name: string;
  readonly value: string;
  readonly description: string;
  /** Where it stands in the hand-written document. */
  readonly diagnostic: Diagnostic;
}

/** What a part of a hand-written document came to. */
export interface Recognition {
  /** True when it is about overlaybd. */
  readonly found: boolean;
  /** Keys of the block `overlaybd`. */
  readonly block: Keys;
  /** Items that the block stands for. */
  readonly taken: readonly MapNode[];
  /** Items of which a part stays. */
  readonly replaced: readonly (readonly [MapNode, MapNode])[];
  readonly secrets: readonly Secret[];
  /** Files that the block writes at another path, and the path that they had. */
  readonly moved: readonly (readonly [string, string])[];
  /** What was wrong, and what stays as it is. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A recognition of what is given, and of nothing else. */
export function recognised(parts: Partial<Recognition>): Recognition {
  return { found: false, block: {}, taken: [], replaced: [], secrets: [], moved: [], diagnostics: [], ...parts };
}

/** The value at a path of keys; undefined where the path leads nowhere. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isKeys(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

/** The mapping at a path; an empty one where there is none. */
export function keysAt(value: unknown, ...path: readonly string[]): Keys {
  const found = valueAt(value, ...path);
  return isKeys(found) ? found : {};
}

/** Every value that is no mapping, by its path; an empty mapping counts as a value. */
export function leaves(
  value: unknown,
  path: readonly string[] = [],
): readonly (readonly [readonly string[], unknown])[] {
  if (!isKeys(value)) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0 && path.length > 0) return [[path, value]];
  return entries.flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** The values of the first that the second does not have alike. */
export function whatDiffers(value: Keys, from: Keys): Keys {
  let found: Keys = {};
  for (const [path, inner] of leaves(value)) {
    if (JSON.stringify(valueAt(from, ...path)) === JSON.stringify(inner)) continue;
    found = overlay(found, path.reduceRight<unknown>((made, key) => ({ [key]: made }), inner) as Keys);
  }
  return found;
}
