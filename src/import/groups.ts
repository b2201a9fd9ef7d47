import { isLabelKey, LABEL_LIMITS, normaliseLabel } from '../machine/label.ts';
import { canBothMatch, selectorKey } from '../machine/selector.ts';
import type { Group } from '../site/revision.ts';

/** A group that can be carried over: its new id, and what decides between it and equally specific ones. */
export interface ImportedGroup {
  readonly group: Group;
  readonly id: string;
  readonly priority: number;
}

/** What is carried over, and what is not and why. */
export interface ImportedGroups {
  readonly groups: readonly ImportedGroup[];
  readonly notes: readonly string[];
}

/** Most that a priority may be. */
const MAX_PRIORITY = 1000;

/** Groups of a data directory, in the order in which matchbox would take them, as groups of a site. */
export function importGroups(ordered: readonly Group[]): ImportedGroups {
  const notes: string[] = [];
  const taken: Group[] = [];
  const selectors = new Set<string>();
  for (const group of ordered) {
    const key = selectorKey(group.selector);
    const fault = selectors.has(key) ? 'another group has the same selector and goes before it' : faultOf(group);
    selectors.add(key);
    if (fault === undefined) taken.push(group);
    else notes.push(`${group.file}: ${fault}`);
  }
  const ids = uniqueIds(taken.map(({ id }) => id));
  const priorities = prioritiesOf(taken, notes);
  const groups = taken.map((group, index) => ({
    group,
    id: ids[index] ?? group.id,
    priority: priorities.get(group) ?? 0,
  }));
  return { groups, notes };
}

/** Why a selector cannot be one of a site. */
function faultOf({ selector, profile }: Group): string | undefined {
  if (profile === undefined) return 'it names no profile';
  for (const [key, [value = '']] of selector) {
    if (value === '') return `the empty value of ${key} matches machines without that label, which a site cannot say`;
    if (key === 'ip') return 'ip is a label of the query for matchbox, and the address of the connection here';
    if (key !== 'mac' && key.toLowerCase() === 'mac') return `write the label ${key} as mac`;
    if (!isLabelKey(key)) return `${key} cannot be the key of a label`;
    if (value.length > LABEL_LIMITS.valueLength) return `the value of ${key} is too long for a label`;
    const normal = normaliseLabel(key, value);
    if (!normal.ok) return `the value of ${key} ${normal.problem}`;
  }
  return undefined;
}

/** Ids that file names may have here, each once, in the same order. */
export function uniqueIds(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '')
      .slice(0, 100);
    const plain = base === '' ? 'group' : base;
    let id = plain;
    for (let count = 2; taken.has(id); count += 1) id = `${plain}-${count}`;
    taken.add(id);
    return id;
  });
}

/** Where two equally specific groups can match one machine, the one that matchbox takes gets the higher priority. */
function prioritiesOf(ordered: readonly Group[], notes: string[]): ReadonlyMap<Group, number> {
  const priorities = new Map<Group, number>();
  const later: Group[] = [];
  // From the last to the first, so that whatever a group has to beat is known.
  for (const group of ordered.toReversed()) {
    const beaten = later.filter(
      (other) => other.specificity === group.specificity && canBothMatch(group.selector, other.selector),
    );
    const priority = beaten.length === 0 ? 0 : 1 + Math.max(...beaten.map((other) => priorities.get(other) ?? 0));
    if (priority > MAX_PRIORITY) notes.push(`${group.file}: too many groups compete with it for a priority`);
    priorities.set(group, Math.min(priority, MAX_PRIORITY));
    later.push(group);
  }
  return priorities;
}
