import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { killAfterTest } from '../support/after-test.ts';
import { readContract } from '../support/contract.ts';
import { startRepository } from '../support/git.ts';
import { requireProgram } from '../support/programs.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';
import {
  ask,
  assertProblem,
  eventually,
  siteChecked,
  startLiveService,
  startTestService,
  wrapButane,
} from '../support/service.ts';
import { addToSite, butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

function profile(text: string): string {
  return butaneProfile('fcos', '1.5.0', text);
}

const BROKEN = `${profile('broken')}nonsense: true\n`;
const SITE = {
  'profiles/web.bu': profile('one'),
  'profiles/db.bu': profile('db'),
  'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }\n',
};

/** A service over a site of its own, checked. */
function live(
  t: TestContext,
  {
    files = SITE,
    ...options
  }: Partial<TestServiceOptions> & { readonly files?: Readonly<Record<string, string>> } = {},
) {
  return startLiveService(t, files, options);
}

/** What a machine gets, as text. */
async function configOf(service: TestService, path = '/ignition/web'): Promise<string> {
  const { status, body } = await ask(service.machine, path);
  assert.equal(status, 200, body.toString());
  return body.toString();
}

async function serves(service: TestService, text: string): Promise<void> {
  await eventually(async () => (await configOf(service)).includes(`data:,${text}`));
}

async function operator(service: TestService, path: string) {
  const { status, body } = await ask(service.operator, path);
  assert.equal(status, 200, body.toString());
  return JSON.parse(body.toString());
}

function reload(service: TestService, query = '') {
  return ask(service.operator, `/v1/reload${query}`, { method: 'POST' });
}

function logged(service: TestService, message: string): number {
  return service.log.filter(({ msg }) => msg === message).length;
}

async function refusedBecause(service: TestService, reason: string): Promise<void> {
  await eventually(async () => (await operator(service, '/v1/revision')).refused?.reason === reason);
}

describe('An edit of the site', { concurrency: true }, () => {
  test('is served soon after it was made, however it was made', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    const { site, service } = at;
    const file = join(site, 'profiles/web.bu');
    await writeFile(file, profile('written'));
    await serves(service, 'written');
    await writeFile(`${file}~`, profile('renamed'));
    await rename(`${file}~`, file);
    await serves(service, 'renamed');
    await unlink(file);
    await delay(300);
    await serves(service, 'renamed');
    await writeFile(file, profile('again'));
    await serves(service, 'again');
    await rename(site, `${site}-away`);
    await refusedBecause(service, 'invalid');
    await serves(service, 'again');
    await rename(`${site}-away`, site);
    await eventually(async () => (await operator(service, '/v1/revision')).refused === undefined);
    await writeFile(file, profile('back'));
    await serves(service, 'back');
  });

  test('is taken whole from a checkout of another branch', async (t) => {
    const git = requireProgram(t, 'git');
    const at = git && (await live(t));
    if (!git || !at) return;
    const { site, service } = at;
    const run = startRepository(git, site);
    await rm(join(site, 'profiles/web.bu'));
    await addToSite(site, {
      'profiles/web.yaml': 'layers: [fragments/web.bu]\nbutane: { variant: fcos, version: 1.5.0 }\n',
      'fragments/web.bu': profile('next').replace(/^(?:variant|version).*\n/gm, ''),
    });
    await serves(service, 'next');
    run('add', '.');
    run('commit', '--quiet', '-m', 'two');
    const before = new Date().toISOString();
    for (const [branch, text] of [
      ['main', 'one'],
      ['next', 'next'],
      ['main', 'one'],
    ] as const) {
      run('checkout', '--quiet', branch);
      await serves(service, text);
    }
    const { revisions } = await operator(service, '/v1/revisions');
    assert.ok(
      revisions.every(
        ({ at, outcome }: Readonly<Record<string, string>>) => outcome === 'served' || String(at) < before,
      ),
      JSON.stringify(revisions),
    );
  });

  test('that breaks something is refused, told of once, and served when it is repaired', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    const { site, service } = at;
    await addToSite(site, { 'profiles/web.bu': BROKEN, 'profiles/db.bu': profile('not yet') });
    await refusedBecause(service, 'breaks');
    await serves(service, 'one');
    assert.ok((await configOf(service, '/ignition/db')).includes('data:,db'));
    const { refused } = await operator(service, '/v1/revision');
    assert.deepEqual(refused.broken, [{ profile: 'web', group: 'a', reason: 'it does not render any more' }]);
    assert.equal(refused.reports[0].file ?? refused.reports[0].origin?.file, 'profiles/web.bu');
    await writeFile(join(site, 'profiles/web.bu'), BROKEN);
    await delay(500);
    assert.equal(logged(service, 'revision refused; the served one stays'), 1);
    assert.equal((await operator(service, '/v1/revision')).refused.since, refused.since);
    await addToSite(site, { 'profiles/web.bu': profile('repaired') });
    await serves(service, 'repaired');
    assert.equal((await operator(service, '/v1/revision')).refused, undefined);
    assert.ok((await configOf(service, '/ignition/db')).includes('not%20yet'));
  });

  test('that adds a link out of the site is refused', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    await symlink('/etc/passwd', join(at.site, 'profiles/passwd.bu'));
    await refusedBecause(at.service, 'invalid');
    await unlink(join(at.site, 'profiles/passwd.bu'));
    await eventually(async () => (await operator(at.service, '/v1/revision')).refused === undefined);
  });

  test('is noticed by looking where the file system tells nothing', async (t) => {
    const at = await live(t, { watch: 'poll' });
    if (at === undefined) return;
    await writeFile(join(at.site, 'profiles/web.bu'), profile('looked for'));
    await serves(at.service, 'looked%20for');
  });

  test('shows nothing of the site in the log', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    await writeFile(join(at.site, 'profiles/web.bu'), `${BROKEN}secret: correct-horse\n`);
    await refusedBecause(at.service, 'breaks');
    await writeFile(join(at.site, 'groups/a.yaml'), 'profile: [correct-horse');
    await refusedBecause(at.service, 'invalid');
    assert.ok(!JSON.stringify(at.service.log).includes('correct-horse'));
  });
});

