import { IGNITION_MODES } from '../boot/ignition-arguments.ts';
import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { FEATURES } from '../feature/features.ts';
import { decodeText } from '../fragment/decode.ts';
import type { MapNode, Node, PathSegment } from '../fragment/node.ts';
import { child, mapNode, plainNode, textNode, withChild } from '../fragment/node.ts';
import { parseToml } from '../fragment/parse-toml.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';
import { toValue } from '../fragment/value.ts';
import { LABEL_LIMITS } from '../machine/label.ts';
import { RETRY_SECONDS } from './boot-settings.ts';
import { INSTANCE_METADATA } from './instance-metadata.ts';
import { METADATA_SETTINGS } from './metadata-settings.ts';
import type { CompiledSchema } from './schema.ts';
import { compileSchemaLater, schemaDiagnostics } from './schema.ts';

/** The kinds of definitions that pilotlight itself reads. */
export type DefinitionKind = 'profile' | 'group' | 'site';

const LAYER = {
  type: ['string', 'object'],
  minLength: 1,
  required: ['use'],
  additionalProperties: false,
  properties: {
    use: { type: 'string', minLength: 1 },
    when: { type: ['boolean', 'string'], minLength: 1 },
    each: { type: 'string', minLength: 1 },
  },
};

/** Most arguments and initrds of a boot; a kernel takes 2,048 bytes of arguments in all. */
const BOOT_TEXTS = 100;
const BOOT_TEXT = { type: 'string', minLength: 1 };

const BOOT = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    kernel: BOOT_TEXT,
    initrd: { type: ['string', 'array'], minLength: 1, items: BOOT_TEXT, maxItems: BOOT_TEXTS },
    args: { type: 'array', items: BOOT_TEXT, maxItems: BOOT_TEXTS },
    ignition: { type: 'string', enum: [...IGNITION_MODES] },
    ipxe: { type: 'string', minLength: 1, maxLength: 65_536 },
  },
};

/** What machines without a boot do. */
const BOOT_SETTINGS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    unknown: {
      type: ['string', 'object'],
      // For a text; a mapping names a profile.
      pattern: '^(?:retry|exit)$',
      $comment: 'must be retry, exit, or a mapping with a profile',
      required: ['profile'],
      additionalProperties: false,
      properties: { profile: { type: 'string', minLength: 1 } },
    },
    retry: { type: 'integer', ...RETRY_SECONDS },
  },
};

const LABEL_TEXT = { type: 'string', minLength: 1 };

/** JSON Schemas of the definitions; `docs/site.md` describes the same keys for people. */
export const DEFINITION_SCHEMAS = {
  profile: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      title: { type: 'string', maxLength: 200 },
      layers: { type: 'array', items: LAYER, maxItems: 200 },
      butane: { type: 'object' },
      ignition: { type: 'string', minLength: 1 },
      features: {
        type: 'object',
        additionalProperties: false,
        // What is in a block is held against the schema of its feature once it is filled in.
        properties: Object.fromEntries(FEATURES.map(({ name }) => [name, { type: ['object', 'null', 'string'] }])),
      },
      parameters: { type: 'object' },
      boot: BOOT,
    },
  },
  group: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      profile: { type: 'string' },
      match: {
        type: 'object',
        // A machine says no more than this many labels.
        maxProperties: LABEL_LIMITS.count,
        additionalProperties: {
          type: ['string', 'array'],
          minLength: 1,
          minItems: 1,
          items: LABEL_TEXT,
        },
      },
      priority: { type: 'integer', minimum: -1000, maximum: 1000 },
      parameters: { type: 'object' },
      metadata: INSTANCE_METADATA,
    },
  },
  site: {
    type: 'object',
    additionalProperties: false,
    properties: {
      strict: { type: 'boolean' },
      experimental: { type: 'boolean' },
      parameters: { type: 'object' },
      boot: BOOT_SETTINGS,
      metadata: METADATA_SETTINGS,
    },
  },
} as const;

const COMPILED: Readonly<Record<DefinitionKind, CompiledSchema>> = {
  profile: compileSchemaLater(DEFINITION_SCHEMAS.profile),
  group: compileSchemaLater(DEFINITION_SCHEMAS.group),
  site: compileSchemaLater(DEFINITION_SCHEMAS.site),
};

