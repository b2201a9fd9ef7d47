import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { LABEL_LIMITS } from '../machine/label.ts';
import type { Machine } from '../machine/machine.ts';
import type { Selector } from '../machine/selector.ts';
import { canBothMatch, commonValue, isMany } from '../machine/selector.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Group, Profile, Revision, SiteFormat } from '../site/revision.ts';
import type { CheckedBoot } from './check-boot.ts';
import { checkBoot, hasBoot } from './check-boot.ts';
import { renderDocuments } from './check-matchbox.ts';
import type { RenderRequest } from './render.ts';
import { hasNoConfig } from './render.ts';
import type { Renderer } from './renderer.ts';
import type { Served } from './served.ts';

/** What came up while checking, with the profile and group it came up for. */
export interface CheckReport {
  readonly profile?: string;
  readonly group?: string;
  readonly diagnostic: Diagnostic;
}

/** One render that a check does: a profile for one machine of a group, and of a second group that only gives. */
export interface Case {
  readonly profile: Profile;
  readonly group?: Group;
  readonly giving?: Group;
}

/**
 * What became of the cases of a check, by {@link caseKey}: the SHA-512 of the config, or nothing where there is none; and
 * of their boots, by {@link bootKey}, where a profile has one.
 */
export type CaseOutcomes = ReadonlyMap<string, string | undefined>;

/** Names a case by its ids, none of which can hold a slash, so that it can be found again in another revision. */
export function caseKey({ profile, group, giving }: Case): string {
  return [profile.id, group?.id ?? '', giving?.id ?? ''].join('/');
}

/** Names the boot of a case in the same way: its outcome is the SHA-512 of the iPXE script. */
export function bootKey(each: Case): string {
  return `${caseKey(each)}${BOOT_SUFFIX}`;
}

const BOOT_SUFFIX = '/boot';

/** True for the name of a boot, and false for that of a config. */
export function isBootKey(key: string): boolean {
  return key.split('/').length === 4;
}

/** The case of this name in a revision; undefined where its profile or one of its groups is missing. */
export function findCase({ profiles, groups }: Revision, key: string): Case | undefined {
  const [profileId = '', groupId = '', givingId = ''] = key.split('/');
  const profile = profiles.get(profileId);
  const group = groups.get(groupId);
  const giving = groups.get(givingId);
  if (profile === undefined || (groupId !== '' && group === undefined)) return undefined;
  if (givingId !== '' && giving === undefined) return undefined;
  return { profile, ...(group === undefined ? {} : { group }), ...(giving === undefined ? {} : { giving }) };
}

/** What a machine of this case asks for, if it says these labels besides those that it is selected by. */
export function requestOf({ format }: Revision, { profile, group, giving }: Case, said: Labels = {}): RenderRequest {
  const selectors = [giving, group].filter((each) => each !== undefined).map(({ selector }) => selector);
  return { machine: machineFor(format, selectors, said), profileId: profile.id };
}

/** Labels as a query has them, by their keys. */
export type Labels = Readonly<Record<string, string>>;

/** Everything that came up, and whether everything was looked at. */
export interface CheckResult {
  /** False when the check was ended early, left combinations of groups out, or met a service that could not answer. */
  readonly complete: boolean;
  readonly reports: readonly CheckReport[];
  /** What the service could not answer, whoever's fault it was. */
  readonly unanswered: readonly CheckReport[];
  /** Of every case that the service could answer. */
  readonly outcomes: CaseOutcomes;
}

/** Options of a check. */
export interface CheckOptions {
  /** Called after each render. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the check early. */
  readonly signal?: AbortSignal;
  /** Renders at once; 1 leaves the other cores to machines that ask meanwhile. */
  readonly concurrency?: number;
  /** What each machine says of itself besides the labels that it is selected by; no group selects by any of them. */
  readonly said?: Labels;
  /** Milliseconds to wait before the tries again of what the service could not answer; none for no second try. */
  readonly retryDelaysMs?: readonly number[];
}

/** Renders beyond this many are left out: a fleet's thousands of machine groups share few contents anyway. */
const MAX_CASES = 50_000;

