import { type Bytes, toText } from './bytes.ts';
import { parseComplex, parseConstant } from './constants.ts';
import { type Cursor, unexpected } from './cursor.ts';
import { TemplateFault } from './fault.ts';
import { isFunction } from './functions.ts';
import type { Command, Operand, Pipeline } from './nodes.ts';
import type { Scope } from './scope.ts';
import type { Token } from './token.ts';
import { unquoteCharacter, unquoteString } from './unquote.ts';

/** What a pipeline may refer to, and how much deeper it may go. */
export interface Context {
  readonly scope: Scope;
  readonly nestingLeft: number;
}

/** The operands that are no commands: they can take no value from a pipeline. */
const LITERALS: ReadonlySet<Operand['kind']> = new Set(['boolean', 'dot', 'nil', 'number', 'string']);

/** Parses a pipeline and the token that ends it. `where` names what it belongs to, in faults. */
export function parsePipeline(cursor: Cursor, context: Context, where: string, end: 'right delimiter' | ')'): Pipeline {
  const { at } = cursor.peekPastSpace();
  const declared = parseVariables(cursor, context, where);
  const commands: Command[] = [];
  while (cursor.peekPastSpace().kind !== end) commands.push(parseCommand(cursor, context, where));
  cursor.next();
  if (commands.length === 0) throw syntaxFault(`there is no value in ${where}`, at);
  for (const { first } of commands.slice(1)) {
    if (LITERALS.has(first.kind)) throw syntaxFault('only a function can take what a | gives', first.at);
  }
  return { kind: 'pipeline', ...declared, commands, at };
}

/** The string of a token that must be one. */
export function parseString(token: Token, where: string): Bytes {
  if (token.kind !== 'string' && token.kind !== 'raw string') throw unexpected(token, where);
  const text = unquoteString(token.text);
  if (text === undefined) throw syntaxFault('this string has an escape that means nothing', token.at);
  return text;
}

function parseVariables(cursor: Cursor, { scope }: Context, where: string): Pick<Pipeline, 'variables' | 'assigns'> {
  const variables: Bytes[] = [];
  while (cursor.peekPastSpace().kind === 'variable') {
    const start = cursor.index;
    const variable = cursor.next();
    const next = cursor.peekPastSpace();
    const isFirstOfTwo = next.kind === 'character' && next.text === ',';
    if (next.kind !== '=' && next.kind !== ':=' && !isFirstOfTwo) {
      cursor.index = start;
      break;
    }
    cursor.next();
    variables.push(variable.text);
    scope.push(variable.text);
    if (!isFirstOfTwo) return { variables, assigns: next.kind === '=' };
    if (where !== 'range' || variables.length > 1) throw syntaxFault(`too many variables for ${where}`, next.at);
    const second = cursor.peekPastSpace();
    if (second.kind !== 'variable' && second.kind !== 'right delimiter' && second.kind !== ')') {
      throw unexpected(second, 'range, where a second variable comes after the comma');
    }
  }
  return { variables, assigns: false };
}

function parseCommand(cursor: Cursor, context: Context, where: string): Command {
  const operands: Operand[] = [];
  const { at } = cursor.peekPastSpace();
  for (;;) {
    cursor.peekPastSpace();
    const operand = parseOperand(cursor, context);
    if (operand !== undefined) operands.push(operand);
    const { kind } = cursor.peek();
    if (kind === 'space') continue;
    if (kind === '|') cursor.next();
    else if (kind !== 'right delimiter' && kind !== ')') throw unexpected(cursor.peek(), where);
    break;
  }
  const [first, ...rest] = operands;
  if (first === undefined) throw syntaxFault('there is no command here', at);
  return { first, rest, at };
}

/** A term with the fields that follow it; undefined when there is none. */
function parseOperand(cursor: Cursor, context: Context): Operand | undefined {
  const term = parseTerm(cursor, context);
  if (term === undefined || cursor.peek().kind !== 'field') return term;
  const { at } = cursor.peek();
  const fields: Bytes[] = [];
  while (cursor.peek().kind === 'field') fields.push(cursor.next().text.slice(1));
  if (term.kind === 'field') return { ...term, fields: [...term.fields, ...fields] };
  if (term.kind === 'variable') return { ...term, fields };
  if (LITERALS.has(term.kind)) throw syntaxFault(`a ${term.kind} has no fields`, at);
  return { kind: 'chain', operand: term, fields, at };
}

function parseTerm(cursor: Cursor, context: Context): Operand | undefined {
  const token = cursor.peekPastSpace();
  const { kind, text, at } = token;
  const term = parseSimpleTerm(token, context);
  if (term !== undefined) {
    cursor.next();
    return term;
  }
  if (kind !== '(') return undefined;
  if (context.nestingLeft <= 0) {
    throw new TemplateFault('template-limit', 'the template is nested too deeply', { offset: at });
  }
  cursor.next();
  const inner = { scope: context.scope, nestingLeft: context.nestingLeft - 1 };
  return parsePipeline(cursor, inner, `${text}...)`, ')');
}

function parseSimpleTerm(token: Token, { scope }: Context): Operand | undefined {
  const { kind, text, at } = token;
  switch (kind) {
    case 'dot':
    case 'nil':
      return { kind, at };
    case 'boolean':
      return { kind, value: text === 'true', at };
    case 'field':
      return { kind, fields: [text.slice(1)], at };
    case 'string':
    case 'raw string':
      return { kind: 'string', value: parseString(token, 'an action'), at };
    case 'variable':
      if (!scope.has(text)) throw syntaxFault(`there is no variable ${toText(text)} here`, at);
      return { kind, name: text, fields: [], at };
    case 'name':
      if (!isFunction(text)) {
        throw syntaxFault(`there is no function ${toText(text)}`, at, `for a value of the data write .${toText(text)}`);
      }
      return { kind: 'function', name: text, at };
    case 'number':
    case 'complex number':
    case 'character constant':
      return parseNumber(token);
    default:
      return undefined;
  }
}

function parseNumber({ kind, text, at }: Token): Operand {
  if (kind === 'character constant') {
    const codePoint = unquoteCharacter(text);
    if (codePoint === undefined) throw syntaxFault('this is no single character', at, 'use "..." for a string');
    return { kind: 'number', value: BigInt(codePoint), at };
  }
  const value = kind === 'number' ? parseConstant(text) : parseComplex(text);
  if (value === undefined) throw syntaxFault('this is no number, or too large a number', at);
  return { kind: 'number', value, at };
}

function syntaxFault(message: string, offset: number, hint?: string): TemplateFault {
  return new TemplateFault('template-syntax', message, { offset, ...(hint === undefined ? {} : { hint }) });
}
