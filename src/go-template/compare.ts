import { TemplateFault } from './fault.ts';
import { type GoKind, type GoValue, KIND_NAMES, kindOf } from './value.ts';

const ORDERED: ReadonlySet<GoKind> = new Set(['float', 'int', 'byte', 'string']);
const COMPARABLE: ReadonlySet<GoKind> = new Set([...ORDERED, 'bool', 'complex']);

/** Whether a value equals one of others. Nil equals nil alone; apart from that only values of one kind are compared. */
export function equalsAny(value: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new TemplateFault('template-value', 'eq needs something to compare with');
  return others.some((other) => equals(value, other));
}

/** `lt`: numbers by size, strings by their bytes. */
export function isLess(a: GoValue, b: GoValue): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  for (const kind of [kindA, kindB]) {
    if (!COMPARABLE.has(kind)) throw new TemplateFault('template-value', `${KIND_NAMES[kind]} cannot be compared`);
  }
  const [left, right] = [integerOf(a), integerOf(b)];
  if (left !== undefined && right !== undefined) return left < right;
  if (kindA !== kindB) throw incompatible(kindA, kindB);
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  throw new TemplateFault('template-value', `${KIND_NAMES[kindA]} is neither less nor more than another`);
}

/** `le`. */
export function isAtMost(a: GoValue, b: GoValue): boolean {
  return isLess(a, b) || equals(a, b);
}

function equals(a: GoValue, b: GoValue): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (a === null || b === null) return a === b;
  const [left, right] = [integerOf(a), integerOf(b)];
  if (left !== undefined && right !== undefined) return left === right;
  if (kindA !== kindB) throw incompatible(kindA, kindB);
  if (isComplex(a) && isComplex(b)) return a.real === b.real && a.imaginary === b.imaginary;
  if (typeof a !== 'object') return a === b;
  throw new TemplateFault('template-value', `${KIND_NAMES[kindA]} cannot be compared`);
}

/** An int or a byte, which Go compares with each other. */
function integerOf(value: GoValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'object' && value?.kind === 'byte' ? BigInt(value.value) : undefined;
}

function isComplex(value: GoValue): value is { kind: 'complex'; real: number; imaginary: number } {
  return typeof value === 'object' && value?.kind === 'complex';
}

function incompatible(a: GoKind, b: GoKind): TemplateFault {
  const isMixed = [a, b].includes('float') && [a, b].includes('int');
  return new TemplateFault('template-value', `${KIND_NAMES[a]} and ${KIND_NAMES[b]} cannot be compared`, {
    ...(isMixed ? { hint: 'numbers of the data are float64, so write the constant with a point, such as 42.0' } : {}),
  });
}
