import type { Bytes } from '../bytes.ts';
import { TemplateFault } from '../fault.ts';
import type { Budget } from '../limits.ts';
import { type GoComplex, type GoList, type GoMap, type GoValue, kindOf, listItems, TYPE_NAMES } from '../value.ts';
import { type Flags, noFlags, pad } from './flags.ts';
import { formatFloat } from './floats.ts';
import { formatInteger } from './integers.ts';
import { formatHexString, formatQuoted, formatString } from './strings.ts';

/** Writes values one after the other, as Go's fmt does; each as its flags say. Whatever it writes is taken from the budget. */
export class Printer {
  flags: Flags = noFlags();
  readonly #budget: Budget;
  readonly #parts: Bytes[] = [];
  #length = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** All that was written. */
  get text(): Bytes {
    return this.#parts.join('');
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  write(text: Bytes): void {
    this.#budget.write(text.length);
    this.#length += text.length;
    this.#parts.push(text);
  }

  /** Writes one value by a verb. A verb that the value does not have is said in the text, and is no fault. */
  print(value: GoValue, verb: string): void {
    if (value === null && (verb === 'v' || verb === 'T')) this.write(pad(this.flags, TYPE_NAMES.nil));
    else if (value === null) this.badVerb(value, verb);
    else if (verb === 'T') this.write(formatString(this.flags, TYPE_NAMES[kindOf(value)]));
    else this.#value(value, verb);
  }

  /** `%!d(string=hi)`: the verb, and what it was given. */
  badVerb(value: GoValue, verb: string): void {
    this.write(`%!${verb}(`);
    if (value === null) this.write(TYPE_NAMES.nil);
    else {
      this.write(`${TYPE_NAMES[kindOf(value)]}=`);
      this.print(value, 'v');
    }
    this.write(')');
  }

  #value(value: Exclude<GoValue, null>, verb: string): void {
    if (typeof value === 'object') {
      if (value.kind === 'list' || value.kind === 'map') this.#collection(value, verb);
      else if (value.kind === 'complex') this.#complex(value, verb);
      else this.#text(formatInteger(this.flags, BigInt(value.value), false, verb), value, verb);
    } else if (typeof value === 'boolean') {
      this.#text(verb === 't' || verb === 'v' ? pad(this.flags, String(value)) : undefined, value, verb);
    } else if (typeof value === 'number') this.#text(formatFloat(this.flags, value, verb), value, verb);
    else if (typeof value === 'bigint') this.#text(formatInteger(this.flags, value, true, verb), value, verb);
    else this.#text(this.#string(value, verb), value, verb);
  }

  #text(text: Bytes | undefined, value: GoValue, verb: string): void {
    if (text === undefined) this.badVerb(value, verb);
    else this.write(text);
  }

  #string(value: Bytes, verb: string): Bytes | undefined {
    switch (verb) {
      case 'v':
        return this.flags.sharpV ? formatQuoted(this.flags, value) : formatString(this.flags, value);
      case 's':
        return formatString(this.flags, value);
      case 'q':
        return formatQuoted(this.flags, value);
      case 'x':
      case 'X':
        return formatHexString(this.flags, value, verb === 'X');
      default:
        return undefined;
    }
  }

  /** In parentheses, and the imaginary part with its sign always. */
  #complex(value: GoComplex, verb: string): void {
    const real = formatFloat(this.flags, value.real, verb);
    const imaginary = formatFloat({ ...this.flags, plus: true }, value.imaginary, verb);
    const isGood = real !== undefined && imaginary !== undefined;
    this.#text(isGood ? `(${real}${imaginary}i)` : undefined, value, verb);
  }

  #collection(value: GoList | GoMap, verb: string): void {
    if (verb === 'w') this.badVerb(value, verb);
    else if (verb === 'p') {
      throw new TemplateFault('template-value', '%p prints an address in memory, which is another one each time');
    } else if (value.kind === 'list') this.#list(value, verb);
    else this.#map(value, verb);
  }

  #list(list: GoList, verb: string): void {
    const { sharpV } = this.flags;
    this.write(sharpV ? `${TYPE_NAMES.list}{` : '[');
    let isFirst = true;
    for (const item of listItems(list)) {
      if (!isFirst) this.#separate();
      isFirst = false;
      this.#inner(item, verb);
    }
    this.write(sharpV ? '}' : ']');
  }

  #map({ entries }: GoMap, verb: string): void {
    const { sharpV } = this.flags;
    this.write(sharpV ? `${TYPE_NAMES.map}{` : 'map[');
    let isFirst = true;
    for (const [key, item] of entries) {
      if (!isFirst) this.#separate();
      isFirst = false;
      this.#value(key, verb);
      this.write(':');
      this.#inner(item, verb);
    }
    this.write(sharpV ? '}' : ']');
  }

  #separate(): void {
    this.write(this.flags.sharpV ? ', ' : ' ');
  }

  /** Inside of a list or map nil is the same for every verb, and no width fills it up. */
  #inner(value: GoValue, verb: string): void {
    if (value !== null) this.#value(value, verb);
    else this.write(this.flags.sharpV ? 'interface {}(nil)' : TYPE_NAMES.nil);
  }
}

/** What `print` gives: values without verbs, with a space between two that are no strings. */
export function sprint(values: readonly GoValue[], budget: Budget): Bytes {
  const printer = new Printer(budget);
  let wasString = true;
  for (const [index, value] of values.entries()) {
    const isString = typeof value === 'string';
    if (index > 0 && !isString && !wasString) printer.write(' ');
    printer.print(value, 'v');
    wasString = isString;
  }
  return printer.text;
}

/** What `println` gives: a space between all values, and a newline. */
export function sprintln(values: readonly GoValue[], budget: Budget): Bytes {
  const printer = new Printer(budget);
  for (const [index, value] of values.entries()) {
    if (index > 0) printer.write(' ');
    printer.print(value, 'v');
  }
  printer.write('\n');
  return printer.text;
}
