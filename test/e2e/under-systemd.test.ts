import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { afterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram, requireRoot } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import { scratchDirectory } from '../support/site.ts';

const run = promisify(execFile);

const TOKEN = 'a-token-of-more-than-16-characters';

test('The service runs under its unit, with all of its restrictions', async (t) => {
  const service = await bootUnit(t);
  if (service === undefined) return;
  const { machine, operator, isUp } = service;
  await eventually(isUp);

  await t.test('and answers machines with what butane makes of the site', async () => {
    // This one reads files/, of which butane gets a copy in the state directory.
    const answer = await ask(machine, '/ignition/fcos');
    assert.equal(answer.status, 200, answer.body.toString());
    assert.equal((await ask(operator, '/v1/revision')).status, 401);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const revision = await ask(operator, '/v1/revision', { headers });
    assert.equal(JSON.parse(revision.body.toString()).faults, 0);
  });

  await t.test('as a user that exists only meanwhile, without privileges', async () => {
    const status = await readFile(`/proc/${await service.main()}/status`, 'utf8');
    const fields = new Map(status.split('\n').map((line) => [line.split(':')[0], line.split(/\s+/)[1]]));
    const user = Number(fields.get('Uid'));
    assert.ok(user >= 61_184 && user <= 65_519, `${user} is in systemd’s range for dynamic users`);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(fields.get(set) ?? '', /^0+$/);
    assert.deepEqual([fields.get('NoNewPrivs'), fields.get('Seccomp')], ['1', '2']);
  });

  await t.test('with a helper that is still bounded and batch work', async () => {
    const helper = await service.process('spawner-child-process.js');
    assert.match(await readFile(`/proc/${helper}/limits`, 'utf8'), /^Max data size +536870912 +536870912 /m);
    const SCHED_BATCH = 3;
    const fields = (await readFile(`/proc/${helper}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    assert.equal(Number(fields[38]), SCHED_BATCH);
  });

  await t.test('where only its own places can be written, and nothing in them can be executed', async () => {
    const attempts = {
      'touch /etc/x': false,
      'touch /opt/pilotlight/x': false,
      'touch /var/x': false,
      'touch /var/lib/pilotlight/x': true,
      'cp /bin/true /tmp/t': true,
      '/tmp/t': false,
      'cp /bin/true /var/lib/pilotlight/t': true,
      '/var/lib/pilotlight/t': false,
    };
    const main = await service.main();
    for (const [command, allowed] of Object.entries(attempts)) {
      const works = run('nsenter', ['--target', String(main), '--mount', 'sh', '-c', command]);
      assert.equal(
        await works.then(
          () => true,
          () => false,
        ),
        allowed,
        command,
      );
    }
  });

  await t.test('and comes back when it is killed', async () => {
    const first = await service.main();
    process.kill(first, 'SIGKILL');
    await eventually(async () => (await isUp()) && (await service.main()) !== first);
    assert.equal((await ask(machine, '/ignition/overlaybd')).status, 200);
  });
});

/** Boots the unit in a systemd of its own; undefined when the test is skipped. */
async function bootUnit(t: TestContext) {
  if (!requireRoot(t)) return undefined;
  for (const program of ['butane', 'unshare', 'nsenter', 'systemd'] as const) {
    if (requireProgram(t, program) === undefined) return undefined;
  }
  const scratch = await scratchDirectory(t);
  const [port, operatorPort] = [await freePort(), await freePort()];
  const settings = { LISTEN: `127.0.0.1:${port}`, OPERATOR_LISTEN: `127.0.0.1:${operatorPort}` };
  const lines = Object.entries(settings).map(([name, value]) => `PILOTLIGHT_${name}=${value}\n`);
  await writeFile(join(scratch, 'environment'), lines.join(''));
  await writeFile(join(scratch, 'operator-token'), `${TOKEN}\n`, { mode: 0o600 });
  await mkdir(join(scratch, 'log'));
  const nested = spawn('sh', ['test/support/nested-systemd.sh', scratch, process.execPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [nested.stdout, nested.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const ended = once(nested, 'exit');
  afterTest(t, async () => {
    nested.kill('SIGTERM');
    await ended;
  });
  const [machine, operator] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${operatorPort}`];
  const logged = () => readFile(join(scratch, 'log/stderr'), 'utf8').catch(() => '');
  const find = async (part: string) => {
    let found: readonly number[] = [];
    // A child that has not become another program yet looks like its parent.
    await eventually(async () => {
      found = await descendants(Number(nested.pid), part);
      return found.length === 1;
    }).catch(async () => assert.fail(`${part}: ${found}\n${printed}\n${await logged()}`));
    return Number(found[0]);
  };
  return {
    machine,
    operator,
    async isUp() {
      assert.equal(nested.exitCode, null, `${printed}\n${await logged()}`);
      return (await ask(operator, '/readyz').catch(() => undefined))?.status === 200;
    },
    process: find,
    main: () => find('/opt/pilotlight/dist/main.js'),
  };
}

/** The processes below one whose command line has this part. */
async function descendants(root: number, part: string): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  const commands = new Map<number, string>();
  for (const name of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    const read = (file: string) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    parents.set(Number(name), Number((await read('stat')).replace(/^.*\) /, '').split(' ')[1]));
    commands.set(Number(name), await read('cmdline'));
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === root || (parent !== undefined && parent > 0 && isBelow(parent));
  };
  return [...commands].flatMap(([pid, command]) => (command.includes(part) && isBelow(pid) ? [pid] : []));
}
