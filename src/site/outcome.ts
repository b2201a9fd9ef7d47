import type { ProvisioningError } from '../errors.ts';
import type { Mismatch } from '../machine/selector.ts';
import type { Contribution, Group, Profile } from './revision.ts';

/** What a machine is to become, and who said so. */
export interface Selection {
  readonly profile: Profile;
  /** The group that decided; absent when the request named the profile and no group of it matches. */
  readonly group?: Group;
  /** Every group that contributes, the least specific first. */
  readonly groups: readonly Group[];
  /** Groups that decide for the same profile and are just as specific as `group`. */
  readonly equals: readonly Group[];
  /** The parameters of site and groups, each from the most specific one that gives it. */
  readonly contributions: ReadonlyMap<string, Contribution>;
}

/** Why the groups decide as they do, for a person. */
export interface Explanation {
  readonly outcome:
    | { readonly ok: true; readonly selection: Selection }
    | { readonly ok: false; readonly error: ProvisioningError };
  /** Every group of the site, in the order of their ids. */
  readonly groups: readonly GroupVerdict[];
}

/** What became of one group in a selection. */
export interface GroupVerdict {
  readonly group: Group;
  readonly verdict: 'decides' | 'contributes' | 'contradicts' | 'less-specific' | 'other-profile' | 'does-not-match';
  readonly mismatches: readonly Mismatch[];
}
