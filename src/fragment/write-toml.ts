import toml from '@iarna/toml';

/**
 * Writes an object as TOML 1.0. Throws an Error that names no value for what TOML, or the library that writes it, has no
 * way to say: null, control characters (which the library leaves as they are, so that no parser takes the result), and
 * a key by which the library would take the object for a date.
 */
export function writeToml(value: unknown): string {
  if (!isTable(value)) throw new Error('toml needs an object');
  refuseUnsayable(value);
  return toml.stringify(value as toml.JsonMap);
}

const CONTROL = /(?![\n\t])\p{Cc}/u;
const DATE_KEY = 'toISOString';

function refuseUnsayable(value: unknown): void {
  if (value === null || value === undefined) throw new Error('toml has no null; leave the key out');
  if (typeof value === 'string') refuseControl(value);
  if (Array.isArray(value)) for (const item of value) refuseUnsayable(item);
  else if (isTable(value)) {
    for (const [key, inner] of Object.entries(value)) {
      refuseControl(key);
      if (key === DATE_KEY) throw new Error(`toml cannot write a key named ${DATE_KEY}`);
      refuseUnsayable(inner);
    }
  }
}

function refuseControl(text: string): void {
  if (CONTROL.test(text)) throw new Error('toml cannot carry control characters other than line feeds and tabs');
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
