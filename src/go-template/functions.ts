import { equalsAny, isAtMost, isLess } from './compare.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { TemplateFault } from './fault.ts';
import { sprint, sprintln } from './format/printer.ts';
import { sprintf } from './format/printf.ts';
import { indexValue, lengthOf, sliceValue } from './indexing.ts';
import type { Budget } from './limits.ts';
import { type GoValue, isTrue, KIND_NAMES, kindOf } from './value.ts';

/** What nil is in the output of a template, and for the functions that escape. */
export const NO_VALUE = '<no value>';

/** A function that a template may call. */
export interface GoFunction {
  /** How many arguments there are, or how many at least. */
  readonly least: number;
  readonly isVariadic: boolean;
  /** `and` and `or`: arguments are evaluated until one is this, and that one or the last is the result. */
  readonly stopsAt?: boolean;
  /** Gets as many values as it asks for. */
  call(values: readonly GoValue[], budget: Budget): GoValue;
}

const FUNCTIONS: Readonly<Record<string, GoFunction>> = {
  and: { least: 1, isVariadic: true, stopsAt: false, call: last },
  or: { least: 1, isVariadic: true, stopsAt: true, call: last },
  not: fixed(1, ([value = null]) => !isTrue(value)),
  eq: variadic(1, ([value = null, ...others]) => equalsAny(value, others)),
  ne: fixed(2, ([a = null, b = null]) => !equalsAny(a, [b])),
  lt: fixed(2, ([a = null, b = null]) => isLess(a, b)),
  le: fixed(2, ([a = null, b = null]) => isAtMost(a, b)),
  gt: fixed(2, ([a = null, b = null]) => !isAtMost(a, b)),
  ge: fixed(2, ([a = null, b = null]) => !isLess(a, b)),
  index: variadic(1, ([item = null, ...indexes]) => indexValue(item, indexes)),
  slice: variadic(1, ([item = null, ...indexes]) => sliceValue(item, indexes)),
  len: fixed(1, ([item = null]) => lengthOf(item)),
  print: variadic(0, sprint),
  println: variadic(0, sprintln),
  printf: variadic(1, ([format = null, ...values], budget) => printFormat(format, values, budget)),
  html: escaping(escapeHtml),
  js: escaping(escapeJs),
  urlquery: escaping(escapeQuery),
  call: variadic(1, () => {
    throw new TemplateFault('template-value', 'call needs a function, and no value of the data is one');
  }),
};

/** Whether there is a function of this name. */
export function isFunction(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name);
}

/** The function of a name. Throws a TemplateFault when there is none. */
export function functionOf(name: string): GoFunction {
  const known = isFunction(name) ? FUNCTIONS[name] : undefined;
  if (known === undefined) throw new TemplateFault('template-syntax', `there is no function ${name}`);
  return known;
}

function fixed(least: number, call: GoFunction['call']): GoFunction {
  return { least, isVariadic: false, call };
}

function variadic(least: number, call: GoFunction['call']): GoFunction {
  return { least, isVariadic: true, call };
}

/** All arguments as `print` shows them, but nil as in the output; then escaped. */
function escaping(escapeText: (text: string) => string): GoFunction {
  return variadic(0, (values, budget) => {
    const shown = sprint(
      values.map((value) => value ?? NO_VALUE),
      budget,
    );
    const escaped = escapeText(shown);
    budget.write(escaped.length);
    return escaped;
  });
}

function printFormat(format: GoValue, values: readonly GoValue[], budget: Budget): GoValue {
  if (typeof format === 'string') return sprintf(format, values, budget);
  const kind = KIND_NAMES[kindOf(format)];
  throw new TemplateFault('template-value', `the format of printf has to be a string, and not ${kind}`);
}

function last(values: readonly GoValue[]): GoValue {
  return values.at(-1) ?? null;
}
