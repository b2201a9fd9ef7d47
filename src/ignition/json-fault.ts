import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** What keeps a text from being JSON. Line and column start at 1; columns count Unicode code points. */
export interface JsonFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** The first fault of a text that is no JSON (RFC 8259); undefined for one that is. */
export function faultInJson(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    // Its message holds no place that can be relied on; the parser below is only asked for that.
  }
  const start = { line: 1, column: 1 };
  if (/^\s*$/.test(text.replace(/^\ufeff/, ''))) return { message: 'there is nothing in it', ...start };
  // Editors do not show it, and Ignition and Go take it for a fault as well.
  if (text.startsWith('\ufeff')) return { message: 'it begins with a byte order mark; save it without one', ...start };
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  } catch (error) {
    // It recurses, and JSON.parse does not.
    if (error instanceof RangeError) return { message: 'the config is nested too deeply', ...start };
    throw error;
  }
  const first = errors[0];
  const offset = first?.offset ?? 0;
  const name = first === undefined ? '' : printParseErrorCode(first.error);
  const comma = lastCommaAt(text, offset);
  const before = text.slice(0, comma ?? offset).split('\n');
  return {
    message: comma === undefined ? (MESSAGES[name] ?? 'a value is expected') : 'no comma may stand before what closes',
    line: before.length,
    column: [...(before.at(-1) ?? '')].length + 1,
  };
}

/** Where the comma stands that a closing brace or bracket follows; undefined where the fault is another. */
function lastCommaAt(text: string, offset: number): number | undefined {
  const closes = text[offset] === '}' || text[offset] === ']';
  const comma = text.slice(0, offset).trimEnd().length - 1;
  return closes && text[comma] === ',' ? comma : undefined;
}

const MESSAGES: Readonly<Record<string, string>> = {
  InvalidSymbol: 'texts and keys stand in double quotes',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'a key in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected after a key',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing } is expected',
  CloseBracketExpected: 'a closing ] is expected',
  EndOfFileExpected: 'nothing may follow the config',
  InvalidCommentToken: 'comments are not allowed',
  UnexpectedEndOfComment: 'comments are not allowed',
  UnexpectedEndOfString: 'the text that opens here is never closed',
  UnexpectedEndOfNumber: 'this is no number',
  InvalidUnicode: 'this is no escape; \\u is followed by four digits',
  InvalidEscapeCharacter: 'this is no escape',
  InvalidCharacter: 'a control character stands in this text; write it as an escape',
};
