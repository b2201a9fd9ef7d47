import { toBytes, toText } from './bytes.ts';
import { TemplateFault } from './fault.ts';
import { GO_TEMPLATE_LIMITS } from './limits.ts';
import type { Node } from './nodes.ts';
import { MAIN, parseTemplates } from './parser.ts';

/** A piece of a template that only fills in values: text, or the path of a value below the dot. */
export type PlainPiece = string | { readonly fields: readonly string[] };

/** The pieces of a template in which every action is a lone `.a.b`; undefined for any other, and for one with a fault. */
export function plainPieces(template: string): readonly PlainPiece[] | undefined {
  try {
    const templates = parseTemplates(toBytes(template), GO_TEMPLATE_LIMITS);
    if (templates.size > 1) return undefined;
    const pieces: PlainPiece[] = [];
    for (const node of templates.get(MAIN) ?? []) {
      const piece = plainPiece(node);
      if (piece === undefined) return undefined;
      pieces.push(piece);
    }
    return pieces;
  } catch (error) {
    if (error instanceof TemplateFault) return undefined;
    throw error;
  }
}

function plainPiece(node: Node): PlainPiece | undefined {
  if (node.kind === 'text') return toText(node.text);
  if (node.kind !== 'action' || node.pipeline.variables.length > 0 || node.pipeline.commands.length !== 1) {
    return undefined;
  }
  const [command] = node.pipeline.commands;
  if (command === undefined || command.rest.length > 0 || command.first.kind !== 'field') return undefined;
  return { fields: command.first.fields.map(toText) };
}
