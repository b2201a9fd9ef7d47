import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { describeMachine, readMachine } from './applied-machine.ts';
import { CONTAINERD_UNIT } from './flatcar-tree.ts';
import { requireProgram } from './programs.ts';

/** Units that Flatcar and its overlaybd extension have, as far as their text matters to drop-ins and to order. */
const UNITS: Readonly<Record<string, string>> = {
  'containerd.service': CONTAINERD_UNIT,
  'overlaybd-tcmu.service': daemon('/usr/local/overlaybd/bin/overlaybd-tcmu'),
  'overlaybd-snapshotter.service': daemon('/usr/local/overlaybd/snapshotter/overlaybd-snapshotter'),
};

function daemon(program: string): string {
  return `[Unit]
DefaultDependencies=no
After=network.target local-fs.target

[Service]
Type=simple
Restart=always
RestartSec=1s
KillMode=process
OOMScoreAdjust=-999
ExecStart=${program}

[Install]
WantedBy=multi-user.target
`;
}

/** What the extension has copied at boot where there is nothing yet. */
const TMPFILES = `d /etc/overlaybd 0755 root root -
C /etc/overlaybd/overlaybd.json - - - - /usr/local/overlaybd/etc/overlaybd.json
d /etc/overlaybd-snapshotter 0755 root root -
C /etc/overlaybd-snapshotter/config.json - - - - /usr/local/overlaybd/snapshotter/etc/config.json
d /opt/overlaybd 0755 root root -
L /opt/overlaybd/cred.json - - - - /usr/local/overlaybd/cred.json
L /opt/overlaybd/snapshotter - - - - /usr/local/overlaybd/snapshotter
`;

const PROGRAMS = [
  '/usr/bin/containerd',
  '/usr/sbin/update-ca-certificates',
  '/usr/lib/systemd/systemd-sysupdate',
  '/usr/local/overlaybd/bin/overlaybd-tcmu',
  '/usr/local/overlaybd/snapshotter/overlaybd-snapshotter',
  '/usr/local/overlaybd/snapshotter/ctr',
];

/**
 * Fails unless the real systemd takes every unit and drop-in of a machine without a word, and leaves its files as they are
 * when the extension's own are laid out.
 */
export async function assertUnderSystemd(t: TestContext, root: string): Promise<void> {
  const analyze = requireProgram(t, 'systemd-analyze');
  const tmpfiles = analyze && requireProgram(t, 'systemd-tmpfiles');
  if (analyze === undefined || tmpfiles === undefined) return;
  const before = describeMachine(await readMachine(root));
  const names = (await readdir(join(root, 'etc/systemd/system')).catch(() => []))
    .map((name) => name.replace(/\.d$/, ''))
    .filter((name) => /\.(?:service|mount|timer|target)$/.test(name));
  await layOut(root);
  if (names.length > 0) assert.deepEqual(await verifyUnits(analyze, root, names), { code: 0, stderr: '' });
  const created = await run(tmpfiles, ['--create', `--root=${root}`, 'overlaybd.conf']);
  assert.deepEqual(created, { code: 0, stderr: '' });
  const after = new Map((await readMachine(root)).map((leaf) => [leaf.path, describeMachine([leaf])]));
  for (const part of before.split(/\n(?=\/)/)) {
    const path = part.split(' ', 1)[0] ?? '';
    assert.equal(after.get(path)?.trimEnd(), part.trimEnd());
  }
}

/** What systemd says about units below a root. */
export function verifyUnits(analyze: string, root: string, names: readonly string[]) {
  return run(analyze, ['verify', '--man=no', `--root=${root}`, ...new Set(names)]);
}

/** Lays out, below the root of a machine, what Flatcar has there for its units. */
export async function layOut(root: string): Promise<void> {
  await cp('/usr/lib/systemd/system', join(root, 'usr/lib/systemd/system'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const write = async (path: string, text: string, mode = 0o644) => {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text, { mode });
  };
  for (const [name, text] of Object.entries(UNITS)) await write(`/usr/lib/systemd/system/${name}`, text);
  for (const program of PROGRAMS) await write(program, '#!/bin/sh\n', 0o755);
  await write('/usr/lib/tmpfiles.d/overlaybd.conf', TMPFILES);
  await write('/usr/local/overlaybd/etc/overlaybd.json', '{ "shipped": true }\n');
  await write('/usr/local/overlaybd/snapshotter/etc/config.json', '{ "shipped": true }\n');
  await write('/usr/local/overlaybd/cred.json', '{}\n');
}

async function run(
  file: string,
  args: readonly string[],
): Promise<{ readonly code: unknown; readonly stderr: string }> {
  try {
    const { stderr } = await promisify(execFile)(file, args, { timeout: 20_000 });
    return { code: 0, stderr };
  } catch (error) {
    if (!(error instanceof Error) || !('stderr' in error) || !('code' in error)) throw error;
    return { code: error.code, stderr: String(error.stderr) };
  }
}
