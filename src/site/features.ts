import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { FeatureBlock } from '../feature/expand.ts';
import type { Feature } from '../feature/feature.ts';
import { FEATURES } from '../feature/features.ts';
import type { CompiledLayer } from '../fragment/interpolate.ts';
import { compileLayer } from '../fragment/interpolate.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, isNull, mapNode } from '../fragment/node.ts';
import type { Value } from '../fragment/value.ts';
import { toValue } from '../fragment/value.ts';
import type { CompiledSchema, SchemaFault } from './schema.ts';
import { compileSchemaLater, schemaDiagnostics } from './schema.ts';

/** The features of a composed profile, with the templates in their blocks. */
export interface ProfileFeatures {
  /** A document whose one key is `features`. */
  readonly content: CompiledLayer;
  readonly blocks: readonly ProfileFeature[];
}

/** One feature that a profile names. */
export interface ProfileFeature {
  readonly feature: Feature;
  /** Where its name stands. */
  readonly origin: Origin;
}

const SCHEMAS: ReadonlyMap<string, CompiledSchema> = new Map(
  FEATURES.map(({ name, schema }) => [name, compileSchemaLater(schema)]),
);

/**
 * Reads `features:` of a profile; what is in a block is checked as far as that is possible before it is filled in,
 * unless it is known to be fine.
 */
export function parseFeatures(root: MapNode, isKnown = false): Parsed<ProfileFeatures | undefined> {
  const entry = root.entries.get('features');
  if (entry?.value.kind !== 'map') return { diagnostics: [] };
  const named = entry.value.entries;
  const blocks = FEATURES.flatMap((feature) => {
    const origin = named.get(feature.name)?.keyOrigin;
    return origin === undefined ? [] : [{ feature, origin }];
  });
  if (blocks.length === 0) return { diagnostics: [] };
  const compiled = compileLayer(mapNode([['features', entry]], entry.value.origin));
  const content = compiled.value;
  if (content === undefined) return { diagnostics: compiled.diagnostics };
  if (isKnown) return { value: { content, blocks }, diagnostics: [] };
  const faults = checkBlocks(blocks, content.root).diagnostics.filter(({ path }) => !isOpen(path, content));
  return { value: { content, blocks }, diagnostics: faults };
}

/** What stands there is only known once its templates are filled in. */
function isOpen(path: string | undefined, { templates }: CompiledLayer): boolean {
  if (path === undefined) return false;
  return [...templates.values()].some((template) => template.path === path || template.path.startsWith(`${path}.`));
}

/** Holds the blocks, once they are filled in, against the schemas of their features. */
export function checkBlocks(blocks: readonly ProfileFeature[], root: MapNode): Parsed<readonly FeatureBlock[]> {
  const diagnostics: Diagnostic[] = [];
  const value = blocks.flatMap(({ feature, origin }): readonly FeatureBlock[] => {
    const written = child(child(root, 'features'), feature.name);
    if (written === undefined) return [];
    // A feature without settings may be named without a value.
    const source: Node = isNull(written) ? mapNode([], origin) : written;
    const path = ['features', feature.name];
    const typed = toValue(source);
    if (typed.value === undefined) {
      diagnostics.push(
        ...typed.diagnostics.map((each) => ({ ...each, path: `$.${path.join('.')}${each.path?.slice(1) ?? ''}` })),
      );
      return [];
    }
    const faults = (SCHEMAS.get(feature.name)?.check(typed.value) ?? []).map((fault) => ({
      ...fault,
      path: [...path, ...fault.path],
    }));
    diagnostics.push(...schemaDiagnostics(faults, root, 'schema', knownKeys));
    return faults.length > 0 ? [] : [{ feature, value: typed.value, source, origin }];
  });
  return hasErrors(diagnostics) ? { diagnostics } : { value, diagnostics };
}

/** What keeps a block from fitting the schema of its feature; empty for one that fits. */
export function blockFaults(feature: string, block: Value): readonly SchemaFault[] {
  return SCHEMAS.get(feature)?.check(block) ?? [];
}

/** The keys that a mapping in a block may have. */
function knownKeys([, name, ...path]: readonly (string | number)[]): readonly string[] {
  let schema: unknown = FEATURES.find((feature) => feature.name === name)?.schema;
  for (const segment of path) {
    schema = typeof segment === 'number' ? member(schema, 'items') : member(member(schema, 'properties'), segment);
  }
  return Object.keys(Object(member(schema, 'properties')));
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
