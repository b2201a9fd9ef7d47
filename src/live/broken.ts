import { ProvisioningError } from '../errors.ts';
import type { CaseOutcomes } from '../render/check.ts';
import { requestOf } from '../render/check.ts';
import type { Group, Revision } from '../site/revision.ts';
import { select } from '../site/selection.ts';

/** A revision and what its check found. */
export interface Checked {
  readonly revision: Revision;
  readonly outcomes: CaseOutcomes;
}

/** Something that one revision gives to machines and the next one would not. */
export interface Broken {
  readonly profile: string;
  readonly group?: string;
  /** A second group, which only gives parameters. */
  readonly giving?: string;
  readonly reason: string;
}

/**
 * What works in the served revision and would not in the next one. A profile or a group that is gone was taken away on
 * purpose; one that is still there has to give a config wherever it did.
 */
export function findBroken(served: Checked, next: Checked): readonly Broken[] {
  const broken: Broken[] = [];
  for (const [key, sha512] of served.outcomes) {
    if (sha512 === undefined) continue;
    const [profile = '', group = '', giving = ''] = key.split(' ');
    const about = { profile, ...(group === '' ? {} : { group }), ...(giving === '' ? {} : { giving }) };
    if (next.outcomes.has(key)) {
      if (next.outcomes.get(key) === undefined) broken.push({ ...about, reason: 'it does not render any more' });
    } else if (namesMissing(next.revision, group, profile)) {
      broken.push({ ...about, reason: 'the group names a profile that is gone' });
    }
  }
  return [...broken, ...findContradictions(served.revision, next.revision)];
}

function namesMissing({ groups, profiles }: Revision, group: string, profile: string): boolean {
  return !profiles.has(profile) && groups.get(group)?.profile?.id === profile;
}

/** Groups whose machines would be refused because another group contradicts them now. */
function findContradictions(served: Revision, next: Revision): readonly Broken[] {
  return [...next.groups.values()].flatMap((group) => {
    const before = served.groups.get(group.id);
    if (group.profile === undefined || before === undefined) return [];
    if (isContradicted(served, before) || !isContradicted(next, group)) return [];
    return [{ profile: group.profile.id, group: group.id, reason: 'another group contradicts it' }];
  });
}

/** Whether the machine that a group stands for is refused when the groups have to select its profile. */
function isContradicted(revision: Revision, group: Group): boolean {
  const profile = revision.profiles.get(group.profile?.id ?? '');
  if (profile === undefined) return false;
  try {
    select(revision, requestOf({ profile, group }).machine);
    return false;
  } catch (error) {
    if (error instanceof ProvisioningError) return error.code === 'selection-ambiguous';
    throw error;
  }
}
