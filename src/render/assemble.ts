import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { Expanded } from '../feature/expand.ts';
import { expandFeatures, foreignVariant } from '../feature/expand.ts';
import type { Budget } from '../fragment/budget.ts';
import { createBudget } from '../fragment/budget.ts';
import { compose } from '../fragment/compose.ts';
import { emitButane } from '../fragment/emit.ts';
import { faultCode, interpolate } from '../fragment/interpolate.ts';
import type { MapNode } from '../fragment/node.ts';
import type { TemplateScope } from '../fragment/template.ts';
import { TemplateFault, TemplateLimit } from '../fragment/template.ts';
import type { ValueObject } from '../fragment/value.ts';
import type { Machine } from '../machine/machine.ts';
import { checkBlocks } from '../site/features.ts';
import type { Selection } from '../site/outcome.ts';
import { resolveParameters } from '../site/parameters.ts';
import type { ButaneProfile, ComposedProfile, Group, Layer, Place, Revision } from '../site/revision.ts';

/** One Butane document for one machine, ready for butane. */
export interface Assembly {
  /** What butane is given: a plain profile's own bytes, or the composed document. */
  readonly source: string | Buffer;
  /** The same as nodes that know who wrote them. */
  readonly document: MapNode;
  /** The files of the layers that took part, the lowest first; one in a list for each time it did. */
  readonly layers: readonly string[];
  /** The parameters that were filled in. */
  readonly parameters: ValueObject;
}

/** What assembling needs beside the selection. */
export interface AssemblyContext {
  readonly revision: Revision;
  readonly machine: Machine;
  /** The public URL of the service, when it is known. */
  readonly serviceUrl?: string;
  /** Milliseconds from any start: templates get a bounded time. */
  readonly now: () => number;
}

/** Composes and fills in the selected profile; a plain one is taken as it is. Pure but for the bound on its time. */
export function assemble(
  selection: Selection & { readonly profile: ButaneProfile | ComposedProfile },
  context: AssemblyContext,
): Parsed<Assembly> {
  const { profile } = selection;
  if (hasErrors(profile.diagnostics)) return { diagnostics: profile.diagnostics };
  if (profile.kind === 'butane') {
    const { document } = profile;
    if (document === undefined) return { diagnostics: profile.diagnostics };
    const none: ValueObject = Object.create(null);
    const value = { source: profile.bytes, document, layers: [profile.file], parameters: none };
    return { value, diagnostics: profile.diagnostics };
  }
  const rival = selection.equals[0];
  if (profile.readsGroup && rival !== undefined) return { diagnostics: [groupUnclear(selection, rival)] };
  const parameters = resolveParameters(profile.parameters, selection.contributions);
  if (parameters.value === undefined) return { diagnostics: parameters.diagnostics };
  const scope = createScope(selection, context, parameters.value);
  const diagnostics: Diagnostic[] = [];
  const documents: MapNode[] = [];
  const layers: string[] = [];
  const budget = createBudget(context.now);
  for (const layer of profile.layers) {
    const filled = fillLayer(layer, scope, budget);
    diagnostics.push(...filled.diagnostics);
    for (const document of filled.value ?? []) {
      documents.push(document);
      layers.push(layer.file);
    }
    if (isFull(filled)) break;
  }
  const features = expandProfile(profile, documents, scope, budget);
  diagnostics.push(...features.diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  documents.unshift(...(features.value?.documents ?? []));
  if (documents.length === 0) {
    const origin = { file: profile.file, line: 1, column: 1 };
    const message = 'no layer takes part for this machine, so there is nothing to give it';
    return { diagnostics: [{ severity: 'error', code: 'schema', message, origin, hint: 'check `when` and `each`' }] };
  }
  const composed = compose(documents, { files: context.revision.files });
  diagnostics.push(...composed.diagnostics);
  if (composed.value === undefined || hasErrors(diagnostics)) return { diagnostics };
  const document = composed.value;
  diagnostics.push(...(features.value?.review(document) ?? []));
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: { source: emitButane(document), document, layers, parameters: parameters.value }, diagnostics };
}

