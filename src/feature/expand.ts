import type { Diagnostic, Origin } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { locate } from '../fragment/locate.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, childText, formatPath, textNode, withChild } from '../fragment/node.ts';
import type { Contribution, Feature, FeatureContext, Part, Whole } from './feature.ts';
import type { FlatcarRelease } from './flatcar-release.ts';
import { findRelease, isReleaseFault } from './flatcar-release.ts';
import { toDocument } from './parts.ts';
import { renderDocuments } from './shared/documents.ts';
import { renderExtensionList } from './shared/extension-list.ts';
import { renderKernelModules } from './shared/kernel-modules.ts';

/** The typed block of one feature, filled in and found to fit its schema. */
export interface FeatureBlock {
  readonly feature: Feature;
  readonly value: unknown;
  /** The block as it was written. */
  readonly source: Node;
  /** Where the feature's name stands. */
  readonly origin: Origin;
}

/** What the features of a profile came to. */
export interface Expanded {
  /** Butane documents, the base of the merge, the lowest first. */
  readonly documents: readonly MapNode[];
  readonly diagnostics: readonly Diagnostic[];
  /** What is wrong with the composed document as the features see it. */
  review(document: MapNode): readonly Diagnostic[];
}

/** All features are Flatcar's, and need nothing newer than its first stable Butane version. */
const VARIANT = 'flatcar';
const VERSION = '1.0.0';

/** Expands all blocks of a profile, and renders once what several of them add to. Pure. */
export function expandFeatures(blocks: readonly FeatureBlock[]): Expanded {
  const named = commonRelease(blocks);
  const diagnostics: Diagnostic[] = [...named.diagnostics];
  const contributions: Contribution[] = [];
  const fragments: (readonly [Origin, readonly Part[]])[] = [];
  const contexts = blocks.map((block) => ({ block, context: contextOf(block, named.release) }));
  const [first] = blocks;
  // What depends on the release would be wrong for another one.
  if (first === undefined || hasErrors(diagnostics)) return { documents: [], diagnostics, review: () => [] };
  for (const { block, context } of contexts) {
    const expansion = block.feature.expand(block.value, context);
    diagnostics.push(...expansion.diagnostics);
    contributions.push(...expansion.contributions);
    fragments.push([block.origin, expansion.fragment]);
  }
  const shared = renderDocuments(contributions);
  diagnostics.push(...shared.diagnostics);
  fragments.push([
    first.origin,
    [...renderExtensionList(contributions), ...renderKernelModules(contributions), ...shared.fragment],
  ]);
  const documents = fragments
    .filter(([, parts]) => parts.length > 0)
    .map(([origin, parts]) => toDocument(parts, origin));
  return {
    documents: [base(first.origin), ...documents],
    diagnostics,
    review: (document) => {
      const whole: Whole = { contributions, document };
      return contexts.flatMap(({ block, context }) => block.feature.review(block.value, whole, context));
    },
  };
}

/** A document that says no more than what the others are written in. */
function base(origin: Origin): MapNode {
  const empty = toDocument([], origin);
  return withChild(withChild(empty, 'variant', textNode(VARIANT, origin)), 'version', textNode(VERSION, origin));
}

/** A layer of another variant, for which no feature is made. */
export function foreignVariant(blocks: readonly FeatureBlock[], layers: readonly MapNode[]): Diagnostic | undefined {
  const foreign = layers
    .map((layer) => child(layer, 'variant'))
    .find((variant) => variant?.kind === 'scalar' && variant.text !== VARIANT);
  const [first] = blocks;
  if (first === undefined || foreign?.kind !== 'scalar') return undefined;
  return {
    severity: 'error',
    code: 'feature',
    message: `features are for Flatcar, and a layer of this profile is of the variant \`${foreign.text}\``,
    path: '$.features',
    origin: foreign.origin,
    hint: 'write `variant: flatcar`, or take the features out',
  };
}

function contextOf(block: FeatureBlock, release: FlatcarRelease | undefined): FeatureContext {
  const { feature, source, origin } = block;
  const at: FeatureContext['at'] = (...path) => {
    if (path.length === 0) return origin;
    const location = locate(source, path);
    return location.path.length === 0 ? origin : location.node.origin;
  };
  return {
    ...(release === undefined ? {} : { release }),
    at,
    report: (severity, path, message, hint) => ({
      severity,
      code: 'feature',
      message,
      path: formatPath(['features', feature.name, ...path]),
      origin: at(...path),
      hint,
    }),
  };
}

/** The release that the blocks name; it is one machine, so they name one. */
function commonRelease(blocks: readonly FeatureBlock[]): {
  readonly release?: FlatcarRelease;
  readonly diagnostics: readonly Diagnostic[];
} {
  const named = blocks.flatMap((block) => {
    const name = childText(block.source, 'release');
    return name === undefined ? [] : [{ name, context: contextOf(block, undefined) }];
  });
  const [first, ...others] = named;
  if (first === undefined) return { diagnostics: [] };
  const different = others.find(({ name }) => name !== first.name);
  if (different !== undefined) {
    const message = `another feature names the release \`${first.name}\``;
    const hint = 'a machine runs one release: name it once';
    return { diagnostics: [different.context.report('error', ['release'], message, hint)] };
  }
  const found = findRelease(first.name);
  if (isReleaseFault(found)) {
    return { diagnostics: [first.context.report('error', ['release'], found.message, found.hint)] };
  }
  if (!found.newer) return { release: found, diagnostics: [] };
  const message = 'this release is newer than all that are known here, and is taken for the newest known one';
  const hint = 'a newer pilotlight may know what changed';
  return { release: found, diagnostics: [first.context.report('info', ['release'], message, hint)] };
}
