import type { Diagnostic, Parsed } from '../diagnostic.ts';
import type { Budget } from './budget.ts';
import type { ListNode, MapEntry, MapNode, Node, PathSegment, ScalarNode } from './node.ts';
import { formatPath, textNode } from './node.ts';
import type { Template, TemplateScope } from './template.ts';
import { compileTemplate, isTemplate, TemplateFault, TemplateLimit } from './template.ts';
import { fromValue } from './value.ts';

/** A Butane layer whose scalars are templates, compiled once when the site is read. */
export interface CompiledLayer {
  readonly root: MapNode;
  readonly templates: ReadonlyMap<ScalarNode, CompiledScalar>;
}

/** A scalar that holds a template. */
export interface CompiledScalar extends Template {
  /** In butane's spelling, `$.storage.files.0.path`. */
  readonly path: string;
}

/** Compiles every scalar of a layer that holds a template; keys cannot be templates, so that no value makes structure. */
export function compileLayer(root: MapNode): Parsed<CompiledLayer> {
  const diagnostics: Diagnostic[] = [];
  const templates = new Map<ScalarNode, CompiledScalar>();
  walk(root, [], (node, path) => {
    if (node.kind === 'map') {
      for (const [key, entry] of node.entries) {
        if (!isTemplate(key)) continue;
        diagnostics.push({
          severity: 'error',
          code: 'template-syntax',
          message: 'a key cannot be a template',
          path: formatPath([...path, key]),
          origin: entry.keyOrigin,
          hint: 'use a layer with `when` or `each` for structure that depends on values',
        });
      }
    }
    if (node.kind !== 'scalar' || !isTemplate(node.text)) return;
    try {
      templates.set(node, { ...compileTemplate(node.text), path: formatPath(path) });
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      diagnostics.push(templateDiagnostic(error, node, path, 'template-syntax'));
    }
  });
  return diagnostics.length > 0 ? { diagnostics } : { value: { root, templates }, diagnostics };
}

/**
 * Fills in a compiled layer. A scalar that is one lone `{{ expression }}` takes the value with its type, and a list item
 * that yields a list is spliced in; every other template yields text, which butane never takes for anything else.
 * All faults of the layer are reported, up to the first that says that too much was used.
 */
export function interpolate(layer: CompiledLayer, scope: TemplateScope, budget: Budget): Parsed<MapNode> {
  const diagnostics: Diagnostic[] = [];
  let full = false;

  function fill(node: Node, path: readonly PathSegment[]): Node {
    if (node.kind === 'scalar') return fillScalar(node, path);
    take(node, node, path);
    return node.kind === 'list' ? fillList(node, path) : fillMap(node, path);
  }

  function fillList(node: ListNode, path: readonly PathSegment[]): ListNode {
    const items: Node[] = [];
    for (const [index, item] of node.items.entries()) {
      const filled = fill(item, [...path, index]);
      const spliced = item.kind === 'scalar' && layer.templates.has(item) && filled.kind === 'list';
      // One by one: a call takes only so many arguments.
      for (const each of spliced ? filled.items : [filled]) items.push(each);
    }
    return { ...node, items };
  }

  function fillMap(node: MapNode, path: readonly PathSegment[]): MapNode {
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries) entries.set(key, { ...entry, value: fill(entry.value, [...path, key]) });
    return { ...node, entries };
  }

  function fillScalar(node: ScalarNode, path: readonly PathSegment[]): Node {
    if (full) return node;
    const template = layer.templates.get(node);
    try {
      const filled =
        template === undefined ? node : fromValue(template.evaluate(scope, budget.timeLeftMs()), node.origin);
      walk(filled, [], (inner) => take(inner, node, path));
      return filled;
    } catch (error) {
      if (error instanceof TemplateLimit) full = true;
      else if (!(error instanceof TemplateFault)) throw error;
      diagnostics.push(templateDiagnostic(error, node, path, faultCode(error)));
      return textNode('', node.origin);
    }
  }

  /** Counts a node, and stops with a report at the first one that is too much. */
  function take(node: Node, { origin }: Node, path: readonly PathSegment[]): void {
    if (full || budget.take(node)) return;
    full = true;
    const { nodes, textLength } = budget.limits;
    const message = `the document is larger than ${nodes} nodes or ${textLength} characters once it is filled in`;
    const hint = 'repeat less, or put large contents into files/';
    diagnostics.push({ severity: 'error', code: 'too-large', message, path: formatPath(path), origin, hint });
  }

  const value = fillMap(layer.root, []);
  return diagnostics.length > 0 ? { diagnostics } : { value, diagnostics };
}

/**
 * What a fault is about: a name that only a request can give (a label, the machine, the group) is missing from the
 * request; any other is a fault of the template.
 */
export function faultCode(
  fault: TemplateFault | TemplateLimit,
): 'parameter-missing' | 'template-value' | 'template-limit' {
  if (fault instanceof TemplateLimit) return 'template-limit';
  return /^(?:machine|labels|group)\b/.test(fault.undefinedName ?? '') ? 'parameter-missing' : 'template-value';
}

function templateDiagnostic(
  fault: TemplateFault | TemplateLimit,
  node: ScalarNode,
  path: readonly PathSegment[],
  code: Diagnostic['code'],
): Diagnostic {
  const unknownUrl = fault instanceof TemplateFault && fault.undefinedName === 'service.url';
  return {
    severity: 'error',
    code,
    message: fault.message,
    path: formatPath(path),
    origin: node.origin,
    ...(unknownUrl
      ? { hint: 'the service listens on every address: name the one that machines use with --public-url' }
      : {}),
  };
}

function walk(node: Node, path: readonly PathSegment[], visit: (node: Node, path: readonly PathSegment[]) => void) {
  visit(node, path);
  if (node.kind === 'list') for (const [index, item] of node.items.entries()) walk(item, [...path, index], visit);
  if (node.kind === 'map') for (const [key, entry] of node.entries) walk(entry.value, [...path, key], visit);
}
