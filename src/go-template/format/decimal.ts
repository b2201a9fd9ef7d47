/** The decimal digits of a number, without zeros at their end, and where its point is: 12.5 is `125` with the point at 2. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** A finite float64 in its parts: `mantissa` times two to the power of `exponent`. */
export interface FloatParts {
  readonly isNegative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 52;

/** Takes a finite float64 apart. The mantissa of a normal number has 53 bits. */
export function floatParts(value: number): FloatParts {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> BigInt(MANTISSA_BITS)) & 0x7ffn);
  const fraction = bits & ((1n << BigInt(MANTISSA_BITS)) - 1n);
  return {
    isNegative: bits >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | (1n << BigInt(MANTISSA_BITS)),
    exponent: Math.max(biased, 1) - 1023 - MANTISSA_BITS,
  };
}

/** As few digits as tell a number from its neighbours. */
export function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [digits = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { digits: trimZeros(digits.replace('.', '')), point: Number(exponent) + 1 };
}

/** All digits of a number, of which there may be some 770. */
export function exactDecimal({ mantissa, exponent }: FloatParts): Decimal {
  if (mantissa === 0n) return { digits: '', point: 0 };
  const isWhole = exponent >= 0;
  const digits = (isWhole ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)).toString();
  return { digits: trimZeros(digits), point: digits.length + (isWhole ? 0 : exponent) };
}

/** At most `count` digits; half is rounded to the even digit. A negative count leaves the number as it is. */
export function roundDecimal(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count < 0 || count >= digits.length) return decimal;
  const kept = digits.slice(0, count);
  if (!roundsUp(digits, count)) {
    const trimmed = trimZeros(kept);
    return { digits: trimmed, point: trimmed === '' ? 0 : point };
  }
  const end = kept.replace(/9+$/, '');
  if (end === '') return { digits: '1', point: point + 1 };
  return { digits: end.slice(0, -1) + String(Number(end.slice(-1)) + 1), point };
}

function roundsUp(digits: string, count: number): boolean {
  const next = digits.charAt(count);
  const isHalf = next === '5' && count + 1 === digits.length;
  if (isHalf) return count > 0 && Number(digits.charAt(count - 1)) % 2 === 1;
  return next >= '5';
}

function trimZeros(digits: string): string {
  return digits.replace(/0+$/, '');
}
