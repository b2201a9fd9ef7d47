import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonValue } from '../../src/ignition/json.ts';
import { killAfterTest } from '../support/after-test.ts';
import { assertApplied } from '../support/applied-root.ts';
import type { AppliedRun, IgnitionRelease } from '../support/ignition-client.ts';
import { fetchAndApply, ignitionReleases } from '../support/ignition-client.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, eventually, startTestService, wrapButane } from '../support/service.ts';
import { EXAMPLE_SITE, scratchDirectory } from '../support/site.ts';

/** The newest spec that each release reads. */
const NEWEST_SPEC: Readonly<Record<IgnitionRelease, string>> = { 'debian-2.14': '3.3.0', 'module-2.27': '3.6.0' };

/** Every example profile as some machine asks for it, with a few files that have to be there, word for word. */
const BOOTS: readonly { readonly path: string; readonly files: Readonly<Record<string, string>> }[] = [
  { path: '/ignition/overlaybd', files: { 'etc/flatcar/enabled-sysext.conf': 'overlaybd\n' } },
  { path: '/ignition/overlaybd-containerd', files: { 'etc/flatcar/enabled-sysext.conf': 'overlaybd\n' } },
  {
    path: '/ignition?mac=52:54:00:a1:9c:ae&rack=r7',
    files: {
      'etc/hostname': 'node1\n',
      'etc/systemd/timesyncd.conf.d/10-ntp.conf': '[Time]\nNTP=10.7.0.1 10.7.0.2\n',
      'etc/flatcar/update.conf': 'REBOOT_STRATEGY=off\n',
    },
  },
  { path: '/ignition?mac=525400a19daf&rack=r7', files: { 'etc/hostname': 'node2\n' } },
  {
    path: '/ignition?mac=52-54-00-A1-9C-B0&role=gpu',
    files: {
      'etc/hostname': 'node3\n',
      'etc/systemd/timesyncd.conf.d/10-ntp.conf': '[Time]\nNTP=0.flatcar.pool.ntp.org 1.flatcar.pool.ntp.org\n',
    },
  },
  {
    path: '/ignition?role=stream',
    files: {
      'etc/flatcar/enabled-sysext.conf': 'overlaybd\n',
      'etc/overlaybd/cred.json': '{\n  "auths": {}\n}\n',
    },
  },
  { path: '/ignition/fcos', files: {} },
  { path: '/ignition?mode=rescue', files: {} },
];

for (const release of ignitionReleases) {
  suite(`Ignition ${release}`, { concurrency: false }, () => {
    test('applies every example profile', async (t) => {
      const service = await startTestService(t, { site: EXAMPLE_SITE });
      if (service === undefined) return;
      for (const { path, files } of BOOTS) {
        await t.test(path, async (t) => {
          const run = await fetchAndApply(t, release, { url: `${service.machine}${path}` });
          if (run === undefined) return;
          const accept = `application/vnd.coreos.ignition+json;version=${NEWEST_SPEC[release]}, */*;q=0.1`;
          const served = await ask(service.machine, path, { headers: { accept } });
          await assertBooted(run, JSON.parse(served.body.toString('utf8')), files);
          const digest = served.headers.etag?.replace(/^"sha512-|"$/g, '') ?? 'no ETag';
          assert.ok(run.output.includes(digest), 'Ignition prints the digest that the ETag and the log have');
        });
      }
    });

    test('waits for a service that starts 20 s late', async (t) => {
      const port = await freePort();
      const path = '/ignition?mac=52:54:00:a1:9c:ae&rack=r7';
      const booting = fetchAndApply(t, release, { url: `http://127.0.0.1:${port}${path}`, timeoutSeconds: 60 });
      await delay(20_000);
      const service = await startTestService(t, { site: EXAMPLE_SITE, listen: { host: '127.0.0.1', port } });
      const run = await booting;
      if (service === undefined || run === undefined) return;
      await assertBooted(run, undefined, { 'etc/hostname': 'node1\n' });
    });

    test('gets its config from a service that is killed in the middle and started again', async (t) => {
      const butane = requireProgram(t, 'butane');
      const hanging = await wrapButane(t, 'sleep 30');
      if (butane === undefined || hanging === undefined) return;
      const port = await freePort();
      const first = await startProcess(t, port, hanging);
      const url = `http://127.0.0.1:${port}/ignition?mac=52:54:00:a1:9c:ae&rack=r7`;
      const booting = fetchAndApply(t, release, { url, timeoutSeconds: 60 });
      await delay(1500);
      first.kill('SIGKILL');
      await once(first, 'exit');
      await delay(500);
      await startProcess(t, port, butane);
      const run = await booting;
      if (run !== undefined) await assertBooted(run, undefined, { 'etc/hostname': 'node1\n' });
    });

    test('gets its config from a service whose butane is slow', async (t) => {
      // Slower than Ignition's first tries are patient, but not than butane's own limit.
      const butane = await wrapButane(t, 'sleep 4');
      if (butane === undefined) return;
      const service = await startTestService(t, { site: EXAMPLE_SITE, butane });
      const url = `${service?.machine}/ignition/overlaybd`;
      const run = await fetchAndApply(t, release, { url, timeoutSeconds: 60 });
      if (run !== undefined) await assertBooted(run, undefined, { 'etc/flatcar/enabled-sysext.conf': 'overlaybd\n' });
    });
  });
}

async function assertBooted(
  run: AppliedRun,
  served: JsonValue | undefined,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  assert.equal(run.exitCode, 0, run.output);
  if (served !== undefined) await assertApplied(served, run.root);
  for (const [path, text] of Object.entries(files)) {
    assert.equal(await readFile(join(run.root, path), 'utf8'), text, path);
  }
}

/** The service in a process of its own, once it is ready; killed after the test. */
async function startProcess(t: TestContext, port: number, butane: string): Promise<ChildProcess> {
  const operatorPort = await freePort();
  const flags = ['--listen', `127.0.0.1:${port}`, '--operator-listen', `127.0.0.1:${operatorPort}`, '--butane', butane];
  const places = ['--site', EXAMPLE_SITE, '--state-dir', await scratchDirectory(t)];
  const child = spawn(process.execPath, [resolve('dist/main.js'), 'serve', ...flags, ...places], { stdio: 'ignore' });
  killAfterTest(t, child);
  await eventually(async () => {
    const answer = await ask(`http://127.0.0.1:${operatorPort}`, '/readyz').catch(() => undefined);
    return answer?.status === 200;
  });
  return child;
}