/** The features of a profile for one machine; `layers` are what will override them. */
function expandProfile(
  { features }: ComposedProfile,
  layers: readonly MapNode[],
  scope: TemplateScope,
  budget: Budget,
): Parsed<Expanded> {
  if (features === undefined) return { diagnostics: [] };
  const filled = interpolate(features.content, scope, budget);
  if (filled.value === undefined) return { diagnostics: filled.diagnostics };
  const { value: blocks, diagnostics } = checkBlocks(features.blocks, filled.value);
  if (blocks === undefined) return { diagnostics };
  const foreign = foreignVariant(blocks, layers);
  if (foreign !== undefined) return { diagnostics: [foreign] };
  const value = expandFeatures(blocks);
  return { value, diagnostics: value.diagnostics };
}

/** The report for a template that reads `group.id` where two groups decide alike. */
export function groupUnclear({ group }: Selection, rival: Group): Diagnostic {
  return {
    severity: 'error',
    code: 'selection',
    message: `the profile reads \`group.id\`, and the groups ${rival.id} and ${group?.id} decide alike`,
    origin: rival.profile?.origin ?? rival.origin,
    hint: 'give one of them a `priority` or one more key in `match`',
  };
}

/** All that the templates of a profile see for one machine. */
export function createScope(
  selection: Selection,
  context: Pick<AssemblyContext, 'machine' | 'serviceUrl'>,
  parameters: ValueObject,
): TemplateScope {
  const { group } = selection;
  return {
    parameters,
    machine: object(Object.entries(context.machine.known)),
    labels: object(Object.entries(context.machine.labels)),
    profile: object([['id', selection.profile.id]]),
    group: object(group === undefined ? [] : [['id', group.id]]),
    service: object(context.serviceUrl === undefined ? [] : [['url', context.serviceUrl]]),
  };
}

function object(entries: readonly (readonly [string, string])[]): ValueObject {
  const made: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) made[key] = value;
  return made;
}

/** What follows a document that is too large has nothing to add. */
function isFull({ diagnostics }: Parsed<unknown>): boolean {
  return diagnostics.some(({ code }) => code === 'too-large' || code === 'template-limit');
}

/** More items than this in one `each` are taken for a mistake. */
const MAX_ITEMS = 1000;

function fillLayer(layer: Layer, scope: TemplateScope, budget: Budget): Parsed<readonly MapNode[]> {
  const { when, each } = layer;
  /** Where the expression under evaluation stands. */
  let place: Place | undefined;
  const fault = (error: TemplateFault | TemplateLimit): Parsed<readonly MapNode[]> => ({
    diagnostics: [
      {
        severity: 'error',
        code: faultCode(error),
        message: error.message,
        origin: place?.origin ?? layer.origin,
        ...(place === undefined ? {} : { path: place.path }),
      },
    ],
  });
  const perItem = typeof when === 'object' && when.reads.some(([root]) => root === 'item' || root === 'index');
  const holds = (inner: TemplateScope): boolean => {
    if (typeof when !== 'object') return when ?? true;
    place = when;
    return when.holds(inner, budget.timeLeftMs());
  };
  try {
    if (!perItem && !holds(scope)) return { value: [], diagnostics: [] };
    if (each === undefined) {
      const filled = interpolate(layer.content, scope, budget);
      return { value: filled.value === undefined ? [] : [filled.value], diagnostics: filled.diagnostics };
    }
    place = each;
    const items = each.evaluate(scope, budget.timeLeftMs());
    if (!Array.isArray(items)) return fault(new TemplateFault('`each` needs a list'));
    if (items.length > MAX_ITEMS) return fault(new TemplateFault(`\`each\` has more than ${MAX_ITEMS} items`));
    const value: MapNode[] = [];
    const diagnostics: Diagnostic[] = [];
    for (const [index, item] of items.entries()) {
      const inner = { ...scope, item, index };
      if (perItem && !holds(inner)) continue;
      const filled = interpolate(layer.content, inner, budget);
      if (filled.value !== undefined) value.push(filled.value);
      diagnostics.push(...filled.diagnostics.map((each) => ({ ...each, message: `item ${index}: ${each.message}` })));
      if (isFull(filled)) break;
    }
    return { value, diagnostics };
  } catch (error) {
    if (error instanceof TemplateFault || error instanceof TemplateLimit) return fault(error);
    throw error;
  }
}
