import { type Bytes, decodeRune, encodeRune, isValidRune, REPLACEMENT } from '../bytes.ts';
import { isPrintable } from '../unicode.ts';

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

/** A string literal of Go; in ASCII alone when that is asked for. */
export function quoteString(text: Bytes, asciiOnly: boolean): Bytes {
  const parts: Bytes[] = [];
  for (let at = 0; at < text.length; ) {
    const { codePoint, size } = decodeRune(text, at);
    const isBroken = size === 1 && codePoint === REPLACEMENT;
    parts.push(isBroken ? `\\x${hex(text.charCodeAt(at), 2)}` : escapeRune(codePoint, '"', asciiOnly));
    at += size;
  }
  return `"${parts.join('')}"`;
}

/** A character constant of Go. */
export function quoteRune(codePoint: number, asciiOnly: boolean): Bytes {
  return `'${escapeRune(isValidRune(codePoint) ? codePoint : REPLACEMENT, "'", asciiOnly)}'`;
}

/** Whether a text can stand between backquotes as it is. */
export function canBackquote(text: Bytes): boolean {
  for (let at = 0; at < text.length; ) {
    const { codePoint, size } = decodeRune(text, at);
    if (size === 1 && codePoint === REPLACEMENT) return false;
    if (codePoint === 0xfeff || codePoint === 0x60 || codePoint === 0x7f) return false;
    if (codePoint < 0x20 && codePoint !== 9) return false;
    at += size;
  }
  return true;
}

function escapeRune(codePoint: number, quote: string, asciiOnly: boolean): Bytes {
  if (codePoint === quote.charCodeAt(0) || codePoint === 0x5c) return `\\${String.fromCharCode(codePoint)}`;
  if (isPrintable(codePoint) && (!asciiOnly || codePoint < 0x80)) return encodeRune(codePoint);
  const short = ESCAPES[codePoint];
  if (short !== undefined) return short;
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex(codePoint, 2)}`;
  return codePoint < 0x10000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
