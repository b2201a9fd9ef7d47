import type { Diagnostic } from '../diagnostic.ts';
import type { MapNode } from '../fragment/node.ts';
import { child, childItems, childText } from '../fragment/node.ts';
import { DIALECTS, findRivalDialects } from '../metadata/dialects.ts';

/** What site.yaml says about metadata services. */
export interface MetadataSettings {
  /** Names of dialects that are spoken. */
  readonly dialects: readonly string[];
  /** Machines may read without a session token where the cloud has a mode for that. */
  readonly withoutToken: boolean;
}

/** JSON Schema of `metadata:` of site.yaml. */
export const METADATA_SETTINGS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    dialects: { type: 'array', items: { type: 'string', enum: DIALECTS.map(({ name }) => name) }, uniqueItems: true },
    'without-token': { type: 'boolean' },
  },
} as const;

/** What holds when site.yaml says nothing. */
export const DEFAULT_METADATA_SETTINGS: MetadataSettings = Object.freeze({ dialects: [], withoutToken: false });

/** Two dialects of site.yaml that have the same paths, reported at the one that was named last. */
export function faultOfDialects(root: MapNode): readonly Diagnostic[] {
  const items = childItems(child(root, 'metadata'), 'dialects').filter((item) => item.kind === 'scalar');
  const rivals = findRivalDialects(items.map(({ text }) => text));
  const at = items.findLastIndex(({ text }) => rivals?.includes(text));
  const item = items[at];
  if (rivals === undefined || item === undefined) return [];
  return [
    {
      severity: 'error',
      code: 'schema',
      message: `${rivals.join(' and ')} have the same paths`,
      path: `$.metadata.dialects.${at}`,
      origin: item.origin,
      hint: 'speak one of them; a second service can speak the other',
    },
  ];
}

/** Reads `metadata:` of site.yaml, which fits its schema. */
export function readMetadataSettings(root: MapNode): MetadataSettings {
  const node = child(root, 'metadata');
  return {
    dialects: childItems(node, 'dialects').flatMap((item) => (item.kind === 'scalar' ? [item.text] : [])),
    withoutToken: childText(node, 'without-token')?.toLowerCase() === 'true',
  };
}
