import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { afterTest } from '../support/after-test.ts';
import { expandBlocks, partsOf } from '../support/features.ts';
import { assertUnderSystemd } from '../support/flatcar-root.ts';
import { fetchAndApply, ignitionReleases } from '../support/ignition-client.ts';
import { startTestService } from '../support/service.ts';
import { scratchDirectory, writeSite } from '../support/site.ts';

/** What stands for the image of an extension: nobody looks into it here. */
const IMAGE = 'an image of an extension\n';
const HASH = `sha256-${createHash('sha256').update(IMAGE).digest('hex')}`;

/** The units of systemd-sysupdate as systemd has them, which Debian does not package, and what else they need. */
const SYSUPDATE: Readonly<Record<string, string>> = {
  'usr/lib/systemd/system/systemd-sysupdate.service':
    '[Service]\nType=simple\nExecStart=/usr/lib/systemd/systemd-sysupdate update\n',
  'usr/lib/systemd/system/systemd-sysupdate.timer': '[Timer]\nOnBootSec=15min\n\n[Install]\nWantedBy=timers.target\n',
  'usr/bin/sh': '#!/bin/sh\n',
};

test('a reboot is asked for when an update gave an extension another image, and an update that fails is one', async (t) => {
  const root = await scratchDirectory(t);
  const link = join(root, 'a.raw');
  const flag = join(root, 'reboot-required');
  const tool = join(root, 'systemd-sysupdate');
  const { units } = partsOf(expandBlocks('sysext: { bakery: [{ name: a, version: v1, update: true }] }'));
  const command = /^ExecStartPre=\/usr\/bin\/sh -c '(.*)'$/m.exec(
    Object(units['systemd-sysupdate.service']).dropins[0].contents,
  );
  const script = (command?.[1] ?? '')
    .replaceAll('$$', '$')
    .replaceAll('/etc/extensions/a.raw', link)
    .replaceAll('/run/reboot-required', flag)
    .replaceAll('/usr/lib/systemd/systemd-sysupdate', tool);
  const update = async (toolScript: string): Promise<readonly [number | null, boolean]> => {
    await writeFile(tool, `#!/bin/sh\n[ "$*" = "--component=a update" ] || exit 9\n${toolScript}\n`, { mode: 0o755 });
    const { status } = spawnSync('/bin/sh', ['-c', script]);
    return [status, existsSync(flag)];
  };
  await symlink('a-v1.raw', link);
  assert.deepEqual(await update('exit 0'), [0, false]);
  assert.deepEqual(await update('exit 4'), [4, false]);
  assert.deepEqual(await update(`ln -sfn a-v2.raw ${link}`), [0, true]);
});

for (const release of ignitionReleases) {
  suite(`Ignition ${release}`, { concurrency: false }, () => {
    test('fetches the images of extensions, and systemd takes what updates them', async (t) => {
      const server = await serveImages(t);
      const run = await boot(t, release, [
        `{ name: k9s, version: v0.50.9, source: "${server}k9s-v0.50.9-x86-64.raw", hash: ${HASH}, update: true }`,
        `{ name: kubernetes, version: v1.33.2, source: "${server}kubernetes-v1.33.2-x86-64.raw", hash: ${HASH}, update: patch }`,
      ]);
      if (run === undefined) return;
      assert.equal(run.exitCode, 0, run.output);
      for (const file of ['k9s-v0.50.9-x86-64', 'kubernetes-v1.33.2-x86-64']) {
        const name = file.split('-')[0];
        const path = `/opt/extensions/${name}/${file}.raw`;
        assert.equal(await readFile(join(run.root, path), 'utf8'), IMAGE);
        assert.equal(await readlink(join(run.root, `/etc/extensions/${name}.raw`)), path);
      }
      const transfer = await readFile(join(run.root, '/etc/sysupdate.kubernetes.d/kubernetes.conf'), 'utf8');
      assert.ok(transfer.includes(`\nPath=${server}\nMatchPattern=kubernetes-v1.33.@v-x86-64.raw\n`), transfer);
      const preset = await readFile(join(run.root, '/etc/systemd/system-preset/20-ignition.preset'), 'utf8');
      assert.match(preset, /^enable systemd-sysupdate\.timer$/m);
      for (const [path, text] of Object.entries(SYSUPDATE)) {
        await mkdir(dirname(join(run.root, path)), { recursive: true });
        await writeFile(join(run.root, path), text, { mode: path.startsWith('usr/bin/') ? 0o755 : 0o644 });
      }
      await assertUnderSystemd(t, run.root);
    });

    test('stops at an image that is not the one that was meant', async (t) => {
      const server = await serveImages(t);
      const wrong = `sha256-${'0'.repeat(64)}`;
      const run = await boot(t, release, [`{ name: k9s, version: v1, source: "${server}k9s.raw", hash: ${wrong} }`]);
      if (run === undefined) return;
      assert.notEqual(run.exitCode, 0);
      assert.match(run.output, /hash verification failed/);
    });
  });
}

async function boot(t: TestContext, release: (typeof ignitionReleases)[number], images: readonly string[]) {
  const profile = `features:\n  sysext:\n    bakery:\n${images.map((image) => `      - ${image}\n`).join('')}`;
  const service = await startTestService(t, { site: await writeSite(t, { 'profiles/a.yaml': profile }) });
  return service && (await fetchAndApply(t, release, { url: `${service.machine}/ignition/a` }));
}

/** A server that has the image under every name. */
async function serveImages(t: TestContext): Promise<string> {
  const server = createServer((_, response) => response.end(IMAGE)).listen(0, '127.0.0.1');
  afterTest(t, () => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/images/`;
}