describe('A reload that is asked for', { concurrency: true }, () => {
  test('is the only thing that takes an edit when nothing is watched', async (t) => {
    const at = await live(t, { watch: 'off' });
    if (at === undefined) return;
    const { site, service } = at;
    const promised = await readContract();
    const ofReload = async (query = '') => {
      const answer = await reload(service, query);
      promised('/v1/reload', answer, 'post');
      return answer;
    };
    await writeFile(join(site, 'profiles/web.bu'), profile('two'));
    await delay(500);
    await serves(service, 'one');
    const served = JSON.parse((await ofReload()).body.toString());
    assert.equal(served.outcome, 'served');
    await serves(service, 'two');
    const again = JSON.parse((await ofReload('?force=false')).body.toString());
    assert.deepEqual(again, { outcome: 'unchanged', revision: served.revision });

    await writeFile(join(site, 'profiles/web.bu'), BROKEN);
    assert.match(assertProblem(await ofReload(), 409, 'revision-refused'), /would not render any more \(1\)/);
    await serves(service, 'two');
    const refused = (await operator(service, '/v1/revision')).refused.id;

    const difference = await ask(service.operator, '/v1/diff');
    promised('/v1/diff', difference);
    const { from, to, machines, patches } = JSON.parse(difference.body.toString());
    assert.deepEqual([from, to, machines.length, patches.length], [served.revision, refused, 1, 1]);
    assert.equal(machines[0].change, 'breaks');
    const same = await operator(service, `/v1/diff?from=${refused}&to=${refused}`);
    assert.deepEqual([same.machines[0]?.change, same.machines.length, same.same], ['stays-broken', 1, 1]);
    assertProblem(await ask(service.operator, '/v1/diff?from=0'), 404, 'revision-not-found');
    assertProblem(await ask(service.operator, '/v1/diff?form=0'), 400, 'request-invalid');

    const forced = await ofReload('?force=true');
    assert.equal(JSON.parse(forced.body.toString()).revision, refused);
    assertProblem(await ask(service.machine, '/ignition/web'), 503, 'profile-broken');
    const revisions = await ask(service.operator, '/v1/revisions');
    promised('/v1/revisions', revisions);
    const records = JSON.parse(revisions.body.toString()).revisions;
    assert.deepEqual(
      records.map(({ outcome, forced, comparable }: Record<string, unknown>) => [outcome, forced, comparable]),
      [
        ['served', true, true],
        ['refused', false, true],
        ['served', false, true],
        ['served', false, true],
      ],
    );

    await writeFile(join(site, 'groups/a.yaml'), 'profile: [');
    for (const query of ['', '?force=true']) {
      assert.match(assertProblem(await ofReload(query), 409, 'revision-refused'), /concern all of it/);
    }
    const revision = await ask(service.operator, '/v1/revision');
    promised('/v1/revision', revision);
    assert.equal(JSON.parse(revision.body.toString()).id, refused);
  });

  test('is refused when it is asked for wrongly', async (t) => {
    const at = await live(t, { watch: 'off' });
    if (at === undefined) return;
    for (const query of ['?force=1', '?force=', '?force=TRUE', '?forced=true', '?force=true&force=false']) {
      assertProblem(await reload(at.service, query), 400, 'request-invalid');
    }
    assert.equal((await ask(at.service.operator, '/v1/reload')).status, 404);
    assertProblem(await ask(at.service.machine, '/v1/reload', { method: 'POST' }), 404, 'route-not-found');
  });

  test('tells all who ask at the same time', async (t) => {
    const at = await live(t, { watch: 'off' });
    if (at === undefined) return;
    await writeFile(join(at.site, 'profiles/web.bu'), profile('two'));
    const answers = await Promise.all(Array.from({ length: 30 }, () => reload(at.service)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(logged(at.service, 'revision served'), 2);
  });

  test('cannot find out while butane fails, is no refusal, and is tried again', async (t) => {
    const mark = join(await scratchDirectory(t), 'fails');
    const butane = await wrapButane(t, `case "$text" in *moody*) if [ -e '${mark}' ]; then exit 7; fi;; esac`);
    const at = butane && (await live(t, { watch: 'off', butane }));
    if (!at) return;
    await writeFile(mark, '');
    await writeFile(join(at.site, 'profiles/web.bu'), profile('moody'));
    assert.match(assertProblem(await reload(at.service), 503, 'not-ready'), /could not be (?:checked|made)/);
    assert.equal((await operator(at.service, '/v1/revision')).refused, undefined);
    await serves(at.service, 'one');
    await unlink(mark);
    await serves(at.service, 'moody');
  });

  test('comes with SIGHUP as well', async (t) => {
    const butane = requireProgram(t, 'butane');
    if (butane === undefined) return;
    const site = await writeSite(t, SITE);
    const flags = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0', '--watch', 'off'];
    const places = ['--site', site, '--state-dir', await scratchDirectory(t), '--butane', butane];
    const child = spawn(process.execPath, [resolve('build/src/main.js'), 'serve', ...flags, ...places], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    killAfterTest(t, child);
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const base = () => /"machineAddress":"([^"]+)"/.exec(printed)?.[1];
    const config = async () => {
      const address = base();
      return address === undefined ? '' : (await ask(`http://${address}`, '/ignition/web')).body;
    };
    await eventually(async () => {
      assert.equal(child.exitCode, null, printed);
      return (await config()).includes('data:,one');
    });
    await writeFile(join(site, 'profiles/web.bu'), profile('two'));
    await delay(300);
    assert.ok((await config()).includes('data:,one'));
    for (const text of ['two', 'three']) {
      await writeFile(join(site, 'profiles/web.bu'), profile(text));
      child.kill('SIGHUP');
      await eventually(async () => (await config()).includes(`data:,${text}`));
    }
    for (let times = 0; times < 20; times += 1) child.kill('SIGHUP');
    await eventually(async () => (await config()).includes('data:,three'));
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  });
});

/** Starts a service over a site and a state directory that both stay, and stops it once its state is kept. */
async function keepOnce(t: TestContext) {
  const site = await writeSite(t, SITE);
  const stateDir = await scratchDirectory(t);
  const at = await live(t, { site, stateDir });
  if (at === undefined) return undefined;
  await at.service.close();
  assert.deepEqual(await readdir(stateDir), ['last-good.state']);
  const again = async (options: Partial<TestServiceOptions> = {}) => {
    const service = await startTestService(t, { site, stateDir, ...options });
    assert.ok(service !== undefined);
    return service;
  };
  return { site, stateDir, again };
}

describe('A restart', { concurrency: true }, () => {
  test('serves what was served last, without any work for butane, and then the site', async (t) => {
    const at = await keepOnce(t);
    if (at === undefined) return;
    const service = await at.again();
    await serves(service, 'one');
    assert.equal(service.log.find(({ msg }) => msg === 'revision served')?.source, 'state');
    await eventually(async () => (await operator(service, '/v1/revision')).source === 'site');
    await writeFile(join(at.site, 'profiles/web.bu'), profile('two'));
    await serves(service, 'two');
  });

  test('goes on with the last good one while the site is broken, does not parse, or is gone', async (t) => {
    const at = await keepOnce(t);
    if (at === undefined) return;
    const states: readonly (readonly [reason: string, edit: () => Promise<void>])[] = [
      ['breaks', () => writeFile(join(at.site, 'profiles/web.bu'), BROKEN)],
      ['invalid', () => writeFile(join(at.site, 'groups/a.yaml'), 'profile: [')],
      ['invalid', () => rename(at.site, `${at.site}-gone`)],
    ];
    for (const [reason, edit] of states) {
      await edit();
      const service = await at.again();
      await serves(service, 'one');
      await refusedBecause(service, reason);
      const revision = await operator(service, '/v1/revision');
      assert.equal(revision.source, 'state');
      assert.equal((await ask(service.operator, '/readyz')).status, 200);
      await service.close();
    }
    await rename(`${at.site}-gone`, at.site);
    await addToSite(at.site, { ...SITE, 'profiles/web.bu': profile('good again') });
    const service = await at.again();
    await serves(service, 'good%20again');
  });

  test('keeps a revision that was served by force', async (t) => {
    const at = await keepOnce(t);
    if (at === undefined) return;
    await addToSite(at.site, { 'profiles/web.bu': BROKEN, 'profiles/db.bu': profile('forced') });
    const service = await at.again({ watch: 'off' });
    await refusedBecause(service, 'breaks');
    assert.equal((await reload(service, '?force=true')).status, 200);
    await service.close();
    const next = await at.again();
    assert.ok((await configOf(next, '/ignition/db')).includes('data:,forced'));
    await siteChecked(next);
    assert.equal((await operator(next, '/v1/revision')).refused, undefined);
  });

  test('with another butane makes every config anew', async (t) => {
    const at = await keepOnce(t);
    const counter = join(await scratchDirectory(t), 'runs');
    const butane = await wrapButane(t, `echo run >> '${counter}'`);
    if (at === undefined || butane === undefined) return;
    const service = await at.again({ butane });
    await serves(service, 'one');
    await siteChecked(service);
    assert.equal((await readFile(counter, 'utf8')).trim().split('\n').length, 2);
    await service.close();
    await (await at.again({ butane })).close();
    assert.equal((await readFile(counter, 'utf8')).trim().split('\n').length, 2, 'and keeps what that one made');
  });

  test('takes the site when what was kept is damaged, and says so', async (t) => {
    const at = await keepOnce(t);
    if (at === undefined) return;
    const file = join(at.stateDir, 'last-good.state');
    const mkfifo = requireProgram(t, 'mkfifo');
    const good = await readFile(file);
    const damages: readonly (() => Promise<void> | void)[] = [
      () => writeFile(file, good.subarray(0, good.length / 2)),
      () => writeFile(file, ''),
      () => writeFile(file, good.toString('latin1').replace('state 1', 'state 2'), 'latin1'),
      async () => {
        await rm(file);
        if (mkfifo !== undefined) execFileSync(mkfifo, [file]);
      },
    ];
    for (const damage of damages) {
      await damage();
      const service = await at.again();
      await serves(service, 'one');
      assert.equal(logged(service, 'what was kept of the last revision cannot be used'), 1);
      assert.equal((await operator(service, '/v1/revision')).source, 'site');
      await siteChecked(service);
      await service.close();
      const healed = await at.again();
      assert.equal(logged(healed, 'what was kept of the last revision cannot be used'), 0);
      await healed.close();
    }
  });

  test('with damaged state and a site that does not parse ends with the faults of the site', async (t) => {
    const at = await keepOnce(t);
    if (at === undefined) return;
    await writeFile(join(at.stateDir, 'last-good.state'), 'x');
    await writeFile(join(at.site, 'groups/a.yaml'), 'profile: [');
    await assert.rejects(at.again(), { code: 'site-invalid' });
  });

  test('leaves nothing of files/ behind', async (t) => {
    const site = await writeSite(t, { ...SITE, 'files/etc/motd': 'hi' });
    const stateDir = await scratchDirectory(t);
    const at = await live(t, { site, stateDir });
    if (at === undefined) return;
    await writeFile(join(site, 'files/etc/motd'), 'another');
    await eventually(() => logged(at.service, 'revision served') === 2);
    await at.service.close();
    assert.deepEqual(await readdir(stateDir), ['last-good.state']);
  });
});

describe('A state directory that cannot be written', { concurrency: true }, () => {
  test('keeps no machine from its config and no edit from being served', async (t) => {
    const blocked = join(await scratchDirectory(t), 'file');
    await writeFile(blocked, '');
    const at = await live(t, { stateDir: join(blocked, 'state') });
    if (at === undefined) return;
    await eventually(() => logged(at.service, 'the served revision cannot be kept on disk') > 0);
    await writeFile(join(at.site, 'profiles/web.bu'), profile('two'));
    await serves(at.service, 'two');
  });
});

test('A butane that is replaced while the service runs makes what is new from then on', async (t) => {
  const butane = await wrapButane(t, ': first');
  const template =
    'butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /n, contents: { inline: "{{ labels.say }}" } }] } }';
  const at =
    butane &&
    (await live(t, {
      butane,
      files: { ...SITE, 'profiles/echo.yaml': template, 'groups/b.yaml': 'profile: echo\nmatch: { say: x }' },
    }));
  if (!at) return;
  assert.ok((await configOf(at.service, '/ignition/echo?say=before')).includes('data:,before'));
  const script = (await readFile(butane, 'utf8')).replace(
    ': first',
    'text=$(printf %s "$text" | sed s/after/replaced/)',
  );
  await writeFile(`${butane}.next`, script, { mode: 0o755 });
  await rename(`${butane}.next`, butane);
  assert.ok((await configOf(at.service, '/ignition/echo?say=after')).includes('data:,replaced'));
  assert.equal(logged(at.service, 'butane was replaced'), 1);
  await writeFile(join(at.site, 'profiles/web.bu'), profile('two'));
  await serves(at.service, 'two');
});
