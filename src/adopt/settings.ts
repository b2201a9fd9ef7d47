import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { isKeys } from '../feature/keys.ts';
import { overlaybd } from '../feature/overlaybd/overlaybd.ts';
import type { JsonText } from './json-text.ts';
import type { Original } from './original.ts';
import { valueAt } from './recognition.ts';

/** The two JSON files, by the key of the block that holds their keys. */
export type SettingsFile = 'backstore' | 'snapshotter';

/** A file as its author meant it. */
export interface Settings {
  /** Keys that the program knows, with values of the right type. */
  readonly value: Keys;
  readonly diagnostics: readonly Diagnostic[];
}

/** Takes from a file what the schema of the block knows; what a program would misread is set right or left out, and said. */
export function readSettings(json: JsonText, kind: SettingsFile, original: Original): Settings {
  const schema = valueAt(overlaybd.schema, 'properties', kind);
  const diagnostics: Diagnostic[] = [];
  const fault = (path: readonly (string | number)[], message: string, hint: string) =>
    diagnostics.push(original.report('warning', json.at(path), message, hint));

  function object(value: Keys, properties: Keys, path: readonly (string | number)[]): Keys {
    const entries = Object.entries(value).flatMap(([key, inner]): readonly (readonly [string, unknown])[] => {
      if (inner === null) return [];
      const name = kind === 'snapshotter' ? ignoringCase(key, properties) : key;
      const at = [...path, key];
      const known = name !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (name === undefined || known === undefined) {
        fault(at, `\`${at.join('.')}\` is no key that the program knows, and it ignores it`, 'it is left out');
        return [];
      }
      const read = conform(inner, known, at);
      return read === undefined ? [] : [[name, read]];
    });
    return Object.fromEntries(entries);
  }

  function conform(value: unknown, known: unknown, at: readonly (string | number)[]): unknown {
    const properties = valueAt(known, 'properties');
    if (isKeys(properties)) {
      if (isKeys(value)) return object(value, properties, at);
      return mistyped(at, 'a mapping');
    }
    const items = valueAt(known, 'items');
    if (items !== undefined) {
      if (!Array.isArray(value)) return mistyped(at, 'a list');
      const read = value.map((item, index) => conform(item, items, [...at, index]));
      return read.filter((item) => item !== undefined);
    }
    return scalar(value, known, at);
  }

  function scalar(value: unknown, known: unknown, at: readonly (string | number)[]): unknown {
    const type = String(valueAt(known, 'type'));
    const typed = TYPES[type];
    if (typed === undefined) return value;
    const written = typed.is(value) ? value : typed.from(value);
    const meant = fits(written, known) ? written : withoutSlash(written);
    if (meant === undefined) return mistyped(at, typed.name);
    const key = at.join('.');
    if (meant === '' && key === EMPTY_COUNTS) return meant;
    if (!fits(meant, known)) {
      // The programs take an empty text for one that is not there.
      if (meant === '') return undefined;
      const instead = READ_AS[key];
      const hint =
        instead === undefined
          ? 'it is left out, which leaves the default'
          : `it is taken for ${instead}, as by the program`;
      fault(at, `\`${key}\` has a value that the program does not take`, hint);
      return instead;
    }
    if (!typed.is(value)) {
      const effect =
        kind === 'backstore' ? 'reads something else without a word' : 'ends, and prints the file to its log';
      fault(at, `\`${at.join('.')}\` must be ${typed.name}: the program ${effect}`, 'what was meant is taken');
    }
    return meant;
  }

  function mistyped(at: readonly (string | number)[], what: string): undefined {
    fault(
      at,
      `\`${at.join('.')}\` must be ${what}: the program misreads it`,
      'it is left out, which leaves the default',
    );
    return undefined;
  }

  const value = object(json.value ?? {}, keysOf(valueAt(schema, 'properties')), []);
  return { value, diagnostics };
}

/** An empty path of the audit switches it off. */
const EMPTY_COUNTS = 'auditPath';

/** What a program takes for any word that it does not know, where that is not what it takes for none. */
const READ_AS: Readonly<Record<string, string>> = { registryFsVersion: 'v1' };

interface ScalarType {
  readonly name: string;
  is(value: unknown): boolean;
  /** What an author meant who wrote something else. */
  from(value: unknown): unknown;
}

const TYPES: Readonly<Record<string, ScalarType>> = {
  integer: {
    name: 'a whole number',
    is: (value) => Number.isInteger(value),
    from: (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined),
  },
  boolean: {
    name: 'true or false',
    is: (value) => typeof value === 'boolean',
    from: (value) => (value === 'true' || value === 1 ? true : value === 'false' || value === 0 ? false : undefined),
  },
  string: {
    name: 'a text',
    is: (value) => typeof value === 'string',
    from: (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined),
  },
};

function fits(value: unknown, schema: unknown): boolean {
  const words = valueAt(schema, 'enum');
  if (Array.isArray(words) && !words.includes(value)) return false;
  if (typeof value === 'number') {
    const [least, most] = [valueAt(schema, 'minimum'), valueAt(schema, 'maximum')];
    return (typeof least !== 'number' || value >= least) && (typeof most !== 'number' || value <= most);
  }
  if (typeof value !== 'string') return true;
  const [pattern, shortest] = [valueAt(schema, 'pattern'), valueAt(schema, 'minLength')];
  return (
    (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value)) &&
    (typeof shortest !== 'number' || value.length >= shortest)
  );
}

/** A directory by the name that it has without slashes at its end. */
function withoutSlash(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^(\/.*[^/])\/+$/, '$1') : value;
}

/** Go reads keys whatever their case. */
function ignoringCase(key: string, properties: Keys): string | undefined {
  return Object.keys(properties).find((each) => each.toLowerCase() === key.toLowerCase());
}

function keysOf(value: unknown): Keys {
  return isKeys(value) ? value : {};
}
