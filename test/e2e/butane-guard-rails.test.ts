import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openButane } from '../../src/butane/butane-process.ts';
import { afterTest } from '../support/after-test.ts';
import {
  misbehavingButane,
  realButane,
  refused,
  rejectsWith,
  SECRET,
  temporaryDirectory,
  translate,
} from '../support/butanes.ts';
import { requireProgram } from '../support/programs.ts';
import { eventually } from '../support/service.ts';

/** Waits until a process is gone; true when it went in time. */
async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      process.kill(pid, 0);
      if (/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}

const CRASHES = [`storage: { files: [ &t { path: /a }, { <<: *t, {}: "${SECRET}" } ] }`, `<<: {}\n[]: "${SECRET}"`];

const FAILURES = [
  { title: 'writes a result without end', script: 'exec cat /dev/zero', reason: 'it wrote too much to stdout' },
  { title: 'writes a report without end', script: 'exec cat /dev/zero >&2', reason: 'it wrote too much to stderr' },
  { title: 'is killed', script: 'kill -9 $$', reason: 'it was killed by SIGKILL' },
  { title: 'crashes', script: 'cat >&2; echo >&2; echo "panic: x" >&2; exit 2', reason: 'it crashed (exit code 2)' },
  { title: 'does not know its arguments', script: 'cat >&2; exit 2', reason: 'exit code 2' },
  {
    title: 'fails without a word',
    script: 'cat >/dev/null; exit 1',
    reason: 'butane failed without a reason: exit code 1',
  },
  {
    title: 'cannot write its result',
    script: 'echo "Failed to write config to /dev/stdout: x" >&2; exit 1',
    reason: 'exit code 1',
  },
];

