import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { isListening } from './containerd.ts';
import type { Machine, MachineDaemon } from './machine-root.ts';
import { eventually } from './service.ts';
import { readUnit } from './unit-file.ts';

/** How the commands of a unit ended. */
export interface UnitRun {
  /** That of the last command that ran. */
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Starts the real overlaybd-snapshotter as its unit says, with the machine's own config, and waits until it listens. It ends
 * with the machine. The kernel is not asked for anything until a container mounts a snapshot.
 */
export async function startSnapshotter(machine: Machine): Promise<MachineDaemon> {
  const { commands, env } = await readUnit(machine.path(''), 'overlaybd-snapshotter.service');
  const [argv] = commands.ExecStart;
  assert.ok(argv !== undefined, 'the unit of the snapshotter has an ExecStart');
  const { address } = JSON.parse(await readFile(machine.path('/etc/overlaybd-snapshotter/config.json'), 'utf8'));
  const daemon = await machine.start({ argv, env });
  await eventually(async () => {
    assert.ok(daemon.isUp(), `the snapshotter ended: ${daemon.printed()}`);
    return await isListening(machine.path(String(address)));
  });
  return daemon;
}

/**
 * Runs a unit of type oneshot: its conditions, then its commands until one fails. A condition that does not hold ends the
 * run with that exit code, as systemd skips the unit.
 */
export async function runUnit(machine: Machine, name: string): Promise<UnitRun> {
  const { commands, env } = await readUnit(machine.path(''), name);
  let output = '';
  let exitCode = 0;
  for (const argv of [...commands.ExecCondition, ...commands.ExecStartPre, ...commands.ExecStart]) {
    const run = await machine.run({ argv, env });
    output += run.stdout + run.stderr;
    exitCode = run.exitCode;
    if (exitCode !== 0) break;
  }
  return { exitCode, output };
}

/** Where overlaybd-tcmu would read the layers of an image from, and which. */
export interface LayerSource {
  readonly repoBlobUrl: string;
  readonly digests: readonly string[];
}

/** What the snapshotter wrote down for overlaybd-tcmu, for each snapshot that there is; the longest chain comes last. */
export async function layerSources(machine: Machine): Promise<readonly LayerSource[]> {
  const { root } = JSON.parse(await readFile(machine.path('/etc/overlaybd-snapshotter/config.json'), 'utf8'));
  const snapshots = machine.path(`${root}/snapshots`);
  const found: LayerSource[] = [];
  for (const name of await readdir(snapshots)) {
    const { repoBlobUrl, lowers } = JSON.parse(await readFile(`${snapshots}/${name}/block/config.v1.json`, 'utf8'));
    found.push({ repoBlobUrl, digests: lowers.map(({ digest }: { readonly digest: string }) => digest) });
  }
  return found.sort((one, other) => one.digests.length - other.digests.length);
}
