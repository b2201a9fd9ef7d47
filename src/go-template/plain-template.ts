import { toBytes, toText } from './bytes.ts';
import { TemplateFault } from './fault.ts';
import { GO_TEMPLATE_LIMITS } from './limits.ts';
import type { Command, Node, Operand, Pipeline } from './nodes.ts';
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

/** How a template uses the values that it is given. */
export interface FieldUses {
  /** Paths of values that are printed, each alone in its action. */
  readonly printed: readonly (readonly string[])[];
  /** Paths of values that are used in any other way. */
  readonly other: readonly (readonly string[])[];
  /** Texts that stand in actions, such as the names that `index` looks up. */
  readonly texts: readonly string[];
}

/** The uses of values in a template and in all that are defined in it; undefined for one with a fault. */
export function fieldUses(template: string): FieldUses | undefined {
  try {
    const walk = new UseWalk();
    for (const nodes of parseTemplates(toBytes(template), GO_TEMPLATE_LIMITS).values()) walk.nodes(nodes);
    return walk;
  } catch (error) {
    if (error instanceof TemplateFault) return undefined;
    throw error;
  }
}

class UseWalk implements FieldUses {
  readonly printed: string[][] = [];
  readonly other: string[][] = [];
  readonly texts: string[] = [];

  nodes(nodes: readonly Node[]): void {
    for (const node of nodes) this.#node(node);
  }

  #node(node: Node): void {
    switch (node.kind) {
      case 'action': {
        const path = printedPath(node.pipeline);
        if (path === undefined) this.#pipeline(node.pipeline);
        else this.printed.push(path);
        return;
      }
      case 'if':
      case 'with':
        for (const { pipeline, body } of node.branches) {
          this.#pipeline(pipeline);
          this.nodes(body);
        }
        this.nodes(node.otherwise);
        return;
      case 'range':
        this.#pipeline(node.pipeline);
        this.nodes(node.body);
        this.nodes(node.otherwise);
        return;
      case 'template':
        if (node.pipeline !== undefined) this.#pipeline(node.pipeline);
    }
  }

  #pipeline({ commands }: Pipeline): void {
    for (const command of commands) this.#command(command);
  }

  #command({ first, rest }: Command): void {
    for (const operand of [first, ...rest]) this.#operand(operand);
  }

  #operand(operand: Operand): void {
    if (operand.kind === 'string') this.texts.push(toText(operand.value));
    if (operand.kind === 'field' || operand.kind === 'variable') this.other.push(operand.fields.map(toText));
    if (operand.kind === 'pipeline') this.#pipeline(operand);
    if (operand.kind === 'chain') {
      this.#operand(operand.operand);
      this.other.push(operand.fields.map(toText));
    }
  }
}

/** The path of a value that is alone in its action, `.a.b` or `$.a.b`. */
function printedPath({ commands, variables }: Pipeline): string[] | undefined {
  const [command] = commands;
  if (commands.length !== 1 || variables.length > 0 || command === undefined || command.rest.length > 0)
    return undefined;
  const { first } = command;
  const isRoot = first.kind === 'field' || (first.kind === 'variable' && first.name === '$');
  return isRoot && first.fields.length > 0 ? first.fields.map(toText) : undefined;
}
