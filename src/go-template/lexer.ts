import { type Bytes, decodeRune, toText } from './bytes.ts';
import { TemplateFault } from './fault.ts';
import { isKeyword, type Token, type TokenKind } from './token.ts';
import { isNameCharacter } from './unicode.ts';

const LEFT = '{{';
const RIGHT = '}}';
const COMMENT_END = '*/';
/** What may stand directly after a name, beside a space and the right delimiter. */
const TERMINATORS = '.,|:)(';
/** What a trim marker takes away, and what may separate arguments. */
const SPACES = ' \t\r\n';

/** Splits a template into its tokens, the last of which is its end. Throws a TemplateFault. */
export function tokenize(source: Bytes): readonly Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: Bytes;
  readonly #tokens: Token[] = [];
  #at = 0;
  #openParentheses = 0;

  constructor(source: Bytes) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#at < this.#source.length) this.#text();
    this.#push('end of template', this.#at);
    return this.#tokens;
  }

  /** Text up to the next action, and that action. */
  #text(): void {
    const start = this.#at;
    const left = this.#source.indexOf(LEFT, start);
    if (left === -1) {
      this.#at = this.#source.length;
      this.#push('text', start);
      return;
    }
    const afterLeft = left + LEFT.length;
    const trims = this.#source[afterLeft] === '-' && this.#isSpace(afterLeft + 1);
    const end = trims ? this.#trimmedEnd(start, left) : left;
    if (end > start) this.#tokens.push({ kind: 'text', text: this.#source.slice(start, end), at: start });
    const inside = trims ? afterLeft + 2 : afterLeft;
    if (this.#source.startsWith('/*', inside)) {
      this.#comment(left, inside);
      return;
    }
    this.#at = afterLeft;
    this.#push('left delimiter', left);
    this.#at = inside;
    this.#action(left);
  }

  #trimmedEnd(start: number, end: number): number {
    let at = end;
    while (at > start && this.#isSpace(at - 1)) at -= 1;
    return at;
  }

  #comment(left: number, start: number): void {
    const end = this.#source.indexOf(COMMENT_END, start + 2);
    if (end === -1) throw fault('this comment has no end', left, 'a comment ends with */}}');
    this.#at = end + COMMENT_END.length;
    if (!this.#closes()) throw fault('a comment is all that may stand in its action', left, 'write }} right after */');
  }

  #action(left: number): void {
    this.#openParentheses = 0;
    for (;;) {
      const start = this.#at;
      if (this.#rightDelimiterLength() > 0) {
        if (this.#openParentheses > 0) throw fault('a parenthesis is not closed in this action', left);
        this.#closes('right delimiter');
        return;
      }
      if (start >= this.#source.length) throw fault('this action has no end', left, 'an action ends with }}');
      this.#push(this.#inside(), start);
    }
  }

  /** Reads one token of an action. */
  #inside(): TokenKind {
    const start = this.#at;
    const character = this.#source.charAt(start);
    this.#at += 1;
    switch (character) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return this.#spaces();
      case '=':
      case '|':
        return character;
      case ':':
        if (this.#source[this.#at] !== '=') throw fault('a colon stands for nothing alone', start, 'did you mean := ?');
        this.#at += 1;
        return ':=';
      case '"':
        return this.#quoted('"', 'string', start);
      case "'":
        return this.#quoted("'", 'character constant', start);
      case '`':
        return this.#rawString(start);
      case '$':
        this.#name(start);
        return 'variable';
      case '(':
        this.#openParentheses += 1;
        return '(';
      case ')':
        this.#openParentheses -= 1;
        if (this.#openParentheses < 0) throw fault('this parenthesis closes nothing', start);
        return ')';
    }
    if (character === '.' && !isDigit(this.#source[this.#at])) {
      this.#name(start);
      return this.#at === start + 1 ? 'dot' : 'field';
    }
    if (character === '.' || character === '+' || character === '-' || isDigit(character)) {
      this.#at = start;
      return this.#number(start);
    }
    if (isNameCharacter(decodeRune(this.#source, start).codePoint)) {
      this.#at = start;
      this.#name(start);
      const word = this.#source.slice(start, this.#at);
      if (isKeyword(word)) return word;
      return word === 'true' || word === 'false' ? 'boolean' : 'name';
    }
    if (character > ' ' && character < '\x7f') return 'character';
    throw fault('this character means nothing in an action', start);
  }

  /** The last space of a run may belong to the right delimiter, as its trim marker. */
  #spaces(): TokenKind {
    while (this.#isSpace(this.#at)) this.#at += 1;
    this.#at -= 1;
    if (this.#rightDelimiterLength() === 0) this.#at += 1;
    return 'space';
  }

  #quoted(quote: string, kind: TokenKind, start: number): TokenKind {
    for (;;) {
      const character = this.#source[this.#at];
      this.#at += 1;
      if (character === quote) return kind;
      const next = this.#source[this.#at];
      const isCut = character === '\\' && (next === undefined || next === '\n');
      if (character === undefined || character === '\n' || isCut) {
        throw fault(`this ${kind} has no closing quote on its line`, start, 'use `...` for more than one line');
      }
      if (character === '\\') this.#at += 1;
    }
  }

  #rawString(start: number): TokenKind {
    const end = this.#source.indexOf('`', this.#at);
    if (end === -1) throw fault('this raw string has no closing `', start);
    this.#at = end + 1;
    return 'raw string';
  }

  /** Letters, digits and `_`, as many as there are, and then something that ends a name. */
  #name(start: number): void {
    while (this.#at < this.#source.length) {
      const { codePoint, size } = decodeRune(this.#source, this.#at);
      if (!isNameCharacter(codePoint)) break;
      this.#at += size;
    }
    const next = this.#source[this.#at];
    if (next === undefined || this.#isSpace(this.#at) || TERMINATORS.includes(next)) return;
    if (this.#source.startsWith(RIGHT, this.#at)) return;
    const name = toText(this.#source.slice(start, this.#at));
    throw fault(`this character may not follow ${name}`, this.#at, 'put a space between arguments');
  }

  #number(start: number): TokenKind {
    const isWhole = this.#digits();
    const sign = this.#source[this.#at];
    const isComplex = isWhole && (sign === '+' || sign === '-');
    const isGood = isComplex ? this.#digits() && this.#source[this.#at - 1] === 'i' : isWhole;
    if (!isGood) throw fault('this is no number', start);
    return isComplex ? 'complex number' : 'number';
  }

  /** Whatever looks like a number; whether it is one turns out where its value is read. */
  #digits(): boolean {
    const shape =
      /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y;
    shape.lastIndex = this.#at;
    this.#at += shape.exec(this.#source)?.[0].length ?? 0;
    return this.#at >= this.#source.length || !isNameCharacter(decodeRune(this.#source, this.#at).codePoint);
  }

  /** Takes the right delimiter, if there is one, and the spaces that its trim marker takes away. */
  #closes(kind?: TokenKind): boolean {
    const length = this.#rightDelimiterLength();
    if (length === 0) return false;
    this.#at += length;
    if (kind !== undefined) this.#push(kind, this.#at - RIGHT.length);
    if (length > RIGHT.length) while (this.#isSpace(this.#at)) this.#at += 1;
    return true;
  }

  #rightDelimiterLength(): number {
    if (this.#source.startsWith(RIGHT, this.#at)) return RIGHT.length;
    return this.#isSpace(this.#at) && this.#source.startsWith(`-${RIGHT}`, this.#at + 1) ? RIGHT.length + 2 : 0;
  }

  #isSpace(at: number): boolean {
    const character = this.#source[at];
    return character !== undefined && SPACES.includes(character);
  }

  #push(kind: TokenKind, at: number): void {
    this.#tokens.push({ kind, text: this.#source.slice(at, this.#at), at });
  }
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function fault(message: string, offset: number, hint?: string): TemplateFault {
  return new TemplateFault('template-syntax', message, { offset, ...(hint === undefined ? {} : { hint }) });
}
