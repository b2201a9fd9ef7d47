import type { PlainPiece } from '../go-template/plain-template.ts';
import { fieldUses } from '../go-template/plain-template.ts';
import { machineOfQuery } from '../site/matchbox/query.ts';
import { templateData } from '../site/matchbox/template-data.ts';
import type { MatchboxProfile } from '../site/revision.ts';
import type { ImportedGroup } from './groups.ts';
import type { LiquidLayer } from './liquid-layer.ts';
import { toLiquidLayer } from './liquid-layer.ts';

/** How a template uses the query of a request. */
export interface QueryUse {
  /** The labels that it prints. */
  readonly printed: readonly string[];
  /** True where it does anything else with it. */
  readonly decides: boolean;
}

/** How the text of a template uses the query; not at all where it has a fault. */
export function queryUse(source: string): QueryUse {
  const uses = fieldUses(source);
  if (uses === undefined) return { printed: [], decides: false };
  const labels = uses.printed.filter(([root]) => root === 'request').map(labelOfQuery);
  const printed = labels.filter((label) => label !== undefined);
  const isElsewhere = uses.other.some(([root]) => root === 'request') || uses.texts.includes('request');
  return { printed: [...new Set(printed)], decides: isElsewhere || printed.length < labels.length };
}

/** The label that a path into the query names; undefined for the query as a whole. */
function labelOfQuery([, query, key, ...deeper]: readonly string[]): string | undefined {
  return query === 'query' && deeper.length === 0 ? key : undefined;
}

/** The template of a profile with its values filled in for a group, but for the labels that it prints of the query. */
export function fillButQuery(
  { ignition }: MatchboxProfile,
  { group }: ImportedGroup,
  labels: readonly string[],
): LiquidLayer | undefined {
  const template = ignition?.kind === 'template' ? ignition.template.value : undefined;
  if (template === undefined) return undefined;
  const marks = labels.map((label, index) => [`queryLabel${index}x`, label] as const);
  const query = Object.fromEntries(marks.map(([mark, label]) => [label, mark]));
  const data = { ...templateData(group, NOBODY), request: { query, raw_query: '' } };
  const filled = template.execute(data).value?.toString('utf8');
  if (filled === undefined) return undefined;
  const pieces = filled.split(/(queryLabel\d+x)/).map((text): PlainPiece => {
    const label = marks.find(([mark]) => mark === text)?.[1];
    return label === undefined ? text : { fields: ['request', 'query', label] };
  });
  return toLiquidLayer(pieces, [group]);
}

const NOBODY = machineOfQuery('');
