import { type Bytes, decodeRune, encodeRune, isValidRune } from './bytes.ts';

/** A character or an escape of a literal: the byte or code point it stands for, and where the next one begins. */
interface Unit {
  readonly value: number;
  readonly isByte: boolean;
  readonly next: number;
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '\\': 92,
};

/** How many digits follow `\x`, `\u` and `\U`. */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What a string literal means, quotes included in it; undefined when an escape is wrong. */
export function unquoteString(literal: Bytes): Bytes | undefined {
  const inside = literal.slice(1, -1);
  if (literal.startsWith('`')) return inside.replaceAll('\r', '');
  const parts: Bytes[] = [];
  for (let at = 0; at < inside.length; ) {
    const unit = readUnit(inside, at, '"');
    if (unit === undefined) return undefined;
    parts.push(unit.isByte ? String.fromCharCode(unit.value) : encodeRune(unit.value));
    at = unit.next;
  }
  return parts.join('');
}

/** The code point that a character constant such as `'a'` stands for; undefined when it is none. */
export function unquoteCharacter(literal: Bytes): number | undefined {
  const inside = literal.slice(1, -1);
  const unit = readUnit(inside, 0, "'");
  return unit?.next === inside.length ? unit.value : undefined;
}

function readUnit(text: Bytes, at: number, quote: string): Unit | undefined {
  const first = text[at];
  if (first === undefined || first === quote) return undefined;
  if (first !== '\\') {
    const { codePoint, size } = decodeRune(text, at);
    return { value: codePoint, isByte: size === 1 && codePoint < 0x80, next: at + size };
  }
  const letter = text[at + 1] ?? '';
  const digits = HEX_DIGITS[letter];
  if (digits !== undefined) {
    const hex = text.slice(at + 2, at + 2 + digits);
    if (hex.length < digits || !/^[\da-fA-F]+$/.test(hex)) return undefined;
    const value = Number.parseInt(hex, 16);
    if (letter !== 'x' && !isValidRune(value)) return undefined;
    return { value, isByte: letter === 'x', next: at + 2 + digits };
  }
  if (letter >= '0' && letter <= '7') {
    const octal = text.slice(at + 1, at + 4);
    const value = Number.parseInt(octal, 8);
    return /^[0-7]{3}$/.test(octal) && value <= 255 ? { value, isByte: true, next: at + 4 } : undefined;
  }
  const simple = letter === quote ? letter.charCodeAt(0) : SIMPLE_ESCAPES[letter];
  return simple === undefined ? undefined : { value: simple, isByte: true, next: at + 2 };
}
