import { type Bytes, toText } from './bytes.ts';
import { TemplateFault } from './fault.ts';
import { Printer } from './format/printer.ts';
import { functionOf, NO_VALUE } from './functions.ts';
import type { Budget } from './limits.ts';
import type {
  Branch,
  Command,
  Conditional,
  Node,
  Operand,
  Pipeline,
  Range,
  TemplateCall,
  TemplateSet,
} from './nodes.ts';
import { MAIN } from './parser.ts';
import { type GoValue, isTrue, KIND_NAMES, kindOf, listItems } from './value.ts';
import { Variables } from './variables.ts';

/** How a list of nodes ended: at its end, or where a `break` or `continue` stood. */
type Ending = 'end' | 'break' | 'continue';

/** What a command is given by the one before it. */
type Piped = GoValue | undefined;

type FunctionName = Extract<Operand, { readonly kind: 'function' }>;
type Fields = Extract<Operand, { readonly fields: readonly Bytes[] }>;

/** What is around a node while it is executed: the current value, and the variables of its template. */
interface Frame {
  readonly dot: GoValue;
  readonly variables: Variables;
}

/** Where a piece of the output comes from. */
export interface OutputMark {
  /** The byte of the output that it begins at. */
  readonly output: number;
  /** The byte of the template. */
  readonly template: number;
  /** It stands in the template as it is, byte for byte; else an action made it. */
  readonly literal: boolean;
}

/**
 * Executes the main template of a set with a value. Gives the bytes of the output, and adds to `marks` where they come
 * from, in their order. Throws a TemplateFault.
 */
export function execute(templates: TemplateSet, data: GoValue, budget: Budget, marks?: OutputMark[]): Bytes {
  const execution = new Execution(templates, budget, marks);
  execution.run(data);
  return execution.output;
}

class Execution {
  readonly #templates: TemplateSet;
  readonly #budget: Budget;
  readonly #printer: Printer;
  readonly #marks: OutputMark[] | undefined;

  constructor(templates: TemplateSet, budget: Budget, marks: OutputMark[] | undefined) {
    this.#marks = marks;
    this.#templates = templates;
    this.#budget = budget;
    this.#printer = new Printer(budget);
  }

  get output(): Bytes {
    return this.#printer.text;
  }

  run(data: GoValue): void {
    this.#body(this.#templates.get(MAIN) ?? [], { dot: data, variables: new Variables(data, this.#budget) });
  }

