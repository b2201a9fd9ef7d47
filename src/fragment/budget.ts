import type { Node } from './node.ts';
import { TemplateLimit } from './template.ts';

/** Bounds on one document that is filled in, over all its layers and their repetitions. */
export interface FillLimits {
  /** Mappings, lists and scalars. */
  readonly nodes: number;
  /** Characters of all scalars together. */
  readonly textLength: number;
  /** Milliseconds of all templates together; they run on the thread that answers every machine. */
  readonly timeMs: number;
}

/** As much as a single document may hold once its aliases are expanded, and well below what a machine waits for. */
export const FILL_LIMITS: FillLimits = { nodes: 100_000, textLength: 4 * 1024 * 1024, timeMs: 2000 };

/** What is left of the bounds on one document. */
export interface Budget {
  readonly limits: FillLimits;
  /** Takes what a node needs, without what is in it; false when that is more than is left. */
  take(node: Node): boolean;
  /** Milliseconds that are left for templates, at least 1. Throws {@link TemplateLimit} when there are none. */
  timeLeftMs(): number;
}

/** A fresh budget; its time, by a clock in milliseconds, starts now. */
export function createBudget(now: () => number, limits: FillLimits = FILL_LIMITS): Budget {
  const deadline = now() + limits.timeMs;
  let { nodes, textLength } = limits;
  return {
    limits,
    take(node) {
      nodes -= 1;
      if (node.kind === 'scalar') textLength -= node.text.length;
      return nodes >= 0 && textLength >= 0;
    },
    timeLeftMs() {
      const left = Math.ceil(deadline - now());
      if (left > 0) return left;
      throw new TemplateLimit(`the templates of the profile take longer than ${limits.timeMs} ms together`);
    },
  };
}
