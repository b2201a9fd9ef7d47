import type { LabelValue } from './label.ts';
import { normaliseLabel } from './label.ts';
import type { Machine } from './machine.ts';
import { labelOf } from './machine.ts';
import { commonAddress, holdsAddress, isNetwork, normaliseNetwork } from './network.ts';

/**
 * What a group asks of a machine: for each key the values of which the machine must have one, normalised and sorted.
 * All keys must match, so a selector without keys matches every machine. A value of `ip` may be a network or a range.
 */
export type Selector = ReadonlyMap<string, readonly string[]>;

/** Brings a value of a selector into its one spelling: that of a label, and for `ip` also of a network or a range. */
export function normaliseWanted(key: string, text: string): LabelValue {
  if (key !== 'ip' || !isNetwork(text)) return normaliseLabel(key, text);
  const value = normaliseNetwork(text);
  if (value !== undefined) return { ok: true, value };
  return { ok: false, problem: 'is no network such as 10.7.0.0/16, and no range such as 10.7.0.10-10.7.0.19' };
}

/** True when a selector's value of a key stands for more than one value of a label. */
export function isMany(key: string, values: readonly string[]): boolean {
  return key === 'ip' && values.some(isNetwork);
}

/** A value of a label that is wanted by each of some lists of values of its key; undefined when there is none. */
export function commonValue(key: string, lists: readonly (readonly string[])[]): string | undefined {
  if (key === 'ip') return commonAddress(lists);
  return lists[0]?.find((value) => lists.every((values) => values.includes(value)));
}

function wants(key: string, values: readonly string[], value: string): boolean {
  return key === 'ip' ? values.some((each) => holdsAddress(each, value)) : values.includes(value);
}

/** Why a selector does not match. */
export interface Mismatch {
  readonly key: string;
  /** `absent` when the machine lacks the label, `different` when it has another value. */
  readonly reason: 'absent' | 'different';
}

/** The keys of a selector that a machine does not match; none means that it matches. */
export function mismatches(selector: Selector, machine: Machine): readonly Mismatch[] {
  const found: Mismatch[] = [];
  for (const [key, values] of selector) {
    const value = labelOf(machine, key);
    if (value === undefined) found.push({ key, reason: 'absent' });
    else if (!wants(key, values, value)) found.push({ key, reason: 'different' });
  }
  return found;
}

/** True when a machine has one of the wanted values for every key. */
export function matches(selector: Selector, machine: Machine): boolean {
  return mismatches(selector, machine).length === 0;
}

/** One text for equal selectors, whatever the order in which keys and values were written. */
export function selectorKey(selector: Selector): string {
  return JSON.stringify([...selector].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** True when a machine could exist that matches both selectors. */
export function canBothMatch(a: Selector, b: Selector): boolean {
  return [...a].every(([key, values]) => {
    const others = b.get(key);
    return others === undefined || commonValue(key, [values, others]) !== undefined;
  });
}
