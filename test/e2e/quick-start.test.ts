import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { afterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, assertProblem, eventually, wrapButane } from '../support/service.ts';
import { EXAMPLE_SITE, scratchDirectory } from '../support/site.ts';

const execute = promisify(execFile);

/** `npm start` with flags, once machines get answers; ended after the test. */
async function npmStart(t: TestContext, flags: readonly string[]) {
  const [port, operatorPort] = [await freePort(), await freePort()];
  const listeners = ['--listen', `127.0.0.1:${port}`, '--operator-listen', `127.0.0.1:${operatorPort}`];
  const args = ['start', '--', ...listeners, '--state-dir', await scratchDirectory(t), ...flags];
  // A group of its own, as a terminal gives every command.
  const child = spawn('npm', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const ended = once(child, 'exit');
  afterTest(t, async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // npm is not alone in its group; the service, which has one of its own, ends when its parent is gone.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
  const machine = `http://127.0.0.1:${port}`;
  const operator = `http://127.0.0.1:${operatorPort}`;
  const isReady = async () => {
    assert.equal(child.exitCode, null, printed);
    return (await ask(operator, '/readyz').catch(() => undefined))?.status === 200;
  };
  await eventually(isReady);
  return { child, ended, machine, operator, printed: () => printed };
}

/** A Ctrl-C reaches every process of the terminal's group at once. */
function pressCtrlC(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

test('npm start alone serves the example site, and Ctrl-C ends it in order', async (t) => {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return;
  const started = await npmStart(t, []);
  const { stdout: printed } = await execute(butane, ['--strict', join(EXAMPLE_SITE, 'profiles/overlaybd.bu')]);
  const answer = await ask(started.machine, '/ignition/overlaybd');
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), printed);
  assert.equal(answer.headers['content-type'], 'application/vnd.coreos.ignition+json; version=3.3.0');

  pressCtrlC(started.child.pid);
  const before = performance.now();
  await started.ended;
  assert.ok(performance.now() - before < 10_000);
  await assert.rejects(ask(started.machine, '/'), 'the port is free again');
  await eventually(() => started.printed().includes('"msg":"stopped"'));
});

test('npm start passes flags on, and a stop answers what is under way', async (t) => {
  const butane = await wrapButane(t, 'sleep 2');
  if (butane === undefined) return;
  const site = join(await scratchDirectory(t), 'my site');
  await cp(EXAMPLE_SITE, site, { recursive: true });
  await rm(join(site, 'groups'), { recursive: true });
  const started = await npmStart(t, ['--site', site, '--butane', butane, '--log-level', 'info']);
  await eventually(() => started.printed().includes('"groups":0'));

  const asked = ask(started.machine, '/ignition/overlaybd-containerd');
  await eventually(async () => JSON.parse((await ask(started.operator, '/v1/revision')).body.toString()).groups === 0);
  started.child.kill('SIGTERM');
  assert.equal((await asked).status, 200);
  await started.ended;
});

const FAULTS: readonly (readonly [title: string, args: readonly string[], code: number, says: RegExp])[] = [
  ['a site that does not exist', ['lint', '--site', '/nowhere/site'], 1, /the site directory \/nowhere\/site cannot/],
  ['a flag that does not exist', ['serve', '--sites', 'x'], 2, /unknown option '--sites'/],
  ['a command that does not exist', ['sevre'], 2, /unknown command 'sevre'/],
  ['no command', [], 2, /Usage: pilotlight/],
  ['a butane that does not exist', ['lint', '--site', EXAMPLE_SITE, '--butane', '/nowhere/butane'], 1, /install Go/],
  ['a listener that is none', ['serve', '--listen', '80'], 2, /--listen: must be HOST:PORT/],
  [
    'an open operator listener without a token',
    ['serve', '--operator-listen', '0.0.0.0:1'],
    2,
    /--operator-token-file is needed/,
  ],
];

for (const [title, args, code, says] of FAULTS) {
  test(`the command line says what is wrong with ${title}`, async () => {
    const run = execute(process.execPath, [resolve('dist/main.js'), ...args], { timeout: 20_000 });
    const {
      code: got,
      stdout,
      stderr,
    } = await run.then(
      () => assert.fail('should have failed'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    assert.equal(got, code, stderr);
    assert.equal(stdout, '', 'standard output is for results');
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /^\s+at /m, 'no stack');
  });
}

test('A start with a broken site ends with exit code 1 and every report', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const site = join(await scratchDirectory(t), 'site');
  await cp(EXAMPLE_SITE, site, { recursive: true });
  await rm(join(site, 'groups/node1.yaml'));
  await cp(join(site, 'groups/node2.yaml'), join(site, 'groups/node4.yaml'));
  await cp(join(site, 'profiles/fcos.bu'), join(site, 'profiles/UPPER.bu'));
  const ports = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0'];
  const run = execute(process.execPath, [resolve('dist/main.js'), 'serve', '--site', site, ...ports], {
    timeout: 20_000,
    cwd: await scratchDirectory(t),
  });
  const failed = await run.then(
    () => assert.fail('should have failed'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failed.code, 1);
  const { level, reports } = JSON.parse(failed.stderr.trim().split('\n').at(-1) ?? '');
  assert.equal(level, 60);
  assert.deepEqual(
    reports.map(({ file, line, message }: { file: string; line: number; message: string }) => [file, line, message]),
    [
      ['profiles/UPPER.bu', 1, '`UPPER` is no id'],
      ['groups/node4.yaml', 1, 'the group has the same selector as groups/node2.yaml'],
    ],
  );
});

test('A port that is taken is named, and what to do', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const started = await npmStart(t, []);
  const port = new URL(started.machine).port;
  const flags = ['--site', EXAMPLE_SITE, '--listen', `127.0.0.1:${port}`, '--operator-listen', '127.0.0.1:0'];
  const run = execute(process.execPath, [resolve('dist/main.js'), 'serve', ...flags], {
    timeout: 20_000,
    cwd: await scratchDirectory(t),
  });
  const { stderr } = await run.then(
    () => assert.fail('should have failed'),
    (error: { stderr: string }) => error,
  );
  assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there already`));
  assertProblem(await ask(started.machine, '/ignition'), 404, 'machine-unknown');
  started.child.kill('SIGTERM');
  await started.ended;
});

test('The package holds what an installed pilotlight needs, and the version is one', async () => {
  const { version, bin, files } = JSON.parse(await readFile('package.json', 'utf8'));
  const { stdout } = await execute(process.execPath, [resolve(bin.pilotlight), '--version']);
  assert.equal(stdout, `${version}\n`);
  assert.ok(files.includes('dist'));
  const changelog = await readFile('CHANGELOG.md', 'utf8');
  assert.ok(changelog.includes(version), 'the change log speaks of this version');
});

for (const [name, said] of [
  ['nope0', 'no interface has the name behind %, or it is down'],
  ['br_0', 'Node.js takes only letters, digits, dots and dashes in the name of an interface; give it another'],
] as const) {
  test(`an address of the link on ${name}, where nothing can listen, is told with what to do`, async (t) => {
    const butane = requireProgram(t, 'butane');
    if (butane === undefined) return;
    const listen = `[fe80::1%${name}]:8080`;
    const flags = ['--site', EXAMPLE_SITE, '--listen', listen, '--operator-listen', '127.0.0.1:0', '--butane', butane];
    const run = execute(process.execPath, [resolve('dist/main.js'), 'serve', ...flags], {
      timeout: 60_000,
      cwd: await scratchDirectory(t),
    });
    const { stderr } = await run.then(
      () => assert.fail('should have failed'),
      (error: { stderr: string }) => error,
    );
    assert.ok(stderr.includes(`cannot listen on ${listen}: ${said}`), stderr);
  });
}
