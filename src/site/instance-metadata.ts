import type { MapNode, Node } from '../fragment/node.ts';
import { child, childItems, childText } from '../fragment/node.ts';
import type { InstanceMetadata } from '../metadata/instance.ts';

const TEXT = {
  $comment: 'must be one line, without tabs and other control characters',
  type: 'string',
  minLength: 1,
  maxLength: 1024,
  pattern: '^[^\\u0000-\\u001f\\u007f]*$',
};

/** Names that a tag may have: they stand in paths. */
const TAG_NAME = {
  $comment: 'must be under a name of 1 to 128 characters of A-Z, a-z, 0-9, `_`, `.`, `:`, `@`, `+`, `=` and `-`',
  pattern: '^[A-Za-z0-9_.:@+=-]{1,128}$',
};

/** JSON Schema of `metadata:` of a group. */
export const INSTANCE_METADATA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    'instance-id': TEXT,
    hostname: TEXT,
    region: TEXT,
    zone: TEXT,
    'instance-type': TEXT,
    image: TEXT,
    'local-ipv4': TEXT,
    'public-ipv4': TEXT,
    'ssh-keys': { type: 'array', items: { ...TEXT, maxLength: 16_384 }, maxItems: 100 },
    tags: { type: 'object', maxProperties: 100, propertyNames: TAG_NAME, additionalProperties: TEXT },
  },
} as const;

const TEXT_KEYS = [
  'instance-id',
  'hostname',
  'region',
  'zone',
  'instance-type',
  'image',
  'local-ipv4',
  'public-ipv4',
] as const;

/** Reads `metadata:` of a group, which fits its schema; undefined where there is none. */
export function readInstanceMetadata(root: MapNode): InstanceMetadata | undefined {
  const node = child(root, 'metadata');
  if (node?.kind !== 'map') return undefined;
  const texts = TEXT_KEYS.flatMap((key) => {
    const text = childText(node, key);
    return text === undefined ? [] : [[key, text] as const];
  });
  const keys = childItems(node, 'ssh-keys').flatMap(textOf);
  const tags = child(node, 'tags');
  return {
    ...Object.fromEntries(texts),
    ...(child(node, 'ssh-keys') === undefined ? {} : { 'ssh-keys': keys }),
    ...(tags?.kind === 'map'
      ? { tags: Object.fromEntries([...tags.entries].map(([name, { value }]) => [name, textOf(value)[0] ?? ''])) }
      : {}),
  };
}

function textOf(node: Node): readonly string[] {
  return node.kind === 'scalar' ? [node.text] : [];
}
