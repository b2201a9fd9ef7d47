import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { suite, type TestContext, test } from 'node:test';
import { type Machine, startMachine } from '../support/machine-root.ts';
import { type Tree, writeTree } from '../support/machine-tree.ts';
import { eventually } from '../support/service.ts';
import { readUnit } from '../support/unit-file.ts';

const UNITS = { shipped: '/usr/lib/systemd/system', own: '/etc/systemd/system' };

suite('A machine of the tests', () => {
  test('has the files of its tree under their absolute paths, and the programs that it is given', async (t) => {
    const machine = await boot(t, { '/etc/secret': { text: 'mine', mode: 0o600 }, '/usr/share/x/y': 'shipped' });
    if (machine === undefined) return;
    const script = 'cat /etc/secret /usr/share/x/y && ls -A /etc && /opt/own/program "$NAME"; touch /usr/share/x/z';
    const run = await machine.run({ argv: ['sh', '-c', script], env: { NAME: 'hello' } });
    assert.equal(run.stdout, 'mineshippedsecret\nhello\n');
    assert.match(run.stderr, /Read-only file system/);
    assert.notEqual(run.exitCode, 0);
    assert.equal((await stat(machine.path('/etc/secret'))).mode & 0o777, 0o600);
  });

  test('takes all that runs on it along when it ends, and its mounts', async (t) => {
    const pids: number[] = [];
    await t.test('with something that goes on', async (t) => {
      const machine = await boot(t, {});
      if (machine === undefined) return;
      await machine.start({ argv: ['sh', '-c', 'trap "" TERM; setsid sleep 1000 & wait'] });
      await eventually(async () => {
        const running = await machine.processes();
        pids.push(...running.map(({ pid }) => pid));
        return running.some(({ argv }) => argv.join(' ') === 'sleep 1000');
      });
    });
    for (const pid of pids) await assert.rejects(stat(`/proc/${pid}`), { code: 'ENOENT' });
    assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), /pilotlight-root/);
  });

  test('stops a program that it is told to stop', async (t) => {
    const machine = await boot(t, {});
    if (machine === undefined) return;
    const daemon = await machine.start({ argv: ['sleep', '1000'] });
    assert.ok(daemon.isUp());
    await daemon.stop();
    assert.ok(!daemon.isUp());
    await assert.rejects(stat(`/proc/${daemon.pid}`), { code: 'ENOENT' });
  });
});

suite('A unit that the tests run', () => {
  const service = (lines: readonly string[]) => `[Service]\n${lines.join('\n')}\n`;

  test('has the last ExecStart of the drop-ins in the order of their names, whichever folder they are in', async (t) => {
    const tree = await writeTree(t, {
      [`${UNITS.shipped}/a.service`]: service(['ExecStart=/first']),
      [`${UNITS.own}/a.service.d/90-z.conf`]: service(['ExecStart=', 'ExecStart=/ninety']),
      [`${UNITS.shipped}/a.service.d/10-b.conf`]: service(['ExecStart=', 'ExecStart=/ten']),
      [`${UNITS.shipped}/a.service.d/95-c.conf`]: service(['ExecStart=', 'ExecStart=/hidden']),
      [`${UNITS.own}/a.service.d/95-c.conf`]: service([]),
    });
    assert.deepEqual((await readUnit(tree, 'a.service')).commands.ExecStart, [['/ninety']]);
  });

  test('has its words, quotes and variables as systemd reads them', async (t) => {
    const tree = await writeTree(t, {
      '/etc/env': '# a comment\nFILED="from a file"\n',
      [`${UNITS.own}/a.service`]: service([
        'Environment=ONE=1 "TWO=two words"',
        'EnvironmentFile=/etc/env',
        'EnvironmentFile=-/etc/absent',
        'ExecCondition=/bin/test "a b" = \'a b\'',
        `ExecStart=-/bin/p \${ONE}x $TWO "\${TWO}" 100%% $$HOME \\`,
        `  \${FILED}`,
      ]),
    });
    const { commands, env } = await readUnit(tree, 'a.service');
    assert.deepEqual(env, { ONE: '1', TWO: 'two words', FILED: 'from a file' });
    assert.deepEqual(commands.ExecCondition, [['/bin/test', 'a b', '=', 'a b']]);
    const words = ['/bin/p', '1x', 'two', 'words', 'two words', '100%', '$HOME', 'from a file'];
    assert.deepEqual(commands.ExecStart, [words]);
  });
});

async function boot(t: TestContext, tree: Tree): Promise<Machine | undefined> {
  const disk = await writeTree(t, tree);
  return await startMachine(t, { tree: disk, programs: { '/opt/own/program': '/bin/echo' } });
}
