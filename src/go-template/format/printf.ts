import { type Bytes, decodeRune, encodeRune } from '../bytes.ts';
import type { Budget } from '../limits.ts';
import { type GoValue, kindOf, TYPE_NAMES } from '../value.ts';
import { noFlags } from './flags.ts';
import { Printer } from './printer.ts';

/** Widths, precisions and argument numbers beyond this count as none. */
const LARGEST = 1_000_000;

/** What `printf` gives. What is wrong with a format is said in the text, and is no fault. */
export function sprintf(format: Bytes, values: readonly GoValue[], budget: Budget): Bytes {
  return new Format(format, values, budget).run();
}

class Format {
  readonly #format: Bytes;
  readonly #values: readonly GoValue[];
  readonly #printer: Printer;
  #at = 0;
  #next = 0;
  /** Whether any verb said which value it wants, after which nobody knows which were left over. */
  #isReordered = false;
  #isIndexGood = true;

  constructor(format: Bytes, values: readonly GoValue[], budget: Budget) {
    this.#format = format;
    this.#values = values;
    this.#printer = new Printer(budget);
  }

  run(): Bytes {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent === -1 ? this.#format.length : percent;
      if (end > this.#at) this.#printer.write(this.#format.slice(this.#at, end));
      this.#at = end + 1;
      if (percent !== -1) this.#directive();
    }
    if (!this.#isReordered && this.#next < this.#values.length) this.#extra();
    return this.#printer.text;
  }

  #directive(): void {
    this.#printer.flags = noFlags();
    this.#isIndexGood = true;
    this.#flags();
    let isAfterIndex = this.#index();
    isAfterIndex = this.#width(isAfterIndex);
    isAfterIndex = this.#precision(isAfterIndex);
    if (!isAfterIndex) this.#index();
    if (this.#at >= this.#format.length) {
      this.#printer.write('%!(NOVERB)');
      return;
    }
    const { codePoint, size } = decodeRune(this.#format, this.#at);
    this.#at += size;
    this.#verb(encodeRune(codePoint));
  }

  #flags(): void {
    const { flags } = this.#printer;
    for (; ; this.#at += 1) {
      switch (this.#format[this.#at]) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = true;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** `[2]`: the value that is next. False when there is nothing of the kind. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#isReordered = true;
    const close = this.#format.indexOf(']', this.#at + 1);
    const isClosed = close !== -1 && this.#format.length - this.#at >= 3;
    const inside = isClosed ? this.#format.slice(this.#at + 1, close) : '';
    this.#at = isClosed ? close + 1 : this.#at + 1;
    const number = /^\d+$/.test(inside) ? parseNumber(inside) : undefined;
    if (number !== undefined && number >= 1 && number <= this.#values.length) {
      this.#next = number - 1;
      return true;
    }
    this.#isIndexGood = false;
    return number !== undefined;
  }

  #width(isAfterIndex: boolean): boolean {
    const { flags } = this.#printer;
    if (this.#format[this.#at] === '*') {
      this.#at += 1;
      const width = this.#integerValue();
      if (width === undefined) this.#printer.write('%!(BADWIDTH)');
      else if (width >= 0) flags.width = width;
      else {
        flags.width = -width;
        flags.minus = true;
        flags.zero = false;
      }
      return false;
    }
    flags.width = this.#digits();
    if (isAfterIndex && flags.width !== undefined) this.#isIndexGood = false;
    return isAfterIndex;
  }

  #precision(isAfterIndex: boolean): boolean {
    const { flags } = this.#printer;
    if (this.#format[this.#at] !== '.' || this.#at + 1 >= this.#format.length) return isAfterIndex;
    this.#at += 1;
    if (isAfterIndex) this.#isIndexGood = false;
    const isAfterSecondIndex = this.#index();
    if (this.#format[this.#at] === '*') {
      this.#at += 1;
      const precision = this.#integerValue();
      if (precision === undefined || precision < 0) this.#printer.write('%!(BADPREC)');
      else flags.precision = precision;
      return false;
    }
    flags.precision = this.#digits() ?? 0;
    return isAfterSecondIndex;
  }

  /** A width or precision out of the values; undefined when the next one is no integer that could be one. */
  #integerValue(): number | undefined {
    const value = this.#values[this.#next];
    if (this.#next < this.#values.length) this.#next += 1;
    const number = typeof value === 'bigint' ? Number(value) : isByte(value) ? value.value : undefined;
    return number === undefined || Math.abs(number) > LARGEST ? undefined : number;
  }

  #digits(): number | undefined {
    const digits = /\d*/y;
    digits.lastIndex = this.#at;
    const [text = ''] = digits.exec(this.#format) ?? [];
    if (text === '') return undefined;
    const number = parseNumber(text);
    // Go gives up on the rest of a format with a number this long.
    this.#at = number === undefined ? this.#format.length : this.#at + text.length;
    return number;
  }

  #verb(verb: Bytes): void {
    const { flags } = this.#printer;
    if (verb === '%') this.#printer.write('%');
    else if (!this.#isIndexGood) this.#printer.write(`%!${verb}(BADINDEX)`);
    else if (this.#next >= this.#values.length) this.#printer.write(`%!${verb}(MISSING)`);
    else {
      if (verb === 'v' || verb === 'w') {
        this.#printer.flags = { ...flags, sharpV: flags.sharp, sharp: false, plusV: flags.plus, plus: false };
      }
      this.#printer.print(this.#values[this.#next] ?? null, verb);
      this.#next += 1;
    }
  }

  #extra(): void {
    this.#printer.flags = noFlags();
    this.#printer.write('%!(EXTRA ');
    for (const [index, value] of this.#values.slice(this.#next).entries()) {
      if (index > 0) this.#printer.write(', ');
      if (value !== null) this.#printer.write(`${TYPE_NAMES[kindOf(value)]}=`);
      this.#printer.print(value, 'v');
    }
    this.#printer.write(')');
  }
}

function isByte(value: GoValue | undefined): value is { readonly kind: 'byte'; readonly value: number } {
  return typeof value === 'object' && value !== null && value.kind === 'byte';
}

/** A number of decimal digits, unless it is too large; what is too large is seen before the last digit alone. */
function parseNumber(digits: string): number | undefined {
  let number = 0;
  for (const digit of digits) {
    if (number > LARGEST) return undefined;
    number = number * 10 + Number(digit);
  }
  return number;
}
