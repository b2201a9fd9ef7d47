import { TemplateFault } from './fault.ts';
import type { Token, TokenKind } from './token.ts';

/** A place among the tokens of a template, which moves forward. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#end = tokens.at(-1) ?? { kind: 'end of template', text: '', at: 0 };
  }

  /** The number of the next token, to come back to. */
  get index(): number {
    return this.#index;
  }

  set index(index: number) {
    this.#index = index;
  }

  /** Takes the next token, a space too. */
  next(): Token {
    const token = this.peek();
    this.#index += 1;
    return token;
  }

  /** The next token, which stays. */
  peek(): Token {
    return this.#tokens[this.#index] ?? this.#end;
  }

  /** Leaves spaces behind, and takes the token after them. */
  nextPastSpace(): Token {
    const token = this.peekPastSpace();
    this.#index += 1;
    return token;
  }

  /** Leaves spaces behind; the token after them stays. */
  peekPastSpace(): Token {
    while (this.peek().kind === 'space') this.#index += 1;
    return this.peek();
  }

  /** Takes the next token after spaces, which must be of this kind. */
  expect(kind: TokenKind, where: string): Token {
    const token = this.nextPastSpace();
    if (token.kind !== kind) throw unexpected(token, where);
    return token;
  }
}

/** The fault of a token that cannot stand where it does. */
export function unexpected(token: Token, where: string): TemplateFault {
  return new TemplateFault('template-syntax', `${describe(token)} cannot stand here, in ${where}`, {
    offset: token.at,
  });
}

function describe({ kind, text }: Token): string {
  switch (kind) {
    case 'end of template':
      return 'the end of the template';
    case 'left delimiter':
      return 'another action';
    case 'right delimiter':
      return 'the end of the action';
    case 'text':
      return 'text';
    case 'character':
    case '=':
    case ':=':
    case '|':
    case '(':
    case ')':
      return text;
    case 'space':
      return 'a space';
    default:
      return `this ${kind}`;
  }
}
