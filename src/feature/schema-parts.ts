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

/** A text that is not empty. */
export const TEXT = Type.String({ minLength: 1, maxLength: 4096 });

/** An absolute path without anything that has to be resolved. */
export const PATH = Type.String({ pattern: '^(?:/[A-Za-z0-9_@%+=:,~-][A-Za-z0-9._@%+=:,~-]*)+$', maxLength: 1024 });

/** The path of a URL: an empty one makes a daemon panic. */
export const URL_PATH = Type.String({ pattern: '^/[A-Za-z0-9._~/-]*$', maxLength: 256 });

/** A whole number from 1. */
export const POSITIVE = Type.Integer({ minimum: 1, maximum: UINT32 });
/** A whole number from 0. */
export const WHOLE = Type.Integer({ minimum: 0, maximum: INT32 });
/** A TCP port. */
export const PORT = Type.Integer({ minimum: 1, maximum: 65_535 });
/** Yes or no. */
export const FLAG = Type.Boolean();
