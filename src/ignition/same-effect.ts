import { gunzipSync } from 'node:zlib';
import { compareText } from '../diagnostic.ts';

/** A value as JSON.parse gives it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

type JsonObject = { readonly [key: string]: JsonValue };

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

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

const MAX_CONTENT_BYTES = 64 * 1024 * 1024;

/** The bytes that a resource carries in itself; undefined when it points elsewhere or cannot be decoded. */
function embeddedContent(resource: JsonObject): Buffer | undefined {
  const source = own(resource, 'source');
  const compression = own(resource, 'compression') ?? null;
  if (typeof source !== 'string' || (compression !== null && compression !== 'gzip')) return undefined;
  const bytes = decodeDataUrl(source);
  if (bytes === undefined || compression === null) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_CONTENT_BYTES });
  } catch {
    return undefined;
  }
}

/** Decodes a data URL (RFC 2397); undefined for anything else. */
function decodeDataUrl(url: string): Buffer | undefined {
  const match = /^data:([^,]*),(.*)$/s.exec(url);
  if (match === null) return undefined;
  const payload = decodePercent(match[2] ?? '');
  if (payload === undefined || !/;base64$/.test(match[1] ?? '')) return payload;
  const text = payload.toString('latin1');
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function decodePercent(text: string): Buffer | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const [first = '', ...escaped] = text.split('%');
  const parts = escaped.map((part) => [Buffer.from(part.slice(0, 2), 'hex'), Buffer.from(part.slice(2))] as const);
  return Buffer.concat([Buffer.from(first), ...parts.flat()]);
}
