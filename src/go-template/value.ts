import { type Bytes, toBytes } from './bytes.ts';
import { TemplateFault } from './fault.ts';

/** What a template is executed with: a value as JSON has it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * A value as Go sees it. A `number` is a float64 and a `bigint` is an int: JSON has only the former, constants and `len`
 * give the latter, and Go does not compare the two.
 */
export type GoValue = null | boolean | number | bigint | Bytes | GoByte | GoComplex | GoList | GoMap;

/** A byte of a string, a uint8: what `index` takes out of a string. */
export interface GoByte {
  readonly kind: 'byte';
  readonly value: number;
}

/** A complex128. Only constants such as `2i` are one; they can be printed, and compared for equality. */
export interface GoComplex {
  readonly kind: 'complex';
  readonly real: number;
  readonly imaginary: number;
}

/** A slice of `any`: a window on items that others may share. Items beyond the length, up to the capacity, can come back. */
export interface GoList {
  readonly kind: 'list';
  readonly items: readonly GoValue[];
  readonly start: number;
  readonly length: number;
  readonly capacity: number;
}

/** A map from string to `any`; its entries are in the order of their keys' bytes, which is the order Go prints. */
export interface GoMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<Bytes, GoValue>;
}

/** The kinds of value that a template tells apart. */
export type GoKind = 'nil' | 'bool' | 'float' | 'int' | 'string' | 'byte' | 'complex' | 'list' | 'map';

/** Go's names for the kinds, as `%T` prints them. */
export const TYPE_NAMES: Readonly<Record<GoKind, string>> = {
  nil: '<nil>',
  bool: 'bool',
  float: 'float64',
  int: 'int',
  string: 'string',
  byte: 'uint8',
  complex: 'complex128',
  list: '[]interface {}',
  map: 'map[string]interface {}',
};

/** What a kind is called in messages. */
export const KIND_NAMES: Readonly<Record<GoKind, string>> = {
  nil: 'null',
  bool: 'a boolean',
  float: 'a number (float64)',
  int: 'an integer (int)',
  string: 'a string',
  byte: 'a byte (uint8)',
  complex: 'a complex number',
  list: 'a list',
  map: 'an object',
};

/** The kind of a value. */
export function kindOf(value: GoValue): GoKind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
    default:
      return value === null ? 'nil' : value.kind;
  }
}

/** Whether `if`, `and`, `or` and `not` take a value for true: anything but nil, false, zero and what is empty. */
export function isTrue(value: GoValue): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return value !== 0;
    case 'bigint':
      return value !== 0n;
    case 'string':
      return value !== '';
  }
  if (value === null) return false;
  switch (value.kind) {
    case 'byte':
      return value.value !== 0;
    case 'complex':
      return value.real !== 0 || value.imaginary !== 0;
    case 'list':
      return value.length > 0;
    case 'map':
      return value.entries.size > 0;
  }
}

/** The items that a list shows. */
export function listItems({ items, start, length }: GoList): readonly GoValue[] {
  return items.slice(start, start + length);
}

/**
 * A value of JSON as Go's encoding/json gives it. Throws a TemplateFault when it is nested deeper than `depth` levels, or
 * has a number that JSON has not.
 */
export function fromJson(value: JsonValue, depth: number): GoValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new TemplateFault('template-value', 'one of the values is a number that JSON has not');
  }
  if (typeof value === 'string') return toBytes(value);
  if (depth <= 0) throw new TemplateFault('template-limit', 'the values are nested too deeply');
  if (isList(value)) {
    const items = value.map((item) => fromJson(item, depth - 1));
    return { kind: 'list', items, start: 0, length: items.length, capacity: items.length };
  }
  const entries = Object.entries(value).map(([key, item]) => [toBytes(key), fromJson(item, depth - 1)] as const);
  return { kind: 'map', entries: new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) };
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
