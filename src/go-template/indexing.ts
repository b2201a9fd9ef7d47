import { TemplateFault } from './fault.ts';
import { type GoList, type GoValue, KIND_NAMES, kindOf } from './value.ts';

/** `index`: an item of a list, a byte of a string or the value of a key, and so on into it. A key that is not there gives nil. */
export function indexValue(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (item === null) throw valueFault('index cannot look into null');
  return indexes.reduce(indexOnce, item);
}

/** `slice`: a part of a string, in bytes, or of a list, which may reach as far as the list has items behind its end. */
export function sliceValue(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (indexes.length > 3) throw valueFault('slice takes three indexes at most');
  if (typeof item === 'string') {
    if (indexes.length === 3) throw valueFault('slice takes two indexes at most for a string');
    const [from, to] = bounds(indexes, item.length, item.length);
    return item.slice(from, to);
  }
  if (!isList(item)) throw valueFault(`slice cannot cut ${KIND_NAMES[kindOf(item)]}`);
  const [from, to, end] = bounds(indexes, item.length, item.capacity);
  return { ...item, start: item.start + from, length: to - from, capacity: end - from };
}

/** `len`: bytes of a string, items of a list, keys of an object. */
export function lengthOf(item: GoValue): bigint {
  if (typeof item === 'string') return BigInt(item.length);
  if (isList(item)) return BigInt(item.length);
  if (typeof item === 'object' && item?.kind === 'map') return BigInt(item.entries.size);
  throw valueFault(`${KIND_NAMES[kindOf(item)]} has no length`);
}

function indexOnce(item: GoValue, index: GoValue): GoValue {
  if (item === null) throw valueFault('index cannot look into null');
  if (typeof item === 'string') {
    return { kind: 'byte', value: item.charCodeAt(position(index, item.length - 1)) };
  }
  if (isList(item)) return item.items[item.start + position(index, item.length - 1)] ?? null;
  if (typeof item === 'object' && item.kind === 'map') {
    if (typeof index !== 'string') throw valueFault(`the key of an object is a string, and not ${nameOf(index)}`);
    return item.entries.get(index) ?? null;
  }
  throw valueFault(`index cannot look into ${KIND_NAMES[kindOf(item)]}`);
}

function bounds(indexes: readonly GoValue[], length: number, capacity: number): readonly [number, number, number] {
  const positions = indexes.map((index) => position(index, capacity));
  const [from = 0, to = length, end = capacity] = positions;
  if (from > to || to > end) throw valueFault('the indexes of slice have to ascend');
  return [from, to, end];
}

/** An index from 0 to the largest that is allowed. */
function position(index: GoValue, largest: number): number {
  const isByte = typeof index === 'object' && index?.kind === 'byte';
  const number = isByte ? index.value : typeof index === 'bigint' ? Number(index) : undefined;
  if (number === undefined) throw valueFault(`an index is an integer (int), and not ${nameOf(index)}`);
  if (number < 0 || number > largest) throw valueFault('this index is out of range');
  return number;
}

function isList(value: GoValue): value is GoList {
  return typeof value === 'object' && value?.kind === 'list';
}

function nameOf(value: GoValue): string {
  return KIND_NAMES[kindOf(value)];
}

function valueFault(message: string): TemplateFault {
  return new TemplateFault('template-value', message);
}
