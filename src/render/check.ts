import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { parseMachine } from '../machine/machine.ts';
import type { Selector } from '../machine/selector.ts';
import { canBothMatch } from '../machine/selector.ts';
import type { Group, Profile, Revision } from '../site/revision.ts';
import type { Renderer } from './renderer.ts';
import type { Served } from './served.ts';

/** What came up while checking, with the profile and group it came up for. */
export interface CheckReport {
  readonly profile?: string;
  readonly group?: string;
  readonly diagnostic: Diagnostic;
}

/** One render that a check does. */
interface Case {
  readonly profile: Profile;
  readonly group?: Group;
  readonly machine: Machine;
}

/** Options of a check. */
export interface CheckOptions {
  /** Called after each render. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the check early. */
  readonly signal?: AbortSignal;
  /** Renders at once; 1 leaves the other cores to machines that ask meanwhile. */
  readonly concurrency?: number;
}

/** Renders beyond this many are left out: a fleet's thousands of machine groups share few contents anyway. */
const MAX_CASES = 50_000;

/**
 * Renders every profile for every group and reports all that is wrong. Each group stands for one machine with the first
 * of each of its labels; groups without a profile are tried together with those they can meet. A profile that no group
 * names is rendered for a machine without labels, where a missing parameter is no fault.
 */
export async function checkSite(
  served: Served,
  renderer: Renderer,
  options: CheckOptions = {},
): Promise<readonly CheckReport[]> {
  const { revision } = served;
  const reports: CheckReport[] = revision.diagnostics.map((diagnostic) => ({ diagnostic }));
  const cases = collectCases(revision);
  let done = 0;
  let next = 0;

  async function work(): Promise<void> {
    for (;;) {
      const each = cases[next];
      next += 1;
      if (each === undefined || options.signal?.aborted) return;
      for (const diagnostic of await checkCase(each, served, renderer)) {
        reports.push({
          profile: each.profile.id,
          ...(each.group === undefined ? {} : { group: each.group.id }),
          diagnostic,
        });
      }
      done += 1;
      options.onProgress?.(done, cases.length);
    }
  }
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, work));
  return unique(reports);
}

function collectCases(revision: Revision): readonly Case[] {
  const groups = [...revision.groups.values()];
  const naming = groups.filter((group) => group.profile !== undefined);
  const giving = groups.filter((group) => group.profile === undefined);
  const cases: Case[] = [];
  for (const profile of revision.profiles.values()) {
    const own = naming.filter((group) => group.profile?.id === profile.id);
    if (own.length === 0) cases.push({ profile, machine: machineFor([]) });
    for (const group of own) {
      cases.push({ profile, group, machine: machineFor([group.selector]) });
      for (const other of giving) {
        if (cases.length >= MAX_CASES) return cases;
        if (!canBothMatch(group.selector, other.selector)) continue;
        cases.push({ profile, group, machine: machineFor([other.selector, group.selector]) });
      }
    }
  }
  return cases;
}

/** A machine that matches all selectors: for each key a value that all of them want. */
function machineFor(selectors: readonly Selector[]): Machine {
  const query: Record<string, string> = Object.create(null);
  for (const selector of selectors) {
    for (const [key, values] of selector) {
      const wanted = selectors.flatMap((each) => (each.has(key) ? [each.get(key) ?? []] : []));
      const common = values.find((value) => wanted.every((others) => others.includes(value)));
      if (common !== undefined) query[key] = common;
    }
  }
  return parseMachine(query, { from: 'query' });
}

async function checkCase(each: Case, served: Served, renderer: Renderer): Promise<readonly Diagnostic[]> {
  try {
    const rendered = await renderer.render(served, { machine: each.machine, profileId: each.profile.id });
    return rendered.diagnostics;
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
    if (error.code === 'parameter-missing') return missing(each, error);
    if (hasErrors(error.diagnostics)) return error.diagnostics;
    const origin = { file: each.profile.file, line: 1, column: 1 };
    return [{ severity: 'error', code: 'butane', message: error.message, origin }];
  }
}

/** Labels that stand for one machine: a group that asks for one of them has to give all that the machine needs. */
const MACHINE_LABELS = ['mac', 'uuid', 'serial', 'hostname', 'ip'];

function missing(each: Case, error: ProvisioningError): readonly Diagnostic[] {
  const { group } = each;
  if (group === undefined || !MACHINE_LABELS.some((key) => group.selector.has(key))) return [];
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
