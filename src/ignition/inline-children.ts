import { embeddedContent } from './embedded-content.ts';
import type { JsonValue } from './json.ts';
import { isList, isObject } from './json.ts';
import type { SpecVersion } from './spec-version.ts';
import { compareSpecVersions, parseSpecVersion } from './spec-version.ts';

/** A config that another one carries in itself, as a merge or replace child in a data URL. */
export interface InlineChild {
  /** Where the other one names it, such as `$.ignition.config.merge.0`. */
  readonly path: string;
  readonly content: Buffer;
}

/** Configs within configs are followed this deep; Ignition itself knows no bound. */
export const MAX_CHILD_DEPTH = 8;

/** The configs that a config carries in itself, without those that these carry in turn. */
export function inlineChildren(config: JsonValue): readonly InlineChild[] {
  const ignition = isObject(config) ? config.ignition : undefined;
  const references = isObject(ignition) ? ignition.config : undefined;
  if (!isObject(references)) return [];
  const { merge, replace } = references;
  const resources = [
    ...(isList(merge) ? merge.map((child, index) => [`$.ignition.config.merge.${index}`, child] as const) : []),
    ...(replace === undefined ? [] : [['$.ignition.config.replace', replace] as const]),
  ];
  return resources.flatMap(([path, resource]) => {
    const content = isObject(resource) ? embeddedContent(resource) : undefined;
    return content === undefined ? [] : [{ path, content }];
  });
}

/** A config inside another one that is too new for a client. */
export interface NewerChild {
  readonly path: string;
  readonly version: SpecVersion;
}

/**
 * The configs that a config carries in itself, and those in them, that are newer than `accepts`. Ignition reads each child
 * by the child's own version and stops at one it does not know.
 */
export function newerChildren(config: JsonValue, accepts: SpecVersion, depth = 0): readonly NewerChild[] {
  if (depth > MAX_CHILD_DEPTH) return [];
  return inlineChildren(config).flatMap(({ path, content }) => {
    const child = parseJson(content);
    if (child === undefined) return [];
    const inner = isObject(child) ? child.ignition : undefined;
    const text = isObject(inner) ? inner.version : undefined;
    const version = typeof text === 'string' ? parseSpecVersion(text) : undefined;
    const own = version !== undefined && compareSpecVersions(version, accepts) > 0 ? [{ path, version }] : [];
    const deeper = newerChildren(child, accepts, depth + 1);
    return [...own, ...deeper.map((each) => ({ ...each, path: path + each.path.slice(1) }))];
  });
}

function parseJson(content: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}
