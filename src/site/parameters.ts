import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import { locate } from '../fragment/locate.ts';
import { suggest } from '../fragment/nearest.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, formatPath, mapNode } from '../fragment/node.ts';
import type { Template } from '../fragment/template.ts';
import type { Value, ValueObject } from '../fragment/value.ts';
import { toValue } from '../fragment/value.ts';
import { MACHINE_KEYS } from '../machine/label.ts';
import type { Contribution, ParameterSchema, Place } from './revision.ts';
import type { SchemaFault } from './schema.ts';
import { compileSchema, PatternFault } from './schema.ts';

/** Keywords through which a schema can name properties that `properties` does not. */
const OPEN_KEYWORDS = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'patternProperties', 'dependentSchemas'];

/** How schemas are compiled: each at once, so that its faults are known, or at its first use where it is known to be fine. */
export type SchemaCompiler = typeof compileSchema;

/** Compiles the `parameters:` of a profile; a profile without them declares none. */
export function parseParameterSchema(
  node: Node | undefined,
  origin: Origin,
  compile: SchemaCompiler = compileSchema,
): Parsed<ParameterSchema> {
  if (node === undefined) {
    const empty = mapNode([], origin);
    const schema = compile({ type: 'object' });
    return { value: { schema, source: Object.create(null), node: empty, names: new Set() }, diagnostics: [] };
  }
  const parsed = toValue(node);
  if (parsed.value === undefined) return { diagnostics: parsed.diagnostics };
  const fault = (message: string, at: Node = node, hint?: string): Parsed<ParameterSchema> => ({
    diagnostics: [
      {
        severity: 'error',
        code: 'schema',
        message,
        path: '$.parameters',
        origin: at.origin,
        ...(hint ? { hint } : {}),
      },
    ],
  });
  const source = parsed.value;
  if (!isObject(source)) return fault('`parameters` must be a JSON Schema, which is a mapping');
  if (source.type !== 'object') {
    return fault('the schema of the parameters needs `type: object`', child(node, 'type') ?? node, SCHEMA_HINT);
  }
  const async = findKey(node, '$async');
  if (async !== undefined) return fault('a schema cannot be asynchronous: remove `$async`', async);
  try {
    // Ajv keeps a reference to the schema and expects plain objects.
    const schema = compile(JSON.parse(JSON.stringify(source)));
    const open = OPEN_KEYWORDS.some((keyword) => keyword in source) || isOpen(source.additionalProperties);
    const properties = source.properties;
    const names = open ? undefined : new Set(isObject(properties) ? Object.keys(properties) : []);
    return { value: { schema, source, node, names }, diagnostics: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const shown = message.replace(/^strict mode: /, '').replace(/ ignored in schema at path ".*"$/s, '');
    const place = error instanceof PatternFault ? findPattern(node, error.pattern) : schemaPlace(node, message);
    return fault(`this is no JSON Schema: ${shown}`, place);
  }
}

const SCHEMA_HINT = 'for example: { type: object, required: [hostname], properties: { hostname: { type: string } } }';

function isOpen(additional: Value | undefined): boolean {
  return additional === true || isObject(additional);
}

/** Ajv names the faulty place as `data/properties/x` or `#/properties/x`, or only the keyword, or not at all. */
function schemaPlace(node: Node, message: string): Node {
  const keyword = /unknown keyword: "(.*)"/.exec(message)?.[1];
  if (keyword !== undefined) return findKey(node, keyword) ?? node;
  const pointer = /(?:data|schema path |#)((?:\/[\w$~.-]+)+)/.exec(message)?.[1];
  const path = pointer?.split('/').slice(1) ?? [];
  return locate(node, /^unknown format/.test(message) ? [...path, 'format'] : path).node;
}

/** A node that stands where the key does: faults of a key are reported there. */
function findKey(node: Node, key: string): Node | undefined {
  if (node.kind === 'scalar') return undefined;
  if (node.kind === 'list') return firstOf(node.items, (item) => findKey(item, key));
  const entry = node.entries.get(key);
  if (entry !== undefined) return { ...entry.value, origin: entry.keyOrigin };
  return firstOf(node.entries.values(), ({ value }) => findKey(value, key));
}

function findPattern(node: Node, pattern: string): Node | undefined {
  const own = child(node, 'pattern');
  if (own?.kind === 'scalar' && own.text === pattern) return own;
  if (node.kind === 'list') return firstOf(node.items, (item) => findPattern(item, pattern));
  if (node.kind === 'scalar') return undefined;
  // The keys of `patternProperties` are patterns as well.
  const key = node.entries.get(pattern);
  if (key !== undefined) return { ...key.value, origin: key.keyOrigin };
  return firstOf(node.entries.values(), ({ value }) => findPattern(value, pattern));
}

function firstOf<T>(items: Iterable<T>, find: (item: T) => Node | undefined): Node | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every name that a template reads and cannot see, and every parameter that the profile does not declare. */
export function checkReads(
  reads: Template['reads'],
  declared: ReadonlySet<string> | undefined,
  { origin, path }: Place,
  inEach: boolean,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [root, name] of reads) {
    const found = unreadable(root, name, declared, inEach);
    if (found === undefined) continue;
    diagnostics.push({ severity: 'error', code: 'template-value', ...found, path, origin });
  }
  return diagnostics;
}

function unreadable(
  root: string | number | undefined,
  name: string | number | undefined,
  declared: ReadonlySet<string> | undefined,
  inEach: boolean,
): { readonly message: string; readonly hint: string } | undefined {
  if (typeof root !== 'string') return undefined;
  if (!ROOTS.has(root) && !(inEach && EACH_ROOTS.has(root))) {
    const hint = `a template sees ${[...ROOTS].join(', ')}${inEach ? ', item, index' : ''}`;
    return { message: `\`${root}\` is not defined`, hint };
  }
  if (typeof name !== 'string') return undefined;
  const closed = CLOSED_ROOTS[root];
  if (closed !== undefined && !closed.includes(name)) {
    const hint = suggest(name, closed) ?? '';
    return { message: `\`${root}.${name}\` does not exist`, hint };
  }
  if (root !== 'parameters' || declared === undefined || declared.has(name)) return undefined;
  const hint = 'declare it under `parameters.properties` in the profile';
  return { message: `the parameter \`${name}\` is not declared by the profile`, hint };
}

const ROOTS: ReadonlySet<string> = new Set(['parameters', 'machine', 'labels', 'profile', 'group', 'service']);
const EACH_ROOTS: ReadonlySet<string> = new Set(['item', 'index']);

/** All that there ever is below these names. */
const CLOSED_ROOTS: Readonly<Record<string, readonly string[]>> = {
  machine: MACHINE_KEYS,
  profile: ['id'],
  group: ['id'],
  service: ['url'],
};

/**
 * Turns what site and groups contributed into the values a template sees: schema defaults filled in, all of it checked.
 * A missing value is reported as `parameter-missing` where the profile asks for it, a wrong one as `parameter-invalid`
 * where it was given.
 */
export function resolveParameters(
  declared: ParameterSchema,
  contributions: ReadonlyMap<string, Contribution>,
): Parsed<ValueObject> {
  const given: Record<string, Value> = Object.create(null);
  const diagnostics: Diagnostic[] = [];
  for (const [name, contribution] of contributions) {
    const parsed = toValue(contribution.node);
    for (const { path = '$', ...diagnostic } of parsed.diagnostics) {
      diagnostics.push({ ...diagnostic, code: 'parameter-invalid', path: `$.parameters.${name}${path.slice(1)}` });
    }
    if (parsed.value !== undefined) given[name] = parsed.value;
  }
  if (diagnostics.length > 0) return { diagnostics };
  const faults = declared.schema.check(given);
  if (faults.length === 0) return { value: given, diagnostics };
  return { diagnostics: faults.map((fault) => placeFault(fault, declared, contributions)) };
}

function placeFault(
  fault: SchemaFault,
  declared: ParameterSchema,
  contributions: ReadonlyMap<string, Contribution>,
): Diagnostic {
  const [name, ...rest] = fault.key === undefined ? fault.path : [...fault.path, fault.key];
  const path = formatPath(['parameters', ...(name === undefined ? [] : [name, ...rest])]);
  const contribution = name === undefined ? undefined : contributions.get(String(name));
  if (contribution === undefined) {
    const fallback = name === undefined ? undefined : locate(declared.node, ['properties', name, 'default', ...rest]);
    if (fault.kind !== 'missing' && fallback !== undefined && fallback.path.length >= 3) {
      const message = `the parameter \`${[name, ...rest].join('.')}\`: ${fault.message}`;
      const hint = 'the default does not fit its own schema';
      return { severity: 'error', code: 'parameter-invalid', message, path, origin: fallback.node.origin, hint };
    }
    const missing = fault.kind === 'missing';
    return {
      severity: 'error',
      code: missing ? 'parameter-missing' : 'parameter-invalid',
      message: missing ? `the parameter \`${name}\` is missing` : `the parameters of the profile: ${fault.message}`,
      path,
      origin: requiredPlace(declared.node, String(name ?? '')),
      ...(missing ? { hint: 'give it in a group that matches this machine, or as a default in site.yaml' } : {}),
    };
  }
  const location = locate(contribution.node, rest);
  const atKey = fault.kind === 'unknown' && rest.length > 0;
  const keyOrigin = rest.length > 0 ? location.keyOrigin : contribution.keyOrigin;
  return {
    severity: 'error',
    code: 'parameter-invalid',
    message: `the parameter \`${[name, ...fault.path.slice(1)].join('.')}\`: ${fault.message}`,
    path,
    origin: atKey || (fault.kind === 'unknown' && rest.length === 0) ? keyOrigin : location.node.origin,
  };
}

function requiredPlace(node: Node, name: string): Origin {
  const required = child(node, 'required');
  const item =
    required?.kind === 'list' ? required.items.find((each) => each.kind === 'scalar' && each.text === name) : undefined;
  return item?.origin ?? required?.origin ?? node.origin;
}

/** The parameters that a document gives under `key`, each with its place. */
export function parseContributions(root: MapNode, key: string, source: string): ReadonlyMap<string, Contribution> {
  return contributionsOf(child(root, key), source);
}

/** The values that a mapping gives, each with its place; none where it is no mapping. */
export function contributionsOf(given: Node | undefined, source: string): ReadonlyMap<string, Contribution> {
  const contributions = new Map<string, Contribution>();
  if (given?.kind !== 'map') return contributions;
  for (const [name, { keyOrigin, value }] of given.entries) contributions.set(name, { source, node: value, keyOrigin });
  return contributions;
}

function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
