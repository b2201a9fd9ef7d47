import type { Diagnostic } from '../../diagnostic.ts';
import type { PathSegment } from '../../fragment/node.ts';
import type { FeatureContext } from '../feature.ts';
import type { Overlaybd } from './block.ts';

/** What a rule finds: where below the block, what it is, and what to do. */
export type Finding = readonly [
  severity: 'error' | 'warning',
  path: readonly PathSegment[],
  message: string,
  hint: string,
];

/** Looks at a block and at what it comes to, for one thing that would be wrong on the machine. */
export type Rule<Effective> = (block: Overlaybd, effective: Effective, context: FeatureContext) => Finding | undefined;

/** What all rules find. */
export function applyRules<Effective>(
  rules: readonly Rule<Effective>[],
  block: Overlaybd,
  effective: Effective,
  context: FeatureContext,
): readonly Diagnostic[] {
  return rules.flatMap((rule) => {
    const finding = rule(block, effective, context);
    return finding === undefined ? [] : [context.report(...finding)];
  });
}