  #body(nodes: readonly Node[], frame: Frame): Ending {
    this.#budget.enter();
    let ending: Ending = 'end';
    for (const node of nodes) {
      // Not in a function of its own: a level of the template takes as few frames of the stack as can be.
      try {
        ending = this.#node(node, frame);
      } catch (error) {
        throw located(error, node.at);
      }
      if (ending !== 'end') break;
    }
    this.#budget.leave();
    return ending;
  }

  #node(node: Node, frame: Frame): Ending {
    this.#budget.step();
    switch (node.kind) {
      case 'text':
        this.#mark(node.at, true);
        this.#printer.write(node.text);
        return 'end';
      case 'action': {
        this.#mark(node.at, false);
        const value = this.#pipeline(node.pipeline, frame);
        if (node.pipeline.variables.length === 0) this.#printer.print(value ?? NO_VALUE, 'v');
        return 'end';
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'if':
      case 'with':
        return this.#conditional(node, frame);
      case 'range':
        return this.#range(node, frame);
      case 'template':
        this.#template(node, frame);
        return 'end';
    }
  }

  #mark(template: number, literal: boolean): void {
    this.#marks?.push({ output: this.#printer.length, template, literal });
  }

  #conditional({ kind, branches, otherwise }: Conditional, frame: Frame): Ending {
    const { variables } = frame;
    const known = variables.size;
    const taken = this.#firstTrue(branches, frame);
    const inner = taken !== undefined && kind === 'with' ? { dot: taken.value, variables } : frame;
    const ending = this.#body(taken?.body ?? otherwise, inner);
    variables.shrink(known);
    return ending;
  }

  #firstTrue(branches: readonly Branch[], frame: Frame): { value: GoValue; body: readonly Node[] } | undefined {
    for (const { pipeline, body } of branches) {
      const value = this.#pipeline(pipeline, frame);
      if (isTrue(value)) return { value, body };
    }
    return undefined;
  }

  #range({ pipeline, body, otherwise }: Range, frame: Frame): Ending {
    const { variables } = frame;
    const known = variables.size;
    const value = this.#pipeline(pipeline, frame);
    const inside = variables.size;
    let isEmpty = true;
    for (const [index, item] of rounds(value, pipeline)) {
      isEmpty = false;
      this.#budget.step();
      this.#setRangeVariables(pipeline, index, item, variables);
      const ending = this.#body(body, { dot: item, variables });
      variables.shrink(inside);
      if (ending === 'break') break;
    }
    const ending = isEmpty ? this.#body(otherwise, frame) : 'end';
    variables.shrink(known);
    // For the parser a `break` in the `else` is one of the range around this one; Go ends this one all the same.
    return ending === 'break' ? 'end' : ending;
  }

  /** Of two variables the first is the index; one alone is the item. */
  #setRangeVariables(
    { variables: names, assigns }: Pipeline,
    index: GoValue,
    item: GoValue,
    variables: Variables,
  ): void {
    const [first, second] = names;
    if (first === undefined) return;
    if (second === undefined) {
      if (assigns) variables.assign(first, item);
      else variables.replace(1, item);
    } else if (assigns) {
      variables.assign(first, index);
      variables.assign(second, item);
    } else {
      variables.replace(1, item);
      variables.replace(2, index);
    }
  }

  /** A template sees the value that it is given, and no variable from where it is called. */
  #template({ name, pipeline, at }: TemplateCall, frame: Frame): void {
    const nodes = this.#templates.get(name);
    if (nodes === undefined) throw valueFault(`there is no template with the name ${JSON.stringify(toText(name))}`, at);
    const dot = pipeline === undefined ? null : this.#pipeline(pipeline, frame);
    this.#body(nodes, { dot, variables: new Variables(dot, this.#budget) });
  }

  #pipeline({ commands, variables, assigns }: Pipeline, frame: Frame): GoValue {
    this.#budget.enter();
    let value: Piped;
    for (const command of commands) value = this.#command(command, value, frame);
    const result = value ?? null;
    for (const name of variables) {
      if (assigns) frame.variables.assign(name, result);
      else frame.variables.push(name, result);
    }
    this.#budget.leave();
    return result;
  }

  #command({ first, rest }: Command, piped: Piped, frame: Frame): GoValue {
    this.#budget.step();
    if (first.kind === 'function') return this.#call(first, rest, piped, frame);
    if (first.kind === 'nil') throw valueFault('nil alone is no value for an action', first.at);
    const value = this.#operand(first, frame);
    if (rest.length > 0 || piped !== undefined) throw valueFault('only a function takes arguments', first.at);
    return value;
  }

  #operand(operand: Operand, frame: Frame): GoValue {
    switch (operand.kind) {
      case 'dot':
        return frame.dot;
      case 'nil':
        return null;
      case 'boolean':
      case 'string':
        return operand.value;
      case 'number':
        if (operand.value === 'overflow') throw valueFault('this number is too large for an int', operand.at);
        return operand.value;
      case 'function':
        return this.#call(operand, [], undefined, frame);
      case 'field':
        return fieldsOf(frame.dot, operand);
      case 'variable':
        return fieldsOf(frame.variables.get(operand.name), operand);
      case 'chain':
        return fieldsOf(this.#operand(operand.operand, frame), operand);
      case 'pipeline':
        return this.#pipeline(operand, frame);
    }
  }

  #call({ name, at }: FunctionName, operands: readonly Operand[], piped: Piped, frame: Frame): GoValue {
    const target = functionOf(name);
    const count = operands.length + (piped === undefined ? 0 : 1);
    if (count < target.least || (count > target.least && !target.isVariadic)) {
      const wanted = target.isVariadic ? `${target.least} or more` : String(target.least);
      throw valueFault(`the number of arguments of ${name} is ${wanted}, and not ${count}`, at);
    }
    if (target.stopsAt !== undefined) return this.#shortCircuit(target.stopsAt, operands, piped, frame);
    const values: GoValue[] = [];
    for (const operand of operands) values.push(this.#operand(operand, frame));
    if (piped !== undefined) values.push(piped);
    // Functions look at their texts once, from end to end.
    for (const value of values) if (typeof value === 'string') this.#budget.step(value.length >> 10);
    try {
      return target.call(values, this.#budget);
    } catch (error) {
      throw located(error, at);
    }
  }

  #shortCircuit(stopsAt: boolean, operands: readonly Operand[], piped: Piped, frame: Frame): GoValue {
    let value: GoValue = null;
    for (const operand of operands) {
      value = this.#operand(operand, frame);
      if (isTrue(value) === stopsAt) return value;
    }
    return piped === undefined ? value : piped;
  }
}

