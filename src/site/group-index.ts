import type { Machine } from '../machine/machine.ts';
import { labelOf } from '../machine/machine.ts';
import type { Selector } from '../machine/selector.ts';
import { isMany } from '../machine/selector.ts';

/** Finds the groups that a machine may match without looking at all of them; a fleet has one group for each machine. */
export interface GroupIndex {
  /** Groups whose selector asks for one of these values, by key, then value. */
  readonly byLabel: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** Ids of groups without a selector key whose values can be looked up. */
  readonly everyone: readonly string[];
}

/** The keys that tell most machines apart, best first; a selector without any of them is indexed by its first key. */
const TELLING_KEYS = ['mac', 'uuid', 'serial', 'hostname', 'ip'];

/** Indexes groups, given as id and selector, by their most telling key. */
export function indexGroups(groups: Iterable<readonly [string, Selector]>): GroupIndex {
  const byLabel = new Map<string, Map<string, string[]>>();
  const everyone: string[] = [];
  for (const [id, selector] of groups) {
    const keys = [...selector].filter(([each, values]) => !isMany(each, values)).map(([each]) => each);
    const key = TELLING_KEYS.find((each) => keys.includes(each)) ?? keys.sort()[0];
    if (key === undefined) {
      everyone.push(id);
      continue;
    }
    const byValue = byLabel.get(key) ?? new Map<string, string[]>();
    byLabel.set(key, byValue);
    for (const value of selector.get(key) ?? []) byValue.set(value, [...(byValue.get(value) ?? []), id]);
  }
  return { byLabel, everyone };
}

/** The ids of all groups that could match a machine; those it returns still have to be compared. */
export function candidates(index: GroupIndex, machine: Machine): readonly string[] {
  const ids = [...index.everyone];
  for (const [key, byValue] of index.byLabel) {
    const value = labelOf(machine, key);
    if (value !== undefined) ids.push(...(byValue.get(value) ?? []));
  }
  return ids;
}
