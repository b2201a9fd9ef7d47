import type { Bytes } from './bytes.ts';
import { Cursor, unexpected } from './cursor.ts';
import { TemplateFault } from './fault.ts';
import { tokenize } from './lexer.ts';
import type { GoTemplateLimits } from './limits.ts';
import type { Branch, Node, TemplateSet } from './nodes.ts';
import { type Context, parsePipeline, parseString } from './pipeline-parser.ts';
import { Scope } from './scope.ts';
import type { Token } from './token.ts';

/** The name of the text itself, under which matchbox parses it: another template cannot have that. */
export const MAIN = '';

/** A list of nodes and what ended it. */
interface Body {
  readonly nodes: readonly Node[];
  readonly end: Token;
}

/** What is around a node: the template it is in, and whether a range is around it there. */
interface Surroundings extends Context {
  readonly isInRange: boolean;
  /** Where the innermost thing that needs an `end` began. */
  readonly openedAt: number;
}

/** Parses a template and all that are defined in it. Throws a TemplateFault. */
export function parseTemplates(source: Bytes, { nesting }: GoTemplateLimits): TemplateSet {
  const parser = new Parser(new Cursor(tokenize(source)));
  return parser.parse(nesting);
}

class Parser {
  readonly #cursor: Cursor;
  readonly #templates = new Map<Bytes, readonly Node[]>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  parse(nesting: number): TemplateSet {
    const nodes: Node[] = [];
    const around = freshSurroundings(nesting, 0);
    while (this.#cursor.peek().kind !== 'end of template') {
      if (this.#defineIsNext()) {
        this.#define(nesting);
        continue;
      }
      const next = this.#node(around);
      if (isEnd(next)) {
        throw syntaxFault(`there is nothing here that {{${next.kind}}} could belong to`, next.at);
      }
      nodes.push(next);
    }
    this.#add(MAIN, nodes, 0);
    return this.#templates;
  }

  #defineIsNext(): boolean {
    const start = this.#cursor.index;
    if (this.#cursor.next().kind === 'left delimiter' && this.#cursor.nextPastSpace().kind === 'define') return true;
    this.#cursor.index = start;
    return false;
  }

  #define(nesting: number): void {
    const name = this.#cursor.nextPastSpace();
    const text = parseString(name, 'define, which takes the name as a string');
    this.#cursor.expect('right delimiter', 'define');
    this.#add(text, this.#block(freshSurroundings(nesting, name.at)), name.at);
  }

  /** One body of several for the same name may hold something; those with nothing but white space do not count. */
  #add(name: Bytes, nodes: readonly Node[], at: number): void {
    const known = this.#templates.get(name);
    if (known === undefined || isBlank(known)) this.#templates.set(name, nodes);
    else if (!isBlank(nodes)) throw syntaxFault('another template has this name already', at);
  }

  /** The body of a `define` or `block`. */
  #block(around: Surroundings): readonly Node[] {
    const { nodes, end } = this.#body(around);
    if (end.kind !== 'end') throw unexpected(end, 'a template, which has no else');
    return nodes;
  }

  #body(around: Surroundings): Body {
    const nodes: Node[] = [];
    while (this.#cursor.peekPastSpace().kind !== 'end of template') {
      const next = this.#node(around);
      if (isEnd(next)) return { nodes, end: next };
      nodes.push(next);
    }
    throw syntaxFault('what begins here has no {{end}}', around.openedAt);
  }

  /** A node, or the `end` or `else` that ends the list. */
  #node(around: Surroundings): Node | Token {
    const token = this.#cursor.nextPastSpace();
    if (token.kind === 'text') return { kind: 'text', text: token.text, at: token.at };
    if (token.kind !== 'left delimiter') throw unexpected(token, 'a template');
    return this.#action(around);
  }

  #action(around: Surroundings): Node | Token {
    const word = this.#cursor.peekPastSpace();
    switch (word.kind) {
      case 'if':
      case 'with':
        return this.#conditional(word.kind, around);
      case 'range':
        return this.#range(around);
      case 'template':
        return this.#template(around);
      case 'block':
        return this.#namedBlock(around);
      case 'break':
      case 'continue':
        return this.#jump(word.kind, around);
      case 'end':
        this.#cursor.nextPastSpace();
        this.#cursor.expect('right delimiter', 'end, which takes nothing');
        return word;
      case 'else':
        return this.#else();
    }
    const pipeline = parsePipeline(this.#cursor, around, 'an action', 'right delimiter');
    return { kind: 'action', pipeline, at: word.at };
  }

  #else(): Token {
    const word = this.#cursor.nextPastSpace();
    const next = this.#cursor.peekPastSpace().kind;
    if (next !== 'if' && next !== 'with') this.#cursor.expect('right delimiter', 'else');
    return word;
  }

  #jump(kind: 'break' | 'continue', { isInRange }: Surroundings): Node {
    const { at } = this.#cursor.nextPastSpace();
    this.#cursor.expect('right delimiter', `${kind}, which takes nothing`);
    if (!isInRange) throw syntaxFault(`${kind} stands in no range`, at);
    return { kind, at };
  }

  #conditional(kind: 'if' | 'with', around: Surroundings): Node {
    const { at } = this.#cursor.peekPastSpace();
    const inner = this.#deeper(around, at);
    const known = inner.scope.size;
    const branches: Branch[] = [];
    let end: Token;
    do {
      this.#cursor.nextPastSpace();
      const pipeline = parsePipeline(this.#cursor, inner, kind, 'right delimiter');
      const body = this.#body(inner);
      branches.push({ pipeline, body: body.nodes });
      end = body.end;
      // A chain of `else if` is one node, so that its length needs no depth.
    } while (end.kind === 'else' && this.#cursor.peek().kind === kind);
    const otherwise = this.#otherwise(end, inner);
    inner.scope.shrink(known);
    return { kind, branches, otherwise, at };
  }

  #range(around: Surroundings): Node {
    const { at } = this.#cursor.nextPastSpace();
    const inner = this.#deeper(around, at);
    const known = inner.scope.size;
    const pipeline = parsePipeline(this.#cursor, inner, 'range', 'right delimiter');
    const { nodes, end } = this.#body({ ...inner, isInRange: true });
    const otherwise = this.#otherwise(end, inner);
    inner.scope.shrink(known);
    return { kind: 'range', pipeline, body: nodes, otherwise, at };
  }

  #otherwise(end: Token, around: Surroundings): readonly Node[] {
    if (end.kind === 'end') return [];
    const last = this.#body(around);
    if (last.end.kind !== 'end') throw unexpected(last.end, 'what has an else already');
    return last.nodes;
  }

  #template(around: Surroundings): Node {
    const { at } = this.#cursor.nextPastSpace();
    const name = parseString(this.#cursor.nextPastSpace(), 'template, which takes the name as a string');
    if (this.#cursor.peekPastSpace().kind === 'right delimiter') {
      this.#cursor.next();
      return { kind: 'template', name, pipeline: undefined, at };
    }
    const pipeline = parsePipeline(this.#cursor, around, 'template', 'right delimiter');
    return { kind: 'template', name, pipeline, at };
  }

  #namedBlock(around: Surroundings): Node {
    const { at } = this.#cursor.nextPastSpace();
    const name = parseString(this.#cursor.nextPastSpace(), 'block, which takes the name as a string');
    const pipeline = parsePipeline(this.#cursor, around, 'block', 'right delimiter');
    const { nestingLeft } = this.#deeper(around, at);
    this.#add(name, this.#block(freshSurroundings(nestingLeft, at)), at);
    return { kind: 'template', name, pipeline, at };
  }

  #deeper(around: Surroundings, openedAt: number): Surroundings {
    if (around.nestingLeft <= 0) {
      throw new TemplateFault('template-limit', 'the template is nested too deeply', { offset: openedAt });
    }
    return { ...around, nestingLeft: around.nestingLeft - 1, openedAt };
  }
}

/** A template sees no variable of another, and no range around it. */
function freshSurroundings(nestingLeft: number, openedAt: number): Surroundings {
  return { scope: new Scope(), nestingLeft, isInRange: false, openedAt };
}

function isEnd(node: Node | Token): node is Token {
  return node.kind === 'end' || node.kind === 'else';
}

/** Nothing but white space, as Unicode has it. */
function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && BLANK.test(node.text));
}

/** In UTF-8 bytes: ASCII, U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F and U+3000. */
const BLANK = /^(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)*$/;

function syntaxFault(message: string, offset: number): TemplateFault {
  return new TemplateFault('template-syntax', message, { offset });
}
