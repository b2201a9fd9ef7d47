import type { Bytes } from '../bytes.ts';
import { type Decimal, exactDecimal, type FloatParts, floatParts, roundDecimal, shortestDecimal } from './decimal.ts';
import { type Flags, pad, padding } from './flags.ts';

/** The notation behind each verb, and the digits that it has when no precision is given. */
const VERBS: ReadonlyMap<string, readonly [notation: string, precision: number | undefined]> = new Map([
  ['v', ['g', undefined]],
  ['g', ['g', undefined]],
  ['G', ['G', undefined]],
  ['b', ['b', undefined]],
  ['x', ['x', undefined]],
  ['X', ['X', undefined]],
  ['e', ['e', 6]],
  ['E', ['E', 6]],
  ['f', ['f', 6]],
  ['F', ['f', 6]],
]);

/** A finite float64 by a verb; undefined when the verb is none for floats. */
export function formatFloat(flags: Flags, value: number, verb: string): Bytes | undefined {
  const [notation, usual] = VERBS.get(verb) ?? [];
  if (notation === undefined) return undefined;
  const precision = flags.precision ?? usual;
  const parts = floatParts(value);
  const sign = parts.isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  const plain = writeFloat(parts, Math.abs(value), notation, precision);
  const number = flags.sharp && notation !== 'b' ? withPoint(plain, notation, precision) : plain;
  // Zeros go between the sign and the number.
  if (sign !== '' && flags.zero && !flags.minus) {
    return sign + padding(flags, (flags.width ?? 0) - number.length - 1) + number;
  }
  return pad(flags, sign + number);
}

/** A number without its sign, as Go's strconv writes it. */
function writeFloat(parts: FloatParts, value: number, notation: string, precision: number | undefined): string {
  switch (notation) {
    case 'b':
      return `${parts.mantissa}p${parts.exponent < 0 ? '' : '+'}${parts.exponent}`;
    case 'x':
    case 'X':
      return writeHex(parts, notation, precision);
    case 'e':
    case 'E': {
      const decimal =
        precision === undefined ? shortestDecimal(value) : roundDecimal(exactDecimal(parts), precision + 1);
      return writeScientific(decimal, precision ?? Math.max(decimal.digits.length - 1, 0), notation);
    }
    case 'f': {
      const exact = exactDecimal(parts);
      return writePlain(roundDecimal(exact, exact.point + (precision ?? 0)), precision ?? 0);
    }
    default:
      return writeGeneral(parts, value, notation, precision);
  }
}

/** `%g`: with an exponent where that is below -4, or not below the precision. */
function writeGeneral(parts: FloatParts, value: number, notation: string, precision: number | undefined): string {
  const isShortest = precision === undefined;
  const wanted = isShortest ? undefined : Math.max(precision, 1);
  const decimal = wanted === undefined ? shortestDecimal(value) : roundDecimal(exactDecimal(parts), wanted);
  const count = decimal.digits.length;
  const most = wanted ?? count;
  const limit = isShortest ? 6 : most > count && count >= decimal.point ? count : most;
  const exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= limit)
    return writeScientific(decimal, Math.min(most, count) - 1, notation === 'g' ? 'e' : 'E');
  const shown = most > decimal.point ? count : most;
  return writePlain(decimal, Math.max(shown - decimal.point, 0));
}

function writeScientific({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const first = digits.charAt(0) || '0';
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : '';
  return first + fraction + letter + writeExponent(exponent);
}

function writePlain({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = '0'.repeat(Math.min(Math.max(-point, 0), precision)) + digits.slice(Math.max(point, 0));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

/** `%x`: one digit before the point, and a power of two. */
function writeHex({ mantissa, exponent }: FloatParts, notation: 'x' | 'X', precision: number | undefined): string {
  let power = mantissa === 0n ? 0 : exponent + mantissa.toString(2).length - 1;
  // The leading one is bit 60, so that 15 digits follow it.
  let bits = mantissa === 0n ? 0n : mantissa << BigInt(61 - mantissa.toString(2).length);
  if (precision !== undefined && precision < 15) {
    const dropped = BigInt(60 - 4 * precision);
    const rest = bits & ((1n << dropped) - 1n);
    const kept = bits >> dropped;
    const half = 1n << (dropped - 1n);
    bits = (rest > half || (rest === half && kept % 2n === 1n) ? kept + 1n : kept) << dropped;
    if (bits >> 61n === 1n) {
      bits >>= 1n;
      power += 1;
    }
  }
  const digits = (bits & ((1n << 60n) - 1n)).toString(16).padStart(15, '0');
  const fraction =
    precision === undefined ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const text = `0x${bits >> 60n}${fraction === '' ? '' : `.${fraction}`}p${writeExponent(power)}`;
  return notation === 'X' ? text.toUpperCase() : text;
}

function writeExponent(exponent: number): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
}

/** `#`: there is a point always, and `%g` keeps the zeros at the end. */
function withPoint(number: string, notation: string, precision: number | undefined): string {
  const tailAt = number.search(/x/i.test(notation) ? /p/i : /[ep]/i);
  const body = tailAt === -1 ? number : number.slice(0, tailAt);
  const tail = tailAt === -1 ? '' : number.slice(tailAt);
  const isCounted = notation === 'g' || notation === 'G' || notation === 'x';
  const significant = body.replace('.', '').replace(/^0+/, '').length;
  const pointless = body.includes('.') ? body : `${body}.`;
  // The lone digit of zero counts as one.
  const zero = body === '0' ? 1 : 0;
  const missing = isCounted ? (precision ?? 6) - significant - zero : 0;
  return pointless + '0'.repeat(Math.max(missing, 0)) + tail;
}
