import { type Bytes, encodeRune, MAX_CODE_POINT, REPLACEMENT } from '../bytes.ts';
import { isPrintable } from '../unicode.ts';
import { type Flags, pad, padding, padWithSpaces } from './flags.ts';
import { quoteRune } from './quote.ts';

/** How a verb writes an integer. */
interface Notation {
  readonly base: 2 | 8 | 10 | 16;
  readonly upper: boolean;
  /** `%O` says `0o` always, and not only with `#`. */
  readonly octalPrefix: boolean;
}

const DECIMAL: Notation = { base: 10, upper: false, octalPrefix: false };
const HEX: Notation = { base: 16, upper: false, octalPrefix: false };

const NOTATIONS: ReadonlyMap<string, Notation> = new Map([
  ['v', DECIMAL],
  ['d', DECIMAL],
  ['b', { base: 2, upper: false, octalPrefix: false }],
  ['o', { base: 8, upper: false, octalPrefix: false }],
  ['O', { base: 8, upper: false, octalPrefix: true }],
  ['x', HEX],
  ['X', { base: 16, upper: true, octalPrefix: false }],
]);

/** An integer by a verb; undefined when the verb is none for integers. */
export function formatInteger(flags: Flags, value: bigint, isSigned: boolean, verb: string): Bytes | undefined {
  switch (verb) {
    case 'c':
      return pad(flags, encodeRune(runeOf(value)));
    case 'q':
      return pad(flags, quoteRune(runeOf(value), flags.plus));
    case 'U':
      return formatUnicode(flags, BigInt.asUintN(64, value));
  }
  if (verb === 'v' && flags.sharpV && !isSigned) return formatNumber({ ...flags, sharp: true }, value, HEX);
  const notation = NOTATIONS.get(verb);
  return notation === undefined ? undefined : formatNumber(flags, value, notation);
}

function formatNumber(flags: Flags, value: bigint, notation: Notation): Bytes {
  const { base, upper, octalPrefix } = notation;
  const { plus, space, sharp, width = 0, precision } = flags;
  const isNegative = value < 0n;
  // A precision of zero prints nothing for zero.
  if (precision === 0 && value === 0n) return padding({ ...flags, zero: false }, width);
  const sign = isNegative ? '-' : plus ? '+' : space ? ' ' : '';
  const digits = (isNegative ? -value : value).toString(base).padStart(leastDigits(flags, sign), '0');
  const prefix = sharp ? sharpPrefix(base, digits) : '';
  const text = prefix + digits;
  return padWithSpaces(flags, sign + (octalPrefix ? '0o' : '') + (upper ? text.toUpperCase() : text));
}

/** Zeros to the width are digits like any other, and go without when a precision is given. */
function leastDigits({ zero, minus, width, precision }: Flags, sign: string): number {
  if (precision !== undefined) return precision;
  return zero && !minus && width !== undefined ? width - sign.length : 0;
}

function sharpPrefix(base: Notation['base'], digits: string): string {
  if (base === 8) return digits.startsWith('0') ? '' : '0';
  return base === 2 ? '0b' : base === 16 ? '0x' : '';
}

/** `%U`: `U+0078`, and with `#` also the character, where it can be printed. */
function formatUnicode(flags: Flags, value: bigint): Bytes {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 0, 4), '0');
  const isShown = flags.sharp && value <= BigInt(MAX_CODE_POINT) && isPrintable(Number(value));
  return padWithSpaces(flags, `U+${digits}${isShown ? ` '${encodeRune(Number(value))}'` : ''}`);
}

function runeOf(value: bigint): number {
  return value < 0n || value > BigInt(MAX_CODE_POINT) ? REPLACEMENT : Number(value);
}
