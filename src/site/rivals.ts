import type { Diagnostic } from '../diagnostic.ts';
import { compareText } from '../diagnostic.ts';
import { canBothMatch } from '../machine/selector.ts';
import type { Group, Profile } from './revision.ts';
import { sameValue } from './selection.ts';

/** Pairs that are looked at; a fleet has thousands of groups, and the warnings are only a help. */
const MAX_PAIRS = 2_000_000;

/**
 * Warns of groups that some machine could match both of, that are equally specific, and that say different things: such
 * a machine is refused. One warning for each group that quarrels with the most, so that a fleet gets no flood.
 */
export function findRivals(groups: Iterable<Group>, profiles: ReadonlyMap<string, Profile>): readonly Diagnostic[] {
  const rivals = new Map<Group, Map<Group, string>>();
  const note = (a: Group, b: Group, quarrel: string) => {
    rivals.set(a, (rivals.get(a) ?? new Map<Group, string>()).set(b, quarrel));
  };
  let pairs = 0;
  for (const [a, b] of possiblePairs(groups)) {
    pairs += 1;
    if (pairs > MAX_PAIRS) break;
    const quarrel = quarrelOf(a, b, profiles);
    if (quarrel === undefined || !canBothMatch(a.selector, b.selector)) continue;
    note(a, b, quarrel);
    note(b, a, quarrel);
  }
  const found = warnings(rivals);
  return pairs > MAX_PAIRS ? [...found, tooMany()] : found;
}

/** Every pair of equally specific groups, but for those that want different values of the key that is looked at first. */
function* possiblePairs(groups: Iterable<Group>): Iterable<readonly [Group, Group]> {
  const byRank = new Map<string, Group[]>();
  for (const group of groups) push(byRank, `${group.specificity}/${group.priority}`, group);
  for (const equals of byRank.values()) {
    const byKeys = new Map<string, Group[]>();
    for (const group of equals) push(byKeys, JSON.stringify([...group.selector.keys()].sort()), group);
    const buckets = [...byKeys.values()];
    for (const [index, bucket] of buckets.entries()) {
      yield* pairsWithin(bucket);
      for (const other of buckets.slice(index + 1)) yield* pairsBetween(bucket, other);
    }
  }
}

function* pairsWithin(bucket: readonly Group[]): Iterable<readonly [Group, Group]> {
  const key = bucket[0] === undefined ? undefined : [...bucket[0].selector.keys()].find(isLookedUp);
  if (key === undefined) {
    // Addresses may lie in many networks; and groups without any key are one, or a fault that is told already.
    if (bucket[0]?.selector.size === 0) return;
    for (const [index, a] of bucket.entries()) for (const b of bucket.slice(index + 1)) yield [a, b];
    return;
  }
  for (const sharing of byValueOf(key, bucket).values()) {
    for (const [index, a] of sharing.entries()) for (const b of sharing.slice(index + 1)) yield [a, b];
  }
}

function* pairsBetween(bucket: readonly Group[], other: readonly Group[]): Iterable<readonly [Group, Group]> {
  const key = [...(bucket[0]?.selector.keys() ?? [])].find((each) => isLookedUp(each) && other[0]?.selector.has(each));
  const byValue = key === undefined ? undefined : byValueOf(key, other);
  for (const a of bucket) {
    if (key === undefined || byValue === undefined) for (const b of other) yield [a, b];
    else for (const value of a.selector.get(key) ?? []) for (const b of byValue.get(value) ?? []) yield [a, b];
  }
}

/** Equal values of all keys but `ip` are written alike. */
function isLookedUp(key: string): boolean {
  return key !== 'ip';
}

function byValueOf(key: string, groups: readonly Group[]): ReadonlyMap<string, readonly Group[]> {
  const byValue = new Map<string, Group[]>();
  for (const group of groups) for (const value of group.selector.get(key) ?? []) push(byValue, value, group);
  return byValue;
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function quarrelOf(a: Group, b: Group, profiles: ReadonlyMap<string, Profile>): string | undefined {
  if (a.profile !== undefined && b.profile !== undefined) {
    if (a.profile.id !== b.profile.id) return 'name different profiles';
    const profile = profiles.get(a.profile.id);
    if (profile?.kind === 'composed' && profile.readsGroup) return 'the profile reads `group.id`';
  }
  for (const [name, value] of a.parameters) {
    const other = b.parameters.get(name);
    if (other !== undefined && !sameValue(other, value)) return `disagree about the parameter ${name}`;
  }
  return undefined;
}

function warnings(rivals: ReadonlyMap<Group, ReadonlyMap<Group, string>>): readonly Diagnostic[] {
  const reported = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  const worst = [...rivals].sort(([a, x], [b, y]) => y.size - x.size || compareText(b.id, a.id));
  for (const [group, others] of worst) {
    const fresh = [...others].filter(([other]) => !reported.has(`${other.id} ${group.id}`));
    const [first, ...more] = fresh.sort(([a], [b]) => compareText(a.id, b.id));
    if (first === undefined) continue;
    for (const [other] of fresh) reported.add(`${group.id} ${other.id}`);
    const [other, quarrel] = first;
    const and = more.length === 0 ? '' : `, or one of ${more.length} others,`;
    diagnostics.push({
      severity: 'warning',
      code: 'selection',
      message: `a machine that matches this group and ${other.file}${and} is refused: they are equally specific and ${quarrel}`,
      origin: group.profile?.origin ?? group.origin,
      hint: 'give one of them a `priority` or one more key in `match`',
    });
  }
  return diagnostics;
}

function tooMany(): Diagnostic {
  return {
    severity: 'warning',
    code: 'selection',
    message: `more than ${MAX_PAIRS} pairs of groups are equally specific, and not all of them were compared`,
    origin: { file: 'groups', line: 1, column: 1 },
    hint: 'give groups of different kinds different priorities',
  };
}
