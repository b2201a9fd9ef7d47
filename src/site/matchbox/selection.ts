import { compareText } from '../../diagnostic.ts';
import { ProvisioningError } from '../../errors.ts';
import type { Machine } from '../../machine/machine.ts';
import { labelOf } from '../../machine/machine.ts';
import type { Mismatch, Selector } from '../../machine/selector.ts';
import type { GroupIndex } from '../group-index.ts';
import { candidates, indexGroups } from '../group-index.ts';
import { missingProfile } from '../missing-profile.ts';
import type { Explanation, GroupVerdict, Selection } from '../outcome.ts';
import type { Group, Profile, Revision } from '../revision.ts';

/**
 * The group that matchbox picks for a machine: the one with the most selector keys of those that match, and of equals the
 * one whose selector, written as `key=value,...` in the order of its keys, is the last in the alphabet. Two groups with
 * one selector, between which matchbox tosses a coin, are told apart by their file: the first.
 */
export function selectGroup(revision: Revision, machine: Machine, profileId?: string): Group | undefined {
  let best: Group | undefined;
  for (const id of candidates(revision.index, machine)) {
    const group = revision.groups.get(id);
    if (group === undefined || (profileId !== undefined && group.profile?.id !== profileId)) continue;
    if (mismatchesOf(group, machine).length > 0) continue;
    if (best === undefined || compareGroups(group, best) < 0) best = group;
  }
  return best;
}

/**
 * Picks as {@link selectGroup} does, and gives the group's profile. With `profileId` the request has named the profile,
 * and only groups of it take part. Throws `machine-unknown`, or `profile-not-found` also when the group names a profile
 * that does not exist: matchbox falls back on no other group.
 */
export function selectInMatchbox(revision: Revision, machine: Machine, profileId?: string): Selection {
  const group = selectGroup(revision, machine, profileId);
  if (profileId !== undefined) {
    const profile = revision.profiles.get(profileId);
    if (profile === undefined) throw new ProvisioningError('profile-not-found', 'there is no profile of this name');
    return selectionOf(profile, group);
  }
  if (group === undefined) throw new ProvisioningError('machine-unknown', 'no group matches this machine');
  const { profile: named, id } = group;
  if (named === undefined) throw new ProvisioningError('profile-not-found', `the group ${id} names no profile`);
  const profile = revision.profiles.get(named.id);
  if (profile !== undefined) return selectionOf(profile, group);
  throw new ProvisioningError('profile-not-found', `the group ${id} names a profile that does not exist`, {
    diagnostics: [missingProfile(named.id, named.origin)],
  });
}

function selectionOf(profile: Profile, group: Group | undefined): Selection {
  const groups = group === undefined ? [] : [group];
  const contributions = group?.parameters ?? new Map();
  return { profile, ...(group === undefined ? {} : { group }), groups, equals: [], contributions };
}

/** What became of each group. */
export function explainInMatchbox(
  revision: Revision,
  machine: Machine,
  outcome: Explanation['outcome'],
): readonly GroupVerdict[] {
  const decisive = outcome.ok ? outcome.selection.group : selectGroup(revision, machine);
  return [...revision.groups.values()].map((group): GroupVerdict => {
    const mismatches = mismatchesOf(group, machine);
    if (mismatches.length > 0) return { group, verdict: 'does-not-match', mismatches };
    if (group === decisive) return { group, verdict: 'decides', mismatches };
    const isNext = decisive === undefined || compareGroups(decisive, group) < 0;
    return { group, verdict: isNext ? 'less-specific' : 'other-profile', mismatches };
  });
}

/** A label that a machine does not have is an empty one, so an empty value matches it. */
function mismatchesOf({ selector }: Group, machine: Machine): readonly Mismatch[] {
  const found: Mismatch[] = [];
  for (const [key, [wanted = '']] of selector) {
    const value = labelOf(machine, key);
    if ((value ?? '') !== wanted) found.push({ key, reason: value === undefined ? 'absent' : 'different' });
  }
  return found;
}

/** All groups, in the order in which matchbox tries them. */
export function orderedGroups(revision: Revision): readonly Group[] {
  return [...revision.groups.values()].sort(compareGroups);
}

/** Negative when `a` goes before `b`. */
function compareGroups(a: Group, b: Group): number {
  return (
    b.specificity - a.specificity ||
    compareBytes(orderText(b.selector), orderText(a.selector)) ||
    compareText(a.id, b.id)
  );
}

/** As Go compares texts. */
function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A selector as one text, by which equally specific ones are ordered. */
export function orderText(selector: Selector): string {
  const pairs = [...selector].map(([key, [value = '']]) => `${key}=${value}`);
  return pairs.sort(compareBytes).join(',');
}

/** Finds the groups that may match; a key with an empty value matches machines that do not have it, so it tells none apart. */
export function indexMatchboxGroups(groups: Iterable<Group>): GroupIndex {
  return indexGroups(
    [...groups].map(({ id, selector }) => [id, new Map([...selector].filter(([, [value]]) => value !== ''))] as const),
  );
}
