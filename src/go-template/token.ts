import type { Bytes } from './bytes.ts';

/** What a template's text consists of. Keywords are kinds of their own. */
export type TokenKind =
  | 'text'
  | 'left delimiter'
  | 'right delimiter'
  | '('
  | ')'
  | '|'
  | '='
  | ':='
  | 'space'
  | 'character'
  | 'dot'
  | 'field'
  | 'variable'
  | 'name'
  | 'boolean'
  | 'number'
  | 'complex number'
  | 'character constant'
  | 'string'
  | 'raw string'
  | 'end of template'
  | Keyword;

/** The words that begin an action, and `nil`. */
export type Keyword =
  | 'block'
  | 'break'
  | 'continue'
  | 'define'
  | 'else'
  | 'end'
  | 'if'
  | 'nil'
  | 'range'
  | 'template'
  | 'with';

/** A piece of a template: its bytes as they were written, and the byte it begins at. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: Bytes;
  readonly at: number;
}

const KEYWORDS: Readonly<Record<Keyword, true>> = {
  block: true,
  break: true,
  continue: true,
  define: true,
  else: true,
  end: true,
  if: true,
  nil: true,
  range: true,
  template: true,
  with: true,
};

/** Whether a word is a keyword. */
export function isKeyword(word: string): word is Keyword {
  return Object.hasOwn(KEYWORDS, word);
}