/** What a range goes through, with the index or key of each. */
function* rounds(value: GoValue, { variables, at }: Pipeline): Iterable<readonly [GoValue, GoValue]> {
  if (typeof value === 'bigint' || (typeof value === 'object' && value?.kind === 'byte')) {
    if (variables.length > 1) throw valueFault('a range over an integer has one variable', at);
    const end = typeof value === 'bigint' ? value : BigInt(value.value);
    for (let item = 0n; item < end; item += 1n) {
      yield [null, typeof value === 'bigint' ? item : { kind: 'byte', value: Number(item) }];
    }
  } else if (typeof value === 'object' && value?.kind === 'list') {
    for (const [index, item] of listItems(value).entries()) yield [BigInt(index), item];
  } else if (typeof value === 'object' && value?.kind === 'map') yield* value.entries;
  else if (value !== null) throw valueFault(`range cannot go through ${KIND_NAMES[kindOf(value)]}`, at);
}

function fieldsOf(value: GoValue, { fields, at }: Fields): GoValue {
  let found = value;
  for (const [index, field] of fields.entries()) {
    const next = fieldOf(found, field, at);
    if (next === undefined) throw missingFault(fields.slice(0, index + 1).map(toText), at);
    found = next;
  }
  return found;
}

/** What a map has by a name; undefined when it has not. */
function fieldOf(value: GoValue, field: Bytes, at: number): GoValue | undefined {
  if (typeof value !== 'object' || value === null || value.kind !== 'map') {
    throw valueFault(`${KIND_NAMES[kindOf(value)]} has no fields, so there is no .${toText(field)}`, at);
  }
  return value.entries.get(field);
}

function missingFault(path: readonly string[], offset: number): TemplateFault {
  const name = path.at(-1);
  const hint = `for one that may be missing write (index . "${name}")`;
  const message = `there is no value .${name}`;
  return new TemplateFault('template-value', message, { offset, hint, path: `.${path.join('.')}` });
}

/** A fault with its place, if it does not know one. */
function located(error: unknown, at: number): unknown {
  if (!(error instanceof TemplateFault) || error.offset !== undefined) return error;
  const { code, message, hint, path } = error;
  return new TemplateFault(code, message, {
    offset: at,
    ...(hint === undefined ? {} : { hint }),
    ...(path === undefined ? {} : { path }),
  });
}

function valueFault(message: string, offset: number, hint?: string): TemplateFault {
  return new TemplateFault('template-value', message, { offset, ...(hint === undefined ? {} : { hint }) });
}
