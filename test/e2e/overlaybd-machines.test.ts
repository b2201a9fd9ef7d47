import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { describeMachine, readMachine } from '../support/applied-machine.ts';
import { assertUnderSystemd, layOut, verifyUnits } from '../support/flatcar-root.ts';
import { fetchAndApply, ignitionReleases } from '../support/ignition-client.ts';
import { requireProgram } from '../support/programs.ts';
import { startTestService } from '../support/service.ts';
import { scratchDirectory, writeSite } from '../support/site.ts';

const MACHINES = resolve('test/machines');
const names = readdirSync(MACHINES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The first release with what the ones before it have not; see the table of releases. */
const RELEASES = ['4459', '4593', '4694', '4790'];
const MODES = ['proxy', 'cri-default', 'cri-runtime'];
const BASES = ['flatcar', 'nvidia', 'bakery'];

test('there is a machine for every mode, base and class of releases', () => {
  const wanted = RELEASES.flatMap((release) => [
    `none-${release}`,
    ...MODES.flatMap((mode) => BASES.map((base) => `${mode}-${base}-${release}`)),
  ]);
  assert.equal(wanted.length, 40);
  assert.deepEqual(
    wanted.filter((name) => !names.includes(name)),
    [],
  );
});

test('systemd refuses a second command, and names a key that it does not know', async (t) => {
  const analyze = requireProgram(t, 'systemd-analyze');
  if (analyze === undefined) return;
  const root = await scratchDirectory(t);
  await layOut(root);
  const dropin = join(root, 'etc/systemd/system/containerd.service.d/90-overlaybd.conf');
  await mkdir(dirname(dropin), { recursive: true });
  await writeFile(dropin, '[Service]\nExecStart=/usr/bin/containerd\n');
  const twice = await verifyUnits(analyze, root, ['containerd.service']);
  assert.match(twice.stderr, /more than one ExecStart/);
  await writeFile(dropin, '[Service]\nExecStop2=/usr/bin/containerd\n');
  const unknown = await verifyUnits(analyze, root, ['containerd.service']);
  assert.match(unknown.stderr, /Unknown key/);
});

for (const release of ignitionReleases) {
  suite(`Ignition ${release} sets up what is expected`, { concurrency: false }, async () => {
    for (const name of names) {
      test(name, async (t) => {
        const folder = join(MACHINES, name);
        const profile = await readFile(join(folder, 'profile.yaml'));
        const service = await startTestService(t, { site: await writeSite(t, { 'profiles/machine.yaml': profile }) });
        if (service === undefined) return;
        const run = await fetchAndApply(t, release, { url: `${service.machine}/ignition/machine` });
        if (run === undefined) return;
        assert.equal(run.exitCode, 0, run.output);
        const found = describeMachine(await readMachine(run.root));
        const expected = join(folder, 'machine.txt');
        if (process.env.UPDATE_GOLDEN && !process.env.CI) {
          await writeFile(expected, found);
          t.skip('UPDATE_GOLDEN wrote what it expects: read the changes, then run it again without');
          return;
        }
        assert.ok(existsSync(expected), `${expected} is missing`);
        assert.equal(found, await readFile(expected, 'utf8'));
        if (release === 'module-2.27') await assertUnderSystemd(t, run.root);
      });
    }
  });
}
