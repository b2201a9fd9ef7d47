/**
 * A text as its UTF-8 bytes, one character (U+0000 to U+00FF) for each byte. Go's strings are bytes: it counts, cuts and
 * compares them, and a template may cut one inside a character.
 */
export type Bytes = string;

/** A code point and how many bytes it took. A byte that begins none is U+FFFD of one byte, as it is for Go. */
export interface Rune {
  readonly codePoint: number;
  readonly size: number;
}

/** What stands for bytes that are no character. */
export const REPLACEMENT = 0xfffd;

/** The last code point of Unicode. */
export const MAX_CODE_POINT = 0x10ffff;

/** The bytes of a text; a lone surrogate becomes U+FFFD. */
export function toBytes(text: string): Bytes {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that bytes are; what is no UTF-8 becomes U+FFFD. */
export function toText(bytes: Bytes): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The bytes of one code point; of U+FFFD for what is none. */
export function encodeRune(codePoint: number): Bytes {
  return toBytes(String.fromCodePoint(isValidRune(codePoint) ? codePoint : REPLACEMENT));
}

/** Whether a number is a code point that UTF-8 can hold. */
export function isValidRune(codePoint: number): boolean {
  return codePoint >= 0 && codePoint <= MAX_CODE_POINT && !isSurrogate(codePoint);
}

/** The code point that begins at a byte, which must exist. */
export function decodeRune(bytes: Bytes, at: number): Rune {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { codePoint: first, size: 1 };
  const size = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
  if (size === 1 || at + size > bytes.length) return { codePoint: REPLACEMENT, size: 1 };
  let codePoint = first & (0xff >> (size + 1));
  for (let index = at + 1; index < at + size; index += 1) {
    const byte = bytes.charCodeAt(index);
    if ((byte & 0xc0) !== 0x80) return { codePoint: REPLACEMENT, size: 1 };
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  const isOverlong = codePoint < (SMALLEST[size] ?? 0);
  if (isOverlong || !isValidRune(codePoint)) return { codePoint: REPLACEMENT, size: 1 };
  return { codePoint, size };
}

/** The first code points of bytes, at most so many. */
export function truncateRunes(bytes: Bytes, count: number): Bytes {
  if (count >= bytes.length) return bytes;
  let at = 0;
  for (let left = count; left > 0 && at < bytes.length; left -= 1) at += decodeRune(bytes, at).size;
  return bytes.slice(0, at);
}

/** How many code points bytes have; each byte that begins none counts as one. */
export function countRunes(bytes: Bytes): number {
  if (isAscii(bytes)) return bytes.length;
  let count = 0;
  for (let at = 0; at < bytes.length; at += decodeRune(bytes, at).size) count += 1;
  return count;
}

/** The smallest code point that takes so many bytes. */
const SMALLEST: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}