/** Machines that ask go first: a check waits this long before it asks a busy service again. */
const RETRY_DELAYS_MS = [200, 1000, 5000];

/**
 * Renders every profile for every group and reports all that is wrong. Each group stands for one machine with the first
 * of each of its labels; groups without a profile are tried together with those they can meet. A profile that no group
 * names is rendered for a machine without labels, where a missing parameter is no fault.
 */
export async function checkSite(served: Served, renderer: Renderer, options: CheckOptions = {}): Promise<CheckResult> {
  const { revision } = served;
  const { cases, complete } = collectCases(revision);
  /** By the case's index, since they do not end in their order. */
  const checked: (CheckedCase | undefined)[] = cases.map(() => undefined);
  let done = 0;
  let next = 0;

  async function work(): Promise<void> {
    for (;;) {
      const index = next;
      const each = cases[index];
      next += 1;
      if (each === undefined || options.signal?.aborted) return;
      checked[index] = await checkCase(each, served, renderer, options);
      done += 1;
      options.onProgress?.(done, cases.length);
      // What is in the cache takes no time to wait for, and machines have to be answered in between.
      await setImmediate();
    }
  }
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, work));
  const reports: CheckReport[] = revision.diagnostics.map((diagnostic) => ({ diagnostic }));
  const unanswered: CheckReport[] = [];
  const outcomes = new Map<string, string | undefined>();
  for (const [index, each] of cases.entries()) {
    const found = checked[index];
    if (found === undefined) continue;
    if (found.answered) outcomes.set(caseKey(each), found.sha512);
    if (found.boot !== undefined) outcomes.set(bootKey(each), found.boot.sha512);
    const about = { profile: each.profile.id, ...(each.group === undefined ? {} : { group: each.group.id }) };
    for (const diagnostic of found.diagnostics) (found.answered ? reports : unanswered).push({ ...about, diagnostic });
  }
  const whole = complete && unanswered.length === 0 && done === cases.length;
  return { complete: whole, reports: unique(reports), unanswered, outcomes };
}

/** Profiles and groups by themselves come first, so that what is left out are combinations. */
function collectCases(revision: Revision): { readonly cases: readonly Case[]; readonly complete: boolean } {
  const groups = [...revision.groups.values()];
  const giving = groups.filter((group) => group.profile === undefined);
  const alone: Case[] = [];
  const combined: Case[] = [];
  for (const profile of revision.profiles.values()) {
    const own = groups.filter((group) => group.profile?.id === profile.id);
    // matchbox gives a profile to nobody but the machines of its groups.
    if (own.length === 0 && profile.kind !== 'matchbox') alone.push({ profile });
    for (const group of own) {
      alone.push({ profile, group });
      for (const other of giving) {
        if (alone.length + combined.length >= MAX_CASES) break;
        const labels = new Set([...other.selector.keys(), ...group.selector.keys()]);
        if (labels.size > LABEL_LIMITS.count || !canBothMatch(group.selector, other.selector)) continue;
        combined.push({ profile, group, giving: other });
      }
    }
  }
  return { cases: [...alone, ...combined], complete: alone.length + combined.length < MAX_CASES };
}

/** A machine that matches all selectors: for each key a value that all of them want. It says `said` as well. */
export function machineFor(format: SiteFormat, selectors: readonly Selector[], said: Labels = {}): Machine {
  const query: Record<string, string> = Object.assign(Object.create(null), said);
  for (const selector of selectors) {
    for (const [key, values] of selector) {
      const wanted = selectors.flatMap((each) => (each !== selector && each.has(key) ? [each.get(key) ?? []] : []));
      const common = format === 'matchbox' ? values[0] : commonValue(key, [values, ...wanted]);
      if (common !== undefined) query[key] = common;
    }
  }
  return describedMachine(format, query);
}

/** Faults that say nothing of a profile: the service was busy, or butane died or is away while it is replaced. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'queue-full',
  'render-timeout',
  'butane-failed',
  'butane-missing',
  'not-ready',
]);

interface CheckedCase {
  /** False when the service could not tell. */
  readonly answered: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly sha512?: string;
  readonly boot?: CheckedBoot;
}

