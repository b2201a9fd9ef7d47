import type { Machine } from './machine.ts';
import { labelOf } from './machine.ts';

/**
 * What a group asks of a machine: for each key the values of which the machine must have one, normalised and sorted.
 * All keys must match, so a selector without keys matches every machine.
 */
export type Selector = ReadonlyMap<string, readonly string[]>;

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
    else if (!values.includes(value)) found.push({ key, reason: 'different' });
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
    return others === undefined || values.some((value) => others.includes(value));
  });
}