for (const helper of [false, true]) {
  suite(helper ? 'started by a helper' : 'started directly', () => {
    for (const document of CRASHES) {
      test(`a crash of butane is our fault and quotes nothing: ${document.split('\n')[0]?.slice(0, 40)}`, async (t) => {
        const butane = await realButane(t, { helper });
        if (butane === undefined) return;
        const error = await rejectsWith(
          'butane-failed',
          translate(butane, `variant: fcos\nversion: 1.5.0\n${document}\n`),
        );
        assert.equal(error.message, 'butane failed: it crashed (exit code 2)');
        assert.deepEqual(butane.load(), { running: 0, queued: 0 });
      });
    }

    test('a document that would take all memory is stopped at the limit', async (t) => {
      if (requireProgram(t, 'prlimit') === undefined) return;
      const butane = await realButane(t, { helper, memoryBytes: 160 * 1024 * 1024, wallMs: 30_000 });
      if (butane === undefined) return;
      const aliases = Array.from({ length: 99 }, () => '*r').join(', ');
      const files = Array.from({ length: 99 }, (_, index) => `{ path: /f${index}, append: *ap }`).join(', ');
      const file = `{ path: /a, append: &ap [ &r { inline: "${'A'.repeat(1000)}" }, ${aliases} ] }`;
      const source = `variant: fcos\nversion: 1.5.0\nstorage: { files: [ ${file}, ${files} ] }\n`;
      await rejectsWith('butane-failed', translate(butane, source));
    });

    test('a document over the limit is refused without asking butane', async (t) => {
      const butane = await misbehavingButane(t, 'exit 3', { helper, inputBytes: 10 });
      const result = refused(await translate(butane, 'ääääää'));
      assert.match(result.failure, /12 bytes, and 10 are allowed/);
      assert.deepEqual(result.entries, [{ severity: 'error', message: result.failure }]);
    });

    test('a butane that takes too long is stopped in time, with all that it started', async (t) => {
      const directory = await temporaryDirectory(t);
      const pidFile = join(directory, 'pid');
      const butane = await misbehavingButane(t, `sleep 60 & echo $! > ${pidFile}; wait`, { helper, wallMs: 300 });
      const startedAt = performance.now();
      const error = await rejectsWith('render-timeout', translate(butane, SECRET));
      assert.match(error.message, /300 ms/);
      assert.ok(performance.now() - startedAt < 3000);
      assert.ok(await isGone(Number(await readFile(pidFile, 'utf8'))));
    });

    test('a process that outlives butane and holds its output does not hold us', async (t) => {
      const directory = await temporaryDirectory(t);
      const pidFile = join(directory, 'pid');
      const butane = await misbehavingButane(t, `sleep 60 & echo $! > ${pidFile}; echo '{}'; exit 0`, { helper });
      const startedAt = performance.now();
      const translation = await translate(butane, '');
      assert.ok(translation.ok);
      assert.equal(translation.ignition, '{}\n');
      assert.ok(performance.now() - startedAt < 3000);
      assert.ok(await isGone(Number(await readFile(pidFile, 'utf8'))));
    });

    for (const { title, script, reason } of FAILURES) {
      test(`a butane that ${title} has failed, and the error quotes nothing`, async (t) => {
        const butane = await misbehavingButane(t, script, { helper, wallMs: 10_000 });
        const error = await rejectsWith('butane-failed', translate(butane, SECRET));
        assert.ok(error.message.endsWith(reason), error.message);
      });
    }

    test('a butane that does not read its input is judged by its exit code', async (t) => {
      const butane = await misbehavingButane(t, 'exec <&-; echo "Error translating config: no" >&2; exit 1', {
        helper,
      });
      assert.equal(refused(await translate(butane, 'a'.repeat(1_000_000))).failure, 'no');
    });

    test('butane sees one variable of our environment and stands in the root directory', async (t) => {
      const directory = await temporaryDirectory(t);
      const path = join(directory, 'butane');
      const program =
        "process.stdout.write(JSON.stringify([process.env, process.cwd(), process.argv.slice(2)]) + '\\n');";
      await writeFile(path, `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
      const butane = await openButane(path, { helper, memoryBytes: 0 });
      afterTest(t, () => butane.close());
      const translation = await butane.translate({ source: '', strict: true, filesDir: directory });
      assert.ok(translation.ok);
      assert.deepEqual(JSON.parse(translation.ignition), [
        { GOMAXPROCS: '1' },
        '/',
        ['--strict', '--raw', '--raw-errors', '--files-dir', directory],
      ]);
    });

    test('the queue has an end', async (t) => {
      const butane = await misbehavingButane(t, 'sleep 0.2; echo "{}"', { helper, concurrency: 1, maxQueued: 2 });
      const taken = [translate(butane, ''), translate(butane, ''), translate(butane, '')];
      assert.deepEqual(butane.load(), { running: 1, queued: 2 });
      await rejectsWith('queue-full', translate(butane, ''));
      for (const translation of await Promise.all(taken)) assert.ok(translation.ok);
      assert.ok((await translate(butane, '')).ok);
    });

    test('closing lets what runs end, and refuses the rest', async (t) => {
      const began = join(await temporaryDirectory(t), 'began');
      const script = `touch '${began}'; sleep 0.2; echo "{}"`;
      const butane = await misbehavingButane(t, script, { helper, concurrency: 1, closeMs: 5000 });
      const running = translate(butane, '');
      await eventually(() => existsSync(began));
      const queued = rejectsWith('not-ready', translate(butane, ''));
      await Promise.all([butane.close(), butane.close()]);
      assert.ok((await running).ok);
      await queued;
      await rejectsWith('not-ready', translate(butane, ''));
    });

    test('closing kills what does not end', async (t) => {
      const butane = await misbehavingButane(t, 'sleep 60', { helper, wallMs: 60_000, closeMs: 100 });
      const running = rejectsWith('not-ready', translate(butane, ''));
      const startedAt = performance.now();
      await butane.close();
      await running;
      assert.ok(performance.now() - startedAt < 3000);
    });
  });
}

/** The processes that are children of one, and theirs. */
function descendants(pid: number): readonly number[] {
  const children = readdirSync('/proc').filter((name) => parentOf(name) === pid);
  return children.flatMap((child) => [Number(child), ...descendants(Number(child))]);
}

/** The parent of a process by what stands after its name, which may hold anything; undefined for what is no process. */
function parentOf(pid: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return undefined;
  }
}

test('a helper that dies is a failure of what it did, and there is another one for what comes', async (t) => {
  const butane = await misbehavingButane(t, 'sleep 60', { helper: true, wallMs: 60_000 });
  const lost = rejectsWith('butane-failed', translate(butane, SECRET));
  const sleeps = (pid: number) => descendants(pid).some((each) => commandOf(each).includes('sleep 60'));
  const findHelper = (but = 0) =>
    descendants(process.pid).find((pid) => pid !== but && commandOf(pid).includes('spawner') && sleeps(pid));
  const helper = await eventuallyOne(() => findHelper());
  process.kill(helper, 'SIGKILL');
  assert.match((await lost).message, /the process that starts it has ended/);
  const again = rejectsWith('not-ready', translate(butane, SECRET));
  await eventuallyOne(() => findHelper(helper));
  await butane.close(0);
  await again;
});

test('translations of a helper are batch work to the scheduler', async (t) => {
  if (requireProgram(t, 'chrt') === undefined) return;
  const butane = await misbehavingButane(t, "cut -d ' ' -f 41 /proc/self/stat", { helper: true });
  const translation = await translate(butane, '');
  // 3 is SCHED_BATCH; see sched(7) and proc_pid_stat(5).
  assert.equal(translation.ok && translation.ignition, '3\n');
});

test('nothing outlives a service that is killed outright', async (t) => {
  const directory = await temporaryDirectory(t);
  const butane = await misbehavingButane(t, 'exec sleep 61');
  const program = `
    const { openButane } = await import(${JSON.stringify(import.meta.resolve('../../src/butane/butane-process.js'))});
    const butane = await openButane(${JSON.stringify(butane.identity.path)}, { helper: true, wallMs: 60_000 });
    await butane.translate({ source: '', strict: false });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: directory, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const sleeping = await eventuallyOne(() => descendants(pid).find((each) => commandOf(each).includes('sleep 61')));
  const all = descendants(pid);
  child.kill('SIGKILL');
  for (const each of [sleeping, ...all]) assert.ok(await isGone(each), commandOf(each));
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function eventuallyOne(find: () => number | undefined): Promise<number> {
  let found: number | undefined;
  await eventually(() => {
    found = find();
    return found !== undefined;
  });
  return found ?? 0;
}

test('a butane that is not there, or cannot be run, is told apart', async (t) => {
  const directory = await temporaryDirectory(t);
  await rejectsWith('butane-missing', openButane(join(directory, 'butane')));
  await writeFile(join(directory, 'text'), 'no program');
  const error = await rejectsWith('butane-failed', openButane(join(directory, 'text')));
  assert.match(error.message, /EACCES/);
});
