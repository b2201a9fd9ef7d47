import type { TSchema } from 'typebox';
import { Type } from 'typebox';

/** The largest numbers that the daemon's own types hold. */
const UINT32 = 4_294_967_295;
const INT32 = 2_147_483_647;

/** A key that may be left out, with what it is for. */
export function optional<Schema extends TSchema>(schema: Schema, description: string) {
  return Type.Optional({ ...schema, description });
}

/** A key that must be there, with what it is for. */
export function described<Schema extends TSchema>(schema: Schema, description: string) {
  return { ...schema, description };
}

/** A mapping that has no other keys. */
export function closed<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: [...words] });
}

/** A text of a form; `expected` is what a report calls it, since nobody reads patterns. */
export function text(pattern: string, expected: string, maxLength = 1024) {
  return Type.String({ pattern, maxLength, $comment: `must be ${expected}` });
}

/** A text that is not empty, without control characters. */
export const TEXT = text('^[^\\x00-\\x1f\\x7f]+$', 'a text without control characters', 4096);
/** A text that goes into headers. */
export const PRINTABLE = text('^[\\x20-\\x7e]+$', 'a text of ASCII characters');
/** A URL or path, without what would have to be quoted. */
export const URL_TEXT = text('^[\\x21-\\x7e]+$', 'a URL or path without spaces');
/** A user of a registry: what comes after a colon is the password. */
export const USER = text('^[^:\\x00-\\x1f\\x7f]+$', 'a name without colons and control characters');
/** A password, which goes into headers and into the config of a program. */
export const SECRET = text('^[^\\x00-\\x1f\\x7f]+$', 'a text without control characters', 16_384);

/** An absolute path without anything that has to be resolved. */
export const PATH = text(
  '^(?:/[A-Za-z0-9_@%+=:,~-][A-Za-z0-9._@%+=:,~-]*)+$',
  'an absolute path without spaces, . and ..',
);

/** The path of a URL: an empty one makes a daemon panic. */
export const URL_PATH = text('^/[A-Za-z0-9._~/-]*$', 'the path of a URL, such as /metrics', 256);

/** A whole number from 1. */
export const POSITIVE = Type.Integer({ minimum: 1, maximum: UINT32 });
/** A whole number from 0. */
export const WHOLE = Type.Integer({ minimum: 0, maximum: INT32 });
/** A TCP port. */
export const PORT = Type.Integer({ minimum: 1, maximum: 65_535 });
/** Yes or no. */
export const FLAG = Type.Boolean();
