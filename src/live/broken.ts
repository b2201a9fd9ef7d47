import type { ErrorCode } from '../errors.ts';
import { ProvisioningError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { selectorKey } from '../machine/selector.ts';
import type { CaseOutcomes } from '../render/check.ts';
import { caseKey, isBootKey, machineFor } from '../render/check.ts';
import type { Group, Revision } from '../site/revision.ts';
import { select } from '../site/selection.ts';

/** A revision and what its check found. */
export interface Checked {
  readonly revision: Revision;
  readonly outcomes: CaseOutcomes;
}

/** Something that one revision gives to machines and the next one would not. */
export interface Broken {
  /** Absent for a file that does not parse. */
  readonly profile?: string;
  readonly group?: string;
  /** A second group, which only gives parameters. */
  readonly giving?: string;
  /** A file that is left out, so that nobody can know whom it is for. */
  readonly file?: string;
  readonly reason: string;
}

/**
 * What works in the served revision and would not in the next one. A profile or a group that is gone was taken away on
 * purpose; one that is still there has to give a config wherever it did, also when it names another profile now.
 */
export function findBroken(served: Checked, next: Checked): readonly Broken[] {
  const before = new Map([...served.revision.groups.values()].map((group) => [selectorKey(group.selector), group]));
  const earlierOf = (group: Group) => served.revision.groups.get(group.id) ?? before.get(selectorKey(group.selector));
  const failing = [...next.outcomes].filter(([, sha512]) => sha512 === undefined).map(([key]) => key);
  const broken = failing.flatMap((key): readonly Broken[] => {
    const [profile = '', group = '', giving = ''] = key.split('/');
    const names = earlierNames(key, next.revision.groups.get(group), earlierOf);
    const known = names.find((name) => served.outcomes.has(name));
    if (known === undefined || served.outcomes.get(known) === undefined) return [];
    const about = { profile, ...(group === '' ? {} : { group }), ...(giving === '' ? {} : { giving }) };
    const what = isBootKey(key) ? 'its boot' : 'it';
    return [{ ...about, reason: `${what} does not render any more` }];
  });
  return [...broken, ...findTurnedAway(served, next.revision), ...findSkipped(served.revision, next.revision)];
}

/** Files that the next revision would leave out, and the served one does not. */
function findSkipped(served: Revision, next: Revision): readonly Broken[] {
  return next.skipped
    .filter((file) => !served.skipped.includes(file))
    .map((file) => ({ file, reason: 'it does not parse' }));
}

/** What a case was called in the served revision, the closest first: a group may have been renamed, or name another profile. */
function earlierNames(
  key: string,
  group: Group | undefined,
  earlierOf: (group: Group) => Group | undefined,
): readonly string[] {
  if (group === undefined) return [key];
  const [profile = '', , giving = '', ...what] = key.split('/');
  const named = (...ids: readonly string[]) => [...ids, ...what].join('/');
  const earlier = earlierOf(group);
  // Whoever named the profile got it without the group.
  if (earlier === undefined) return [named(profile, '', '')];
  if (earlier.profile === undefined) return [];
  // A second group may be new, and its machines had the config without it.
  return [named(earlier.profile.id, earlier.id, giving), named(earlier.profile.id, earlier.id, '')];
}

/** Groups whose machines get a config, and whom the groups of the next revision would turn away. */
function findTurnedAway(served: Checked, next: Revision): readonly Broken[] {
  return [...next.groups.values()].flatMap((group) => {
    if (group.profile === undefined) return [];
    const machine = machineFor(next.format, [group.selector]);
    const reason = refusalOf(next, machine);
    if (reason === undefined || !gives(served, machine)) return [];
    return [{ profile: group.profile.id, group: group.id, reason }];
  });
}

function gives({ revision, outcomes }: Checked, machine: Machine): boolean {
  try {
    const { profile, group } = select(revision, machine);
    return outcomes.get(caseKey({ profile, ...(group === undefined ? {} : { group }) })) !== undefined;
  } catch (error) {
    if (error instanceof ProvisioningError) return false;
    throw error;
  }
}

const REFUSALS: Partial<Readonly<Record<ErrorCode, string>>> = {
  'selection-ambiguous': 'another group contradicts it',
  'profile-broken': 'the group names a profile that does not exist',
  // The same where the format has it that such a machine is not known.
  'profile-not-found': 'the group names a profile that does not exist',
};

function refusalOf(revision: Revision, machine: Machine): string | undefined {
  try {
    select(revision, machine);
    return undefined;
  } catch (error) {
    if (error instanceof ProvisioningError) return REFUSALS[error.code];
    throw error;
  }
}
