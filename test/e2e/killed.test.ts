import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterTest, killAfterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram, requireRoot } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { addToSite, butaneProfile, scratchDirectory } from '../support/site.ts';

const execute = promisify(execFile);

const KILLS = 50;

/** Numbers that look random and are the same at every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Two files of one edit. */
function edited(edit: number, isGood = true): Readonly<Record<string, string>> {
  const file = (part: string, content: string) =>
    `storage:\n  files:\n    - path: /etc/${part}\n      ${isGood ? 'mode' : 'mod'}: 0644\n      contents: { ${content} }\n`;
  return {
    'fragments/a.bu': file('a', `inline: "edit=${edit};"`),
    'fragments/b.bu': file('b', 'local: b'),
    'files/b': `edit=${edit};`,
  };
}

/** The edit that a config shows; fails on half of one. */
function editIn(body: Buffer): number {
  const found = [...decodeURIComponent(body.toString()).matchAll(/edit=(\d+);/g)].map(([, edit]) => Number(edit));
  assert.equal(found.length, 2, body.toString());
  assert.equal(found[0], found[1], `half of a revision: ${body}`);
  return found[0] ?? -1;
}

interface Started {
  readonly pid: number | undefined;
  readonly base: string;
  readonly kill: () => Promise<void>;
  readonly printed: () => string;
}

async function start(t: TestContext, flags: readonly string[]): Promise<Started> {
  const [port, operatorPort] = [await freePort(), await freePort()];
  const listeners = ['--listen', `127.0.0.1:${port}`, '--operator-listen', `127.0.0.1:${operatorPort}`];
  const child = spawn(process.execPath, [resolve('dist/main.js'), 'serve', ...flags, ...listeners], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  killAfterTest(t, child);
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid, base: `http://127.0.0.1:${port}`, kill, printed: () => printed };
}

test('A service that is killed at any moment serves what it served before, or what is newer and good', async (t) => {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return;
  const seed = 20_261_125;
  const random = createRandom(seed);
  const [site, state] = [await scratchDirectory(t), join(await scratchDirectory(t), 'state')];
  await addToSite(site, {
    'profiles/node.yaml': 'layers: [fragments/a.bu, fragments/b.bu]\nbutane: { variant: flatcar, version: 1.1.0 }\n',
    ...edited(0),
  });
  const flags = ['--site', site, '--state-dir', state, '--butane', butane];
  const good = new Set([0]);
  let edit = 0;
  /** The newest edit that any machine was given. */
  let served = 0;
  let worstMs = 0;

  const makeEdit = async () => {
    edit += 1;
    const isGood = random(2) === 0;
    if (isGood) good.add(edit);
    await addToSite(site, edited(edit, isGood));
  };
  const look = async (base: string): Promise<boolean> => {
    const answer = await ask(base, '/ignition/node').catch(() => undefined);
    if (answer?.status !== 200) return false;
    const shown = editIn(answer.body);
    assert.ok(good.has(shown), `a bad edit was served: ${shown}`);
    assert.ok(shown >= served, `edit ${served} was served before, and ${shown} after it`);
    served = shown;
    return true;
  };

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const startedAt = performance.now();
    const { base, kill: end } = await start(t, flags);
    try {
      // Now and then it is killed while it loads.
      if (kill > 1 && random(5) === 0) {
        await delay(random(500));
        continue;
      }
      await eventually(() => look(base));
      worstMs = Math.max(worstMs, performance.now() - startedAt);
      for (let edits = random(3); edits > 0; edits -= 1) {
        await makeEdit();
        const until = performance.now() + random(300);
        while (performance.now() < until) assert.ok(await look(base));
      }
    } finally {
      await end();
    }
  }
  t.diagnostic(
    `seed ${seed}: ${edit} edits, ${good.size} of them good; the slowest start took ${Math.round(worstMs)} ms`,
  );

  // In the end a good edit is served, and nothing is left of all the others.
  edit += 1;
  good.add(edit);
  await addToSite(site, edited(edit));
  const { pid, base, kill } = await start(t, flags);
  try {
    await eventually(async () => (await look(base)) && served === edit);
    const copies = (await readdir(state)).filter((name) => name.startsWith('pilotlight-files-'));
    assert.ok(
      copies.length > 0 && copies.every((name) => name.startsWith(`pilotlight-files-${pid}-`)),
      copies.join(' '),
    );
  } finally {
    await kill();
  }
});

const PROFILE = { 'profiles/web.bu': butaneProfile('flatcar', '1.1.0'), 'files/motd': 'hello\n' };

test('A state directory that cannot be written leaves everything in memory, with a warning', async (t) => {
  const site = await scratchDirectory(t);
  await addToSite(site, PROFILE);
  // Nobody, root included, makes a directory below a file.
  const file = join(await scratchDirectory(t), 'file');
  await writeFile(file, '');
  const service = await startServiceProcess(t, { site, stateDir: join(file, 'state') });
  if (service === undefined) return;
  assert.equal((await ask(service.machine, '/ignition/web')).status, 200);
  await eventually(() => service.log().some(({ msg }) => msg === 'the served revision cannot be kept on disk'));
  const fallback = service.log().find(({ msg }) => String(msg).includes('using a temporary one'));
  assert.equal(fallback?.reason, 'a part of the path is no directory');
  await addToSite(site, { 'profiles/more.bu': butaneProfile('flatcar', '1.1.0') });
  await eventually(async () => (await ask(service.machine, '/ignition/more')).status === 200);
  await service.stop();
});

/** Mounts a tiny file system; unmounted after the test. */
async function mountTiny(t: TestContext): Promise<string | undefined> {
  if (!requireRoot(t) || requireProgram(t, 'mount') === undefined) return undefined;
  const place = await mkdtemp(join(tmpdir(), 'pilotlight-tiny-'));
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', place]);
  afterTest(t, async () => {
    await execute('umount', ['--lazy', place]);
    await rmdir(place);
  });
  return place;
}

test('A disk that is full keeps no edit from going live, and is used again when there is room', async (t) => {
  const state = await mountTiny(t);
  if (state === undefined) return;
  const site = await scratchDirectory(t);
  await addToSite(site, { ...PROFILE, 'files/large': 'x'.repeat(100_000) });
  const service = await startServiceProcess(t, { site, stateDir: state });
  if (service === undefined) return;
  await eventually(async () => (await readdir(state)).includes('last-good.state'));
  await writeFile(join(state, 'ballast'), 'x'.repeat(1_000_000)).catch(() => undefined);

  await addToSite(site, { 'profiles/more.bu': butaneProfile('flatcar', '1.1.0'), 'files/large': 'y'.repeat(100_000) });
  await eventually(async () => (await ask(service.machine, '/ignition/more')).status === 200);
  await eventually(() => service.log().some(({ msg }) => msg === 'the served revision cannot be kept on disk'));
  assert.ok((await readdir(state)).includes('last-good.state'), 'what was kept before is still there');
  assert.ok(!(await readdir(state)).includes('last-good.partial'));
  await service.stop();

  await writeFile(join(state, 'ballast'), '');
  const again = await startServiceProcess(t, { site, stateDir: state });
  if (again === undefined) return;
  await eventually(async () => (await ask(again.machine, '/ignition/more')).status === 200);
  await again.stop();
});
