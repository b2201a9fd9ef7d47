import { gunzipSync } from 'node:zlib';
import type { JsonObject } from './json.ts';

const MAX_CONTENT_BYTES = 64 * 1024 * 1024;

/** The bytes that a resource carries in itself; undefined when it points elsewhere or cannot be decoded. */
export function embeddedContent(resource: JsonObject): Buffer | undefined {
  const source = resource.source;
  const compression = resource.compression || null;
  if (typeof source !== 'string' || (compression !== null && compression !== 'gzip')) return undefined;
  const bytes = decodeDataUrl(source);
  return bytes === undefined || compression === null ? bytes : unpack(bytes);
}

/** What gzip packed; undefined when it is no gzip, or more than 64 MiB. */
export function unpack(bytes: Buffer): Buffer | undefined {
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
