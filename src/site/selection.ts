import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { Value } from '../fragment/value.ts';
import { toValue } from '../fragment/value.ts';
import type { Machine } from '../machine/machine.ts';
import { matches, mismatches } from '../machine/selector.ts';
import { candidates } from './group-index.ts';
import { explainInMatchbox, selectInMatchbox } from './matchbox/selection.ts';
import { missingProfile } from './missing-profile.ts';
import type { Explanation, GroupVerdict, Selection } from './outcome.ts';
import type { Contribution, Group, Profile, Revision } from './revision.ts';

/** Two groups that match are equally specific, and say different things. */
export class SelectionAmbiguous extends ProvisioningError {
  /** Their ids. */
  readonly rivals: readonly string[];
  constructor(message: string, rivals: readonly Group[], diagnostics: readonly Diagnostic[]) {
    super('selection-ambiguous', message, { diagnostics });
    this.rivals = rivals.map((group) => group.id);
  }
}

/**
 * Picks the profile for a machine and gathers its parameters. With `profileId` the request has named the profile, and
 * only groups of that profile or of none take part. Throws `profile-not-found`, `machine-unknown`,
 * `selection-ambiguous`, or `profile-broken` when the deciding group names a profile that does not exist: a less
 * specific group never stands in for it.
 */
export function select(revision: Revision, machine: Machine, profileId?: string): Selection {
  if (revision.format === 'matchbox') return selectInMatchbox(revision, machine, profileId);
  const named = profileId === undefined ? undefined : revision.profiles.get(profileId);
  if (profileId !== undefined && named === undefined) {
    throw new ProvisioningError('profile-not-found', 'there is no profile of this name');
  }
  const matching = candidates(revision.index, machine)
    .map((id) => revision.groups.get(id))
    .filter((group) => group !== undefined)
    .filter((group) => matches(group.selector, machine))
    .sort(bySpecificity);
  const profile = named ?? decideProfile(revision, matching);
  const groups = matching.filter((group) => group.profile === undefined || group.profile.id === profile.id);
  const group = groups.findLast((each) => each.profile !== undefined);
  const contributions = gatherParameters(revision, groups);
  const equals = groups.filter(
    (each) => each !== group && each.profile !== undefined && group !== undefined && rank(each, group) === 0,
  );
  return { profile, ...(group === undefined ? {} : { group }), groups, equals, contributions };
}

/** Does what {@link select} does, and tells for every group what became of it. Never throws a ProvisioningError. */
export function explain(revision: Revision, machine: Machine, profileId?: string): Explanation {
  const outcome = attempt(() => select(revision, machine, profileId));
  if (revision.format === 'matchbox') return { outcome, groups: explainInMatchbox(revision, machine, outcome) };
  const groups = [...revision.groups.values()].map((group): GroupVerdict => {
    const missed = mismatches(group.selector, machine);
    if (missed.length > 0) return { group, verdict: 'does-not-match', mismatches: missed };
    return { group, verdict: verdictOf(group, outcome), mismatches: [] };
  });
  return { outcome, groups };
}

function verdictOf(group: Group, outcome: Explanation['outcome']): GroupVerdict['verdict'] {
  if (!outcome.ok) {
    const { error } = outcome;
    return error instanceof SelectionAmbiguous && error.rivals.includes(group.id) ? 'contradicts' : 'contributes';
  }
  const { selection } = outcome;
  if (group.id === selection.group?.id) return 'decides';
  if (group.profile !== undefined && group.profile.id !== selection.profile.id) {
    return selection.group !== undefined && bySpecificity(group, selection.group) < 0
      ? 'less-specific'
      : 'other-profile';
  }
  return 'contributes';
}

function attempt(work: () => Selection): Explanation['outcome'] {
  try {
    return { ok: true, selection: work() };
  } catch (error) {
    if (error instanceof ProvisioningError) return { ok: false, error };
    throw error;
  }
}

/** The least specific first: fewest keys, then lowest priority; the id only makes the order of equals a fixed one. */
function bySpecificity(a: Group, b: Group): number {
  return rank(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function rank(a: Group, b: Group): number {
  return a.specificity - b.specificity || a.priority - b.priority;
}

function decideProfile(revision: Revision, matching: readonly Group[]): Profile {
  const naming = matching.filter((group) => group.profile !== undefined);
  const decisive = naming[naming.length - 1];
  if (decisive?.profile === undefined) {
    throw new ProvisioningError('machine-unknown', 'no group with a profile matches this machine');
  }
  const wanted = decisive.profile.id;
  const rival = naming.find((group) => rank(group, decisive) === 0 && group.profile?.id !== wanted);
  if (rival !== undefined) {
    throw ambiguous(rival, decisive, 'name different profiles');
  }
  const profile = revision.profiles.get(wanted);
  if (profile === undefined) {
    throw new ProvisioningError('profile-broken', `the group ${decisive.id} names a profile that does not exist`, {
      diagnostics: [missingProfile(decisive.profile.id, decisive.profile.origin)],
    });
  }
  return profile;
}

function ambiguous(a: Group, b: Group, what: string, origin = b.profile?.origin ?? b.origin): SelectionAmbiguous {
  const [first, second] = [a, b].sort((x, y) => (x.id < y.id ? -1 : 1));
  const message = `the groups ${first?.id} and ${second?.id} both match, are equally specific, and ${what}`;
  const hint = 'give one of them a higher `priority` or one more key in `match`';
  return new SelectionAmbiguous(message, [a, b], [{ severity: 'error', code: 'selection', message, origin, hint }]);
}

/** Each parameter is replaced whole by a more specific group; equally specific groups must give equal values. */
function gatherParameters(revision: Revision, groups: readonly Group[]): ReadonlyMap<string, Contribution> {
  const contributions = new Map(revision.settings.parameters);
  const givers = new Map<string, Group[]>();
  for (const group of groups) {
    for (const name of group.parameters.keys()) givers.set(name, [...(givers.get(name) ?? []), group]);
  }
  for (const [name, all] of givers) {
    const last = all[all.length - 1];
    const value = last?.parameters.get(name);
    if (last === undefined || value === undefined) continue;
    for (const rival of all) {
      const other = rival.parameters.get(name);
      if (rival === last || rank(rival, last) !== 0 || other === undefined || sameValue(other, value)) continue;
      throw ambiguous(rival, last, `disagree about the parameter ${name}`, value.keyOrigin);
    }
    contributions.set(name, value);
  }
  return contributions;
}

/** True when two contributions give the same value, whatever the order of their keys. */
export function sameValue(a: Contribution, b: Contribution): boolean {
  return a === b || canonicalOf(a) === canonicalOf(b);
}

const CANONICAL = new WeakMap<Contribution, string>();

function canonicalOf(contribution: Contribution): string {
  const known = CANONICAL.get(contribution);
  if (known !== undefined) return known;
  const text = canonical(toValue(contribution.node).value ?? null);
  CANONICAL.set(contribution, text);
  return text;
}

/** One text for equal values; entries of a mapping become an object again, so that no list looks like one. */
function canonical(value: Value): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? { mapping: Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)) }
      : inner,
  );
}
