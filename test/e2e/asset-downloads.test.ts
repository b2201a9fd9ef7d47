import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectLeanClient } from '../../bench/lean-client.ts';
import { afterTest, killAfterTest } from '../support/after-test.ts';
import type { CrowdReport } from '../support/download-crowd-process.ts';
import { eventually, type LogLine } from '../support/service.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { butaneProfile, writeSite } from '../support/site.ts';

const FILE_MIB = 200;
const DOWNLOADS = 200;

/** What the project promises while all of them go on: MiB resident, and milliseconds for a machine's config. */
const MIB = 150;
const P99_MS = 100;

/** Configs are asked for so often: as machines do that boot, and not as fast as possible. */
const PAUSE_MS = 5;

/** Parts are downloaded for so long, and then the rest of the whole ones. */
const CROWD_MS = 15_000;

test('Two hundred downloads at once leave the service small, and configs quick', async (t) => {
  const site = await writeSite(t, { 'profiles/web.bu': butaneProfile('fcos', '1.5.0') });
  await mkdir(join(site, 'assets'));
  await writeFilled(join(site, 'assets/initrd.img'));
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  await eventually(() => service.log().some((line) => line.msg === 'the site was checked'));
  const { now: before } = await service.memory();

  // In a process of their own, so that they do not hold up the clock of the machine that is measured.
  const size = FILE_MIB * 1024 * 1024;
  const crowd = fork(resolve('build/test/support/download-crowd-process.js'), [
    `${service.machine}/assets/initrd.img`,
    ...[DOWNLOADS, size, CROWD_MS].map(String),
  ]);
  killAfterTest(t, crowd);
  const machine = await connectLeanClient(new URL(service.machine));
  afterTest(t, () => machine.close());
  let report: CrowdReport | undefined;
  crowd.on('message', (message: CrowdReport | { readonly begun: number }) => {
    if ('whole' in message) report = message;
  });
  const ended = once(crowd, 'exit');
  await Promise.race([once(crowd, 'message'), ended]);

  const startedAt = performance.now();
  const times: number[] = [];
  while (report === undefined && crowd.exitCode === null) {
    const askedAt = performance.now();
    await machine.get('/ignition/web');
    times.push(performance.now() - askedAt);
    await delay(PAUSE_MS);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await ended;
  assert.ok(report !== undefined, 'the downloads did not end');
  const { bytes, whole, parts, aborted } = report;
  const sorted = times.toSorted((a, b) => a - b);
  const p = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
  const { peak } = await service.memory();
  t.diagnostic(
    `${Math.round(bytes / 2 ** 20)} MiB in ${seconds.toFixed(1)} s: ${whole} whole, ${parts} parts, ${aborted} aborted`,
  );
  t.diagnostic(`MiB resident: ${Math.round(before)} before, at most ${Math.round(peak)}`);
  t.diagnostic(
    `${times.length} configs, ms: p50 ${p(0.5).toFixed(1)}, p99 ${p(0.99).toFixed(1)}, max ${p(1).toFixed(1)}`,
  );
  assert.ok(times.length > 100, `only ${times.length} configs were asked for meanwhile`);
  assert.ok(peak < MIB, `${peak} MiB`);
  assert.ok(p(0.99) < P99_MS, `p99 is ${p(0.99)} ms`);

  await eventually(() => downloads(service.log()).length === whole + parts + aborted);
  assert.equal(downloads(service.log()).filter((line) => line.gone === true).length, aborted);
  await eventually(() => service.log().some((line) => line.msg === 'asset' && line.asset === 'initrd.img'), 20_000);
});

function downloads(log: readonly LogLine[]): readonly LogLine[] {
  return log.filter((line) => line.msg === 'request' && line.route === '/assets/*');
}

/** A file whose blocks of 64 KiB begin with their place in it. */
async function writeFilled(path: string): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(64 * 1024, 'x');
  for (let place = 0; place < FILE_MIB * 1024 * 1024; place += block.length) {
    block.writeDoubleLE(place);
    await file.write(block);
  }
  await file.close();
}
