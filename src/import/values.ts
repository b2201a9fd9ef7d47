import type { JsonValue } from '../go-template/go-template.ts';
import { isMachineKey } from '../machine/label.ts';
import type { Group } from '../site/revision.ts';

/** Where a value of a Go template comes from here: the name that a Liquid template has for it. */
export interface ImportedValue {
  readonly expression: string;
  /** The parameter that it is, or is part of. */
  readonly parameter?: string;
}

/**
 * What a template's value is for the machines of some groups: a label where all of them select by it or the request gives
 * it, a parameter where all of them have it as metadata; undefined where they differ, or for the query as a whole.
 */
export function importValue(fields: readonly string[], groups: readonly Group[]): ImportedValue | undefined {
  const [first = '', ...rest] = fields;
  if (first === 'request') {
    const [query, key, ...deeper] = rest;
    return query === 'query' && key !== undefined && deeper.length === 0 ? labelValue(key) : undefined;
  }
  const keys = groups.map(({ selector }) => [...selector.keys()].find((key) => key.toLowerCase() === first));
  if (keys.every((key) => key !== undefined) && new Set(keys).size === 1) {
    return rest.length === 0 ? labelValue(keys[0] ?? first) : undefined;
  }
  if (keys.some((key) => key !== undefined)) return undefined;
  if (!groups.every(({ metadata }) => metadata !== undefined && first in metadata)) return undefined;
  return { expression: ['parameters', ...fields].join('.'), parameter: first };
}

function labelValue(key: string): ImportedValue | undefined {
  if (!/^[A-Za-z_]\w*$/.test(key)) return undefined;
  return { expression: isMachineKey(key) ? `machine.${key}` : `labels.${key}` };
}

/** The JSON Schema of the parameters that some groups give, of which `used` are required. */
export function parameterSchema(groups: readonly Group[], used: ReadonlySet<string>): object {
  const properties: Record<string, object> = {};
  for (const { metadata } of groups) {
    for (const [name, value] of Object.entries(metadata ?? {})) {
      const type = typeOf(value);
      const known = properties[name];
      properties[name] = known === undefined || JSON.stringify(known) === JSON.stringify({ type }) ? { type } : {};
    }
  }
  return { type: 'object', ...(used.size === 0 ? {} : { required: [...used] }), properties };
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