/** What is wrong with one case and its boot, or why the service could not tell. */
async function checkCase(each: Case, served: Served, renderer: Renderer, options: CheckOptions): Promise<CheckedCase> {
  const config = hasNoConfig(each.profile) ? NO_CONFIG : await checkConfig(each, served, renderer, options);
  if (!hasBoot(each.profile)) return config;
  try {
    const boot = checkBoot(served, requestOf(served.revision, each, options.said), renderer);
    if (boot === undefined) return config;
    return { ...config, boot, diagnostics: [...config.diagnostics, ...boot.diagnostics] };
  } catch (error) {
    return { ...config, diagnostics: [...config.diagnostics, ...explainFailure(each, error)] };
  }
}

/** What is found out of a config that a profile does not have. */
const NO_CONFIG: CheckedCase = { answered: true, diagnostics: [] };

/** What is wrong with one case's config, or why the service could not tell. */
async function checkConfig(
  each: Case,
  served: Served,
  renderer: Renderer,
  options: CheckOptions,
): Promise<CheckedCase> {
  const request = requestOf(served.revision, each, options.said);
  for (const delayMs of [...(options.retryDelaysMs ?? RETRY_DELAYS_MS), undefined]) {
    try {
      const { diagnostics, sha512 } = await renderCase(each, served, request, renderer);
      return { answered: true, diagnostics, sha512 };
    } catch (error) {
      const passes = error instanceof ProvisioningError && PASSING.has(error.code);
      if (!passes) return { answered: true, diagnostics: explainFailure(each, error) };
      if (delayMs === undefined || options.signal?.aborted) {
        return { answered: false, diagnostics: [internal(each, error.message)] };
      }
      await setTimeout(delayMs, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
  return { answered: false, diagnostics: [] };
}

function renderCase({ profile }: Case, served: Served, request: RenderRequest, renderer: Renderer) {
  return profile.kind === 'matchbox'
    ? renderDocuments(profile, served, request, renderer)
    : renderer.render(served, request);
}

function explainFailure(each: Case, error: unknown): readonly Diagnostic[] {
  if (!(error instanceof ProvisioningError)) {
    return [internal(each, `the render failed inside the service: ${error instanceof Error ? error.message : error}`)];
  }
  if (error.code === 'parameter-missing') return missing(each, error);
  return hasErrors(error.diagnostics) ? error.diagnostics : [internal(each, error.message)];
}

function internal(each: Case, message: string): Diagnostic {
  return { severity: 'error', code: 'internal', message, origin: { file: each.profile.file, line: 1, column: 1 } };
}

/** Labels that stand for one machine: a group that asks for one of them has to give all that the machine needs. */
const MACHINE_LABELS = ['mac', 'uuid', 'serial', 'hostname', 'ip'];

function standsForOne(key: string, { selector }: Group): boolean {
  const values = selector.get(key);
  return values !== undefined && !isMany(key, values);
}

function missing(each: Case, error: ProvisioningError): readonly Diagnostic[] {
  const { group, profile } = each;
  // What a template of matchbox takes from the query, the machine gives and not the group.
  if (profile.kind === 'matchbox') return [];
  if (group === undefined || !MACHINE_LABELS.some((key) => standsForOne(key, group))) return [];
  return error.diagnostics.map((diagnostic) => ({
    ...diagnostic,
    message: `${diagnostic.message} for the group ${group.id}`,
    ...(diagnostic.code === 'parameter-missing' && diagnostic.path?.startsWith('$.parameters')
      ? { origin: group.origin }
      : {}),
  }));
}

/** One report for each fault of a profile, however many groups run into it. */
function unique(reports: readonly CheckReport[]): readonly CheckReport[] {
  const seen = new Set<string>();
  return reports.filter(({ profile, diagnostic }) => {
    const { code, message, path, origin } = diagnostic;
    const key = JSON.stringify([profile, code, message, path, origin]);
    const own = JSON.stringify([code, message, path, origin]);
    if (seen.has(key) || (profile !== undefined && seen.has(own))) return false;
    seen.add(key);
    if (profile === undefined) seen.add(own);
    return true;
  });
}
