import toml from '@iarna/toml';
import { compareText } from '../diagnostic.ts';
import { parseToml } from './parse-toml.ts';
import { toValue } from './value.ts';

/**
 * Writes an object as TOML 1.0. Throws an Error that names no value for what TOML, or the library that writes it, has no
 * way to say: null; control characters, numbers with an exponent and lists that mix mappings with other things, which the
 * library would write as something else or as no TOML at all. So what it wrote is read back before it is believed.
 */
export function writeToml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('toml needs an object');
  refuseNull(value);
  const written = write(value);
  const read = written === undefined ? undefined : parseToml(written, '').value;
  const again = read === undefined ? undefined : toValue(read).value;
  if (written === undefined || again === undefined || canonical(again) !== canonical(value)) {
    throw new Error('toml cannot write this value without changing it');
  }
  return written;
}

function write(value: object): string | undefined {
  try {
    return toml.stringify(value as toml.JsonMap);
  } catch {
    return undefined;
  }
}

function refuseNull(value: unknown): void {
  if (value === null || value === undefined) throw new Error('toml has no null; leave the key out');
  if (typeof value === 'object') for (const inner of Object.values(value)) refuseNull(inner);
}

/** TOML keeps no order between the values and the tables of a table. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? { table: Object.entries(inner).sort(([a], [b]) => compareText(a, b)) }
      : inner,
  );
}