/** Parses a document of the site by its file's ending: `.toml` is TOML, everything else YAML. */
export function parseDocument(content: Buffer, file: string): Parsed<Node> {
  const decoded = decodeText(content, file);
  if (decoded.value === undefined) return { diagnostics: decoded.diagnostics };
  const text = decoded.value.replace(/^\ufeff/, '');
  return file.endsWith('.toml') ? parseToml(text, file) : parseYaml(text, file);
}

/** Parses a definition and checks it against its schema, unless it is known to be fine. */
export function parseDefinition(kind: DefinitionKind, content: Buffer, file: string, isKnown = false): Parsed<MapNode> {
  const parsed = parseDocument(content, file);
  if (parsed.value === undefined) return { diagnostics: parsed.diagnostics };
  const root = parsed.value;
  if (root.kind !== 'map') {
    const diagnostic: Diagnostic = {
      severity: 'error',
      code: 'schema',
      message: `a ${kind} is a mapping`,
      origin: root.origin,
    };
    return { diagnostics: [diagnostic] };
  }
  if (isKnown) return { value: root, diagnostics: [] };
  const typed = toValue(checkable(root, kind));
  if (typed.value === undefined) return { diagnostics: typed.diagnostics };
  const faults = COMPILED[kind].check(typed.value);
  const diagnostics = schemaDiagnostics(faults, root, 'schema', (path) => keysAt(kind, path));
  return diagnostics.length > 0 ? { diagnostics } : { value: root, diagnostics };
}

/**
 * The definition as its schema sees it: what is written for butane stays untyped (`mode: 0644` is butane's to read), and
 * labels are compared as the texts they were written as (`rack: 07`).
 */
function checkable(root: MapNode, kind: DefinitionKind): MapNode {
  let checked = root;
  const boot = child(root, 'boot');
  // A kernel argument is a text however it looks: `quiet`, `0644`, `yes`.
  if (kind === 'profile' && boot !== undefined) checked = withChild(checked, 'boot', asTexts(boot));
  const metadata = child(root, 'metadata');
  // An id or a tag is a text however it looks.
  if (kind === 'group' && metadata !== undefined) checked = withChild(checked, 'metadata', asTexts(metadata));
  const features = child(root, 'features');
  if (features?.kind === 'map') checked = withChild(checked, 'features', withoutContents(features));
  const butane = child(root, 'butane');
  if (butane?.kind === 'map') checked = withChild(checked, 'butane', mapNode([], butane.origin));
  const match = child(root, 'match');
  if (match !== undefined) checked = withChild(checked, 'match', asTexts(match));
  // A parameter's number is checked where it is used, with the schema that the profile gives it.
  const parameters = child(root, 'parameters');
  if (parameters?.kind === 'map') checked = withChild(checked, 'parameters', mapNode([], parameters.origin));
  return checked;
}

/** The same mapping with nothing in the mappings below it. */
function withoutContents(node: MapNode): MapNode {
  const entries = [...node.entries].map(([key, entry]) => {
    const { value } = entry;
    return [key, value.kind === 'map' ? { ...entry, value: mapNode([], value.origin) } : entry] as const;
  });
  return mapNode(entries, node.origin);
}

/** The keys of mappings in a definition, by where they stand. */
const INNER_KEYS: Readonly<Record<DefinitionKind, Readonly<Record<string, readonly string[]>>>> = {
  profile: {
    boot: Object.keys(BOOT.properties),
    layers: Object.keys(LAYER.properties),
    features: FEATURES.map(({ name }) => name),
  },
  group: { metadata: Object.keys(INSTANCE_METADATA.properties) },
  site: {
    boot: Object.keys(BOOT_SETTINGS.properties),
    'boot.unknown': Object.keys(BOOT_SETTINGS.properties.unknown.properties),
    metadata: Object.keys(METADATA_SETTINGS.properties),
  },
};

/** The keys that a mapping of a definition may have, the items of a list all alike. */
function keysAt(kind: DefinitionKind, path: readonly PathSegment[]): readonly string[] {
  if (path.length === 0) return Object.keys(DEFINITION_SCHEMAS[kind].properties);
  const names = path.filter((segment) => typeof segment === 'string');
  return INNER_KEYS[kind][names.join('.')] ?? [];
}

function asTexts(node: Node): Node {
  switch (node.kind) {
    case 'scalar':
      return node.text === '' && node.plain ? plainNode('null', node.origin) : textNode(node.text, node.origin);
    case 'list':
      return { ...node, items: node.items.map(asTexts) };
    case 'map':
      return {
        ...node,
        entries: new Map([...node.entries].map(([key, entry]) => [key, { ...entry, value: asTexts(entry.value) }])),
      };
  }
}
