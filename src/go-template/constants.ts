import type { GoValue } from './value.ts';

/** What a number means; `overflow` is one that fits into uint64 only, which is a fault where it is used. */
export type Constant = GoValue | 'overflow';

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

const PREFIXED = /^([+-]?)0([xX][\da-fA-F_]+|[oO][0-7_]+|[bB][01_]+)$/;
const OCTAL = /^([+-]?)0([0-7_]*)$/;
const DECIMAL = /^([+-]?)([\d_]+)$/;
const DECIMAL_FLOAT = /^[+-]?(?:[\d_]*\d[\d_]*\.?[\d_]*|[\d_]*\.[\d_]*\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([\da-fA-F_]*)\.?([\da-fA-F_]*)[pP]([+-]?\d[\d_]*)$/;

/** The value of a number as it is written in a template; undefined when it is none. */
export function parseConstant(text: string): Constant | undefined {
  if (text.endsWith('i')) {
    const imaginary = parseFloatGo(text.slice(0, -1));
    return imaginary === undefined ? undefined : { kind: 'complex', real: 0, imaginary };
  }
  const integer = parseInteger(text);
  // Go decides by the letters in it: `-0xE` is a float, since only an unsigned `0x` is looked for.
  const looksFloating = /[.eEpP]/.test(text) && !(/^0[xX]./.test(text) && !/[pP]/.test(text));
  if (integer === undefined) return looksFloating || /[.eEpP]/.test(text) ? parseFloatGo(text) : undefined;
  if (looksFloating) return Number(integer);
  return integer > MAX_INT ? 'overflow' : integer;
}

/** The value of `1+2i`; undefined when it is none. */
export function parseComplex(text: string): GoValue | undefined {
  const split = /^(.*?[^eEpP+-])([+-].*)i$/.exec(text);
  const real = parseFloatGo(split?.[1] ?? '');
  const imaginary = parseFloatGo(split?.[2] ?? '');
  return real === undefined || imaginary === undefined ? undefined : { kind: 'complex', real, imaginary };
}

/** An integer of at most 64 bits: with a sign an int64, and without one a uint64 as well. */
function parseInteger(text: string): bigint | undefined {
  if (!areUnderscoresGood(text)) return undefined;
  const digits = text.replaceAll('_', '');
  const magnitude = readMagnitude(digits);
  if (magnitude === undefined) return undefined;
  const value = digits.startsWith('-') ? -magnitude : magnitude;
  const isSigned = /^[+-]/.test(digits);
  return value >= MIN_INT && value <= (isSigned ? MAX_INT : MAX_UINT) ? value : undefined;
}

function readMagnitude(digits: string): bigint | undefined {
  const prefixed = PREFIXED.exec(digits);
  if (prefixed !== null) return BigInt(`0${prefixed[2]?.toLowerCase()}`);
  const octal = OCTAL.exec(digits);
  if (octal !== null) return BigInt(`0o${octal[2] || '0'}`);
  // A leading zero means octal, which `089` is not.
  const decimal = DECIMAL.exec(digits);
  return decimal === null || decimal[2]?.startsWith('0') ? undefined : BigInt(decimal[2] ?? '0');
}

function parseFloatGo(text: string): number | undefined {
  if (!areUnderscoresGood(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const value = DECIMAL_FLOAT.test(plain) ? Number(plain) : parseHexFloat(plain);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function parseHexFloat(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', power = ''] = HEX_FLOAT.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const value = roundBinary(BigInt(`0x${whole}${fraction}`), Number(power) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** The float64 that is nearest to `mantissa` times two to the power of `exponent`; of two, the even one. */
function roundBinary(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const top = bits + exponent;
  if (top > 1025) return Number.POSITIVE_INFINITY;
  if (top < -1080) return 0;
  // A subnormal number has fewer bits: its last one is worth 2^-1074.
  const dropped = Math.max(bits - 53, -1074 - exponent);
  if (dropped <= 0) return scale(Number(mantissa), exponent);
  const shift = BigInt(dropped);
  const half = 1n << (shift - 1n);
  const rest = mantissa & ((1n << shift) - 1n);
  const kept = mantissa >> shift;
  const rounded = rest > half || (rest === half && kept % 2n === 1n) ? kept + 1n : kept;
  return scale(Number(rounded), exponent + dropped);
}

/** In two steps, since one factor alone may be beyond what a float64 holds. */
function scale(value: number, exponent: number): number {
  const first = Math.trunc(exponent / 2);
  return value * 2 ** first * 2 ** (exponent - first);
}

/** An underscore stands between two digits, or between the base and a digit. */
function areUnderscoresGood(text: string): boolean {
  const hex = /^[+-]?0[xX]/.test(text);
  const digit = hex ? '[\\da-fA-F]' : '\\d';
  const prefix = '(?<=^[+-]?0[xXoObB])';
  return !text.includes('_') || !new RegExp(`(?<!${digit}|${prefix})_|_(?!${digit})`).test(text);
}
