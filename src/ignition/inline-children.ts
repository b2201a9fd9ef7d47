import { embeddedContent } from './embedded-content.ts';
import type { JsonValue } from './json.ts';
import { isList, isObject } from './json.ts';
import type { SpecVersion } from './spec-version.ts';
import { compareSpecVersions, parseSpecVersion } from './spec-version.ts';

/** A config inside another one, with the version it needs. */
export interface InlineChild {
  /** Such as `$.ignition.config.merge.0`. */
  readonly path: string;
  readonly version: SpecVersion;
}

/** Configs within configs are followed this deep; Ignition itself knows no bound. */
const MAX_DEPTH = 8;

/**
 * The configs that a config carries in itself, as merge or replace children in data URLs, and that are newer than
 * `accepts`. Ignition reads each child by the child's own version and stops at one it does not know.
 */
export function newerChildren(config: JsonValue, accepts: SpecVersion, path = '$', depth = 0): readonly InlineChild[] {
  const ignition = isObject(config) ? config.ignition : undefined;
  const references = isObject(ignition) ? ignition.config : undefined;
  if (!isObject(references) || depth > MAX_DEPTH) return [];
  const { merge, replace } = references;
  const children = [
    ...(isList(merge) ? merge.map((child, index) => [`${path}.ignition.config.merge.${index}`, child] as const) : []),
    ...(replace === undefined ? [] : [[`${path}.ignition.config.replace`, replace] as const]),
  ];
  return children.flatMap(([place, resource]) => {
    const content = isObject(resource) ? embeddedContent(resource) : undefined;
    const child = content === undefined ? undefined : parseJson(content);
    if (child === undefined) return [];
    const inner = isObject(child) ? child.ignition : undefined;
    const text = isObject(inner) ? inner.version : undefined;
    const version = typeof text === 'string' ? parseSpecVersion(text) : undefined;
    const tooNew = version !== undefined && compareSpecVersions(version, accepts) > 0 ? [{ path: place, version }] : [];
    return [...tooNew, ...newerChildren(child, accepts, place, depth + 1)];
  });
}

function parseJson(content: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}
