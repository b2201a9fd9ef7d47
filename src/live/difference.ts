import { createTwoFilesPatch } from 'diff';
import { ProvisioningError } from '../errors.ts';
import type { CaseOutcomes } from '../render/check.ts';
import { findCase, requestOf } from '../render/check.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { Changes } from './changes.ts';
import { findChanges } from './changes.ts';

/** A revision that was checked and can be rendered. */
export interface Side {
  readonly served: Served;
  readonly outcomes: CaseOutcomes;
}

/** What becomes of a machine's config from one revision to another. */
export type ConfigChange = 'appears' | 'disappears' | 'changes' | 'breaks' | 'is-repaired' | 'stays-broken';

/** Machines whose config becomes another one: those that a group stands for, or a profile without a group. */
export interface MachineDifference {
  readonly profile: string;
  readonly group?: string;
  /** A second group, which only gives parameters. */
  readonly giving?: string;
  readonly change: ConfigChange;
  /** SHA-512 of the config before and after, where there is one. */
  readonly from?: string;
  readonly to?: string;
  /** Which of {@link Difference.patches} shows it; absent where there is nothing to show, or no room. */
  readonly patch?: number;
}

/** How two revisions differ. */
export interface Difference {
  readonly changes: Changes;
  readonly machines: readonly MachineDifference[];
  /** Machines whose config is the same to the byte. */
  readonly same: number;
  /** Unified diffs of the configs as indented JSON; machines that differ in the same way share one. */
  readonly patches: readonly string[];
  /** Patches that were left out because there are too many or they are too long. */
  readonly patchesLeftOut: number;
}

const MAX_PATCHES = 50;
const MAX_PATCH_CHARACTERS = 64 * 1024;

/** Milliseconds after which the comparison of two configs is given up; most take less than one. */
const PATCH_MS = 500;

/** Compares what two revisions give to every machine that their groups stand for. */
export async function findDifference(from: Side, to: Side, renderer: Renderer): Promise<Difference> {
  const machines: MachineDifference[] = [];
  const patches = new Map<string, number>();
  let same = 0;
  let patchesLeftOut = 0;

  async function show(key: string): Promise<number | undefined> {
    const [before, after] = await Promise.all([configOf(key, from, renderer), configOf(key, to, renderer)]);
    const options = { context: 3, timeout: PATCH_MS };
    const patch = createTwoFilesPatch('from', 'to', before, after, undefined, undefined, options);
    if (patch === undefined || patch.length > MAX_PATCH_CHARACTERS) return undefined;
    const known = patches.get(patch);
    if (known !== undefined) return known;
    if (patches.size >= MAX_PATCHES) return undefined;
    patches.set(patch, patches.size);
    return patches.size - 1;
  }

  for (const key of new Set([...from.outcomes.keys(), ...to.outcomes.keys()])) {
    const before = from.outcomes.get(key);
    const after = to.outcomes.get(key);
    if (before !== undefined && before === after) {
      same += 1;
      continue;
    }
    const change = changeOf(key, from.outcomes, to.outcomes);
    const [profile = '', group = '', giving = ''] = key.split(' ');
    const shown = before === undefined && after === undefined ? undefined : await show(key);
    if (shown === undefined && change !== 'stays-broken') patchesLeftOut += 1;
    machines.push({
      profile,
      ...(group === '' ? {} : { group }),
      ...(giving === '' ? {} : { giving }),
      change,
      ...(before === undefined ? {} : { from: before }),
      ...(after === undefined ? {} : { to: after }),
      ...(shown === undefined ? {} : { patch: shown }),
    });
  }
  const changes = findChanges(from.served.revision, to.served.revision);
  return { changes, machines, same, patches: [...patches.keys()], patchesLeftOut };
}

function changeOf(key: string, from: CaseOutcomes, to: CaseOutcomes): ConfigChange {
  if (!from.has(key)) return 'appears';
  if (!to.has(key)) return 'disappears';
  if (from.get(key) === undefined) return to.get(key) === undefined ? 'stays-broken' : 'is-repaired';
  return to.get(key) === undefined ? 'breaks' : 'changes';
}

/** The config of a case as indented JSON, which is empty where there is none. */
async function configOf(key: string, { served, outcomes }: Side, renderer: Renderer): Promise<string> {
  const found = findCase(served.revision, key);
  if (found === undefined || outcomes.get(key) === undefined) return '';
  try {
    const { body } = await renderer.render(served, requestOf(found));
    return `${JSON.stringify(JSON.parse(body.toString('utf8')), null, 2)}\n`;
  } catch (error) {
    // It was rendered by the check, so this is a passing fault of the service; the digests tell of the change anyway.
    if (error instanceof ProvisioningError) return '';
    throw error;
  }
}
