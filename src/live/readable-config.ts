import { embeddedContent } from '../ignition/embedded-content.ts';
import type { JsonObject, JsonValue } from '../ignition/json.ts';
import { isList, isObject } from '../ignition/json.ts';

/** A longer text stays as it is: nobody reads it, and comparing it would take its time. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * A config for people who compare it with another one: a text that is embedded in a data URL, or has several lines,
 * stands there line by line, as in `"source (text)": ["one", "two"]`. Everything else is as it was.
 */
export function readableConfig(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(readableConfig);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]): readonly [string, JsonValue] => {
      const text = textOf(value, key, inner);
      // A key that is taken already is no place for something else.
      const shown = `${key} (text)`;
      return text === undefined || Object.hasOwn(value, shown) ? [key, readableConfig(inner)] : [shown, linesOf(text)];
    }),
  );
}

function textOf(object: JsonObject, key: string, inner: JsonValue): string | undefined {
  if (typeof inner !== 'string') return undefined;
  const embedded = key === 'source' ? embeddedContent(object) : undefined;
  if (embedded !== undefined) return decodeText(embedded);
  return inner.includes('\n') && inner.length <= MAX_TEXT_BYTES ? inner : undefined;
}

/** Undefined for what is no UTF-8, or holds a NUL, which no text does. */
function decodeText(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A last line without an end differs from one with it by an empty line more. */
function linesOf(text: string): readonly string[] {
  return text.split('\n');
}
