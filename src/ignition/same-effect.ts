import { compareText } from '../diagnostic.ts';
import { embeddedContent } from './embedded-content.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { isList, isObject } from './json.ts';

/**
 * Where two Ignition configs of different spec versions would do different things to a machine: the paths
 * (`$.storage.files.0.mode`), sorted; empty when they do the same. The spec version itself is not compared; null, absent,
 * an empty object and an empty list are one; embedded contents count by what they hold, not by how they are written
 * (percent-escaped, base64 or gzip). Everything else has to be equal, lists in their order, since butane keeps the author's.
 */
export function differencesInEffect(a: JsonValue, b: JsonValue): readonly string[] {
  const found: string[] = [];
  compare(a, b, '$', found);
  return found.sort(compareText);
}

const SPEC_VERSION_PATH = '$.ignition.version';

function compare(a: JsonValue | undefined, b: JsonValue | undefined, path: string, found: string[]): void {
  if (path === SPEC_VERSION_PATH || (isNothing(a) && isNothing(b))) return;
  if (isList(a) && isList(b)) compareLists(a, b, path, found);
  else if ((isObject(a) || isNothing(a)) && (isObject(b) || isNothing(b))) {
    compareObjects(isObject(a) ? a : {}, isObject(b) ? b : {}, path, found);
  } else if (a !== b) found.push(path);
}

function compareLists(a: readonly JsonValue[], b: readonly JsonValue[], path: string, found: string[]): void {
  if (a.length !== b.length) {
    found.push(path);
    return;
  }
  for (const [index, item] of a.entries()) compare(item, b[index], `${path}.${index}`, found);
}

function compareObjects(a: JsonObject, b: JsonObject, path: string, found: string[]): void {
  const contents = [embeddedContent(a), embeddedContent(b)] as const;
  const embedded = contents[0] !== undefined && contents[1] !== undefined;
  if (embedded && !contents[0].equals(contents[1])) found.push(`${path}.source`);
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (embedded && (key === 'source' || key === 'compression')) continue;
    compare(own(a, key), own(b, key), `${path}.${key}`, found);
  }
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return key === 'compression' && value === '' ? undefined : value;
}

/** A value that leaves everything as it is. An object of such values is one too: `{"source": null}` replaces nothing. */
function isNothing(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (isList(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).every((key) => isNothing(own(value, key)));
}
