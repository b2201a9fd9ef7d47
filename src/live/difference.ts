import { setImmediate } from 'node:timers/promises';
import { createTwoFilesPatch } from 'diff';
import { ProvisioningError } from '../errors.ts';
import type { CaseOutcomes } from '../render/check.ts';
import { findCase, isBootKey, requestOf } from '../render/check.ts';
import { scriptFor } from '../render/check-boot.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { Changes } from './changes.ts';
import { findChanges } from './changes.ts';
import { readableConfig } from './readable-config.ts';

/** A revision that was checked and can be rendered. */
export interface Side {
  readonly served: Served;
  readonly outcomes: CaseOutcomes;
}

/** What becomes of a machine's config or boot from one revision to another. */
export type ConfigChange = 'appears' | 'disappears' | 'changes' | 'breaks' | 'is-repaired' | 'stays-broken';

/** Machines whose config becomes another one: those that a group stands for, or a profile without a group. */
export interface MachineDifference {
  readonly profile: string;
  readonly group?: string;
  /** A second group, which only gives parameters. */
  readonly giving?: string;
  /** Whether this is about the Ignition config, or about the iPXE script that boots the machine. */
  readonly what: 'config' | 'boot';
  readonly change: ConfigChange;
  /** SHA-512 of the config or script before and after, where there is one. */
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
  /**
   * Unified diffs of the configs as indented JSON with texts line by line, and of boot scripts; machines that differ in the
   * same way share one.
   */
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
  const shownPairs = new Map<string, number | undefined>();
  let same = 0;
  let patchesLeftOut = 0;

  async function show(key: string): Promise<number | undefined> {
    const [before, after] = await Promise.all([configOf(key, from, renderer), configOf(key, to, renderer)]);
    const shownAs = isBootKey(key) ? AS_TEXT : SHOWN_AS;
    const patch = before === undefined || after === undefined ? undefined : comparePatch(before, after, shownAs);
    if (patch === undefined || patch.length > MAX_PATCH_CHARACTERS) return undefined;
    const known = patches.get(patch);
    if (known !== undefined) return known;
    if (patches.size >= MAX_PATCHES) return undefined;
    patches.set(patch, patches.size);
    return patches.size - 1;
  }

  /** Machines of equal configs before and after have one difference, which is looked for once. */
  async function showOnce(key: string): Promise<number | undefined> {
    const pair = `${from.outcomes.get(key) ?? ''} ${to.outcomes.get(key) ?? ''}`;
    if (!shownPairs.has(pair)) {
      shownPairs.set(pair, await show(key));
      // Machines are answered in between.
      await setImmediate();
    }
    return shownPairs.get(pair);
  }

  for (const key of new Set([...from.outcomes.keys(), ...to.outcomes.keys()])) {
    const before = from.outcomes.get(key);
    const after = to.outcomes.get(key);
    if (before !== undefined && before === after) {
      if (!isBootKey(key)) same += 1;
      continue;
    }
    const change = changeOf(key, from.outcomes, to.outcomes);
    const [profile = '', group = '', giving = ''] = key.split('/');
    const shown = before === undefined && after === undefined ? undefined : await showOnce(key);
    if (shown === undefined && change !== 'stays-broken') patchesLeftOut += 1;
    machines.push({
      profile,
      ...(group === '' ? {} : { group }),
      ...(giving === '' ? {} : { giving }),
      what: isBootKey(key) ? 'boot' : 'config',
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

/** How a config may be shown, the most readable first: two may differ in nothing but how a text is encoded, or in blanks. */
const SHOWN_AS: readonly Show[] = [
  (text) => indent(readableConfig(JSON.parse(text))),
  (text) => indent(JSON.parse(text)),
  (text) => text,
];

type Show = (text: string) => string;

/** A script is lines already. */
const AS_TEXT: readonly Show[] = [(text) => text];

function indent(config: unknown): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A patch between two configs, each empty where there is none; undefined when it would take too long. */
function comparePatch(before: string, after: string, shownAs: readonly Show[]): string | undefined {
  for (const show of shownAs) {
    const [from = '', to = ''] = [before, after].map((text) => (text === '' ? '' : show(text)));
    if (from === to) continue;
    return createTwoFilesPatch('from', 'to', from, to, undefined, undefined, { context: 3, timeout: PATCH_MS });
  }
  return undefined;
}

/** The config or the boot script of a case, which is empty where there is none; undefined when the service cannot tell just now. */
async function configOf(key: string, { served, outcomes }: Side, renderer: Renderer): Promise<string | undefined> {
  const found = findCase(served.revision, key);
  if (found === undefined || outcomes.get(key) === undefined) return '';
  try {
    if (isBootKey(key)) return scriptFor(served, requestOf(served.revision, found), renderer);
    const { body } = await renderer.render(served, requestOf(served.revision, found));
    return body.toString('utf8');
  } catch (error) {
    // It was rendered by the check, so this is a passing fault of the service; the digests tell of the change anyway.
    if (error instanceof ProvisioningError) return undefined;
    throw error;
  }
}
