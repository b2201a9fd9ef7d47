import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import type { Changes } from '../live/changes.ts';
import type { Difference, MachineDifference } from '../live/difference.ts';
import { findDifference } from '../live/difference.ts';
import { SiteFaults } from '../live/site-faults.ts';
import { checkSite } from '../render/check.ts';
import type { Served } from '../render/served.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import type { Terminal } from './terminal.ts';
import { printable, styled } from './terminal.ts';

/** Flags of `diff`. */
export interface DiffFlags {
  readonly format: string;
  /** Exit with 1 when any machine gets another config. */
  readonly exitCode?: boolean;
}

/** Prints which machines get other configs from one site directory than from another, and what differs in them. */
export async function diffCommand(
  [from, to]: readonly [string, string],
  config: Config,
  flags: DiffFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const workshop = await openWorkshop({
    site: from,
    publicUrl: config.publicUrl,
    ...(config.butane === undefined ? {} : { butane: config.butane }),
  }).catch((error: unknown) => fail(error, from));
  try {
    const next = await workshop.load(to).catch((error: unknown) => fail(error, to));
    const check = async (served: Served, site: string) => {
      const { outcomes, unanswered } = await checkSite(served, workshop.renderer, {
        concurrency: 4,
        onProgress: (done, total) => {
          if (terminal.onTerminal)
            terminal.err(`\r\u001b[K${done === total ? '' : `rendering ${done} of ${total} of ${printable(site)}`}`);
        },
      });
      const [first] = unanswered;
      // What could not be made would look like what one of the two does not have.
      if (first !== undefined) throw notMade(site, unanswered.length, first.diagnostic.message);
      return { served, outcomes };
    };
    const before = await check(workshop.served, from);
    const after = await check(next, to);
    const difference = await findDifference(before, after, workshop.renderer);
    const text =
      flags.format === 'json'
        ? `${JSON.stringify(difference, null, 2)}\n`
        : formatDifference(difference, terminal.colour && terminal.outOnTerminal);
    await terminal.out(text);
    return flags.exitCode && difference.machines.length > 0 ? 1 : 0;
  } finally {
    await workshop.close();
  }
}

function notMade(site: string, count: number, reason: string): ProvisioningError {
  return new ProvisioningError('butane-failed', `${count} configs of ${site} could not be made: ${reason}`);
}

/** Two sites have files of the same names, so each place says which one it is in. */
function fail(error: unknown, site: string): never {
  if (!(error instanceof SiteFaults)) throw error;
  const directory = site.replace(/\/+$/, '');
  const documents = new Map([...error.documents].map(([path, text]) => [`${directory}/${path}`, text]));
  const diagnostics = error.diagnostics.map((diagnostic) => {
    const { origin } = diagnostic;
    return origin === undefined
      ? diagnostic
      : { ...diagnostic, origin: { ...origin, file: `${directory}/${origin.file}` } };
  });
  throw new SiteFaults(diagnostics, documents);
}

/** A difference as text: what was edited, then each patch under the machines that it is for. */
export function formatDifference(difference: Difference, colour: boolean): string {
  const { changes, machines, same, patches, patchesLeftOut } = difference;
  const lines = summarise(changes);
  for (const [index, patch] of patches.entries()) {
    lines.push(
      '',
      ...describe(
        machines.filter((machine) => machine.patch === index),
        colour,
      ),
    );
    lines.push(...colourPatch(patch, colour));
  }
  const unseen = machines.filter((machine) => machine.patch === undefined);
  if (unseen.length > 0) lines.push('', ...describe(unseen, colour));
  if (patchesLeftOut > 0) lines.push(`(${patchesLeftOut} differences are not shown)`);
  const total = same + machines.length;
  if (lines.length > 0) lines.push('');
  lines.push(`${machines.length} of ${total} combinations of profile and group get something else`);
  return `${lines.join('\n')}\n`;
}

function summarise({ settings, ...names }: Changes): string[] {
  const lines = Object.entries(names).flatMap(([what, changes]) =>
    Object.entries(changes)
      .filter(([, list]) => list.length > 0)
      .map(([how, list]) => `${what} ${how}: ${list.join(', ')}`),
  );
  return [...lines, ...(settings ? ['site.yaml changed'] : [])].map(printable);
}

/** Names in one heading. */
const SHOWN = 20;

function describe(machines: readonly MachineDifference[], colour: boolean): readonly string[] {
  const byChange = new Map<string, string[]>();
  for (const { profile, group, giving, change, what } of machines) {
    const who = [group, giving].filter((each) => each !== undefined).join(' with ');
    const names = byChange.get(change) ?? [];
    names.push(`${what === 'boot' ? 'boot of ' : ''}${who === '' ? profile : `${profile} (${who})`}`);
    byChange.set(change, names);
  }
  return [...byChange].map(([change, names]) => {
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return styled(printable(`${change}: ${names.slice(0, SHOWN).join(', ')}${more}`), 'bold', colour);
  });
}

/** The first lines of a patch only name its sides. */
function colourPatch(patch: string, colour: boolean): readonly string[] {
  const start = patch.indexOf('@@');
  const lines = start === -1 ? [] : patch.slice(start).trimEnd().split('\n');
  return lines.map((line) => {
    const shown = printable(line);
    if (line.startsWith('@@')) return styled(shown, 'cyan', colour);
    if (line.startsWith('+')) return styled(shown, 'blue', colour);
    return line.startsWith('-') ? styled(shown, 'red', colour) : shown;
  });
}
