import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { MATCHBOX_FLAGS, readMatchboxFlags } from '../../src/cli/matchbox-flags.ts';
import type { Environment } from '../../src/config.ts';
import { configFor, STOP_SECONDS } from '../support/deploy.ts';
import { requireProgram } from '../support/programs.ts';
import { scratchDirectory } from '../support/site.ts';

const run = promisify(execFile);

/** What `systemd-analyze security` gave last, in tenths; a change of the unit may make it smaller and never greater. */
const EXPOSURE = 12;

describe('The unit for systemd', () => {
  test('is one that systemd understands, with and without its drop-in', async (t) => {
    const unit = await installUnit(t);
    if (unit === undefined) return;
    for (const dropIn of [false, true]) {
      if (dropIn) {
        await mkdir(`${unit.path}.d`);
        await copyFile('deploy/systemd/operator.conf', join(`${unit.path}.d`, 'operator.conf'));
      }
      assert.equal(await outputOf(unit.analyze, 'verify', '--man=no', unit.path), '');
    }
  });

  test('is one too with the drop-in for a data directory of matchbox, whose settings matchbox has', async (t) => {
    const text = await readFile('deploy/systemd/matchbox.conf', 'utf8');
    const environment = environmentOfUnit(text);
    const flags = readMatchboxFlags([], environment);
    const { address, 'data-path': data, 'assets-path': assets } = flags.ok ? flags.values : assert.fail(flags.fault);
    assert.deepEqual([address, data, assets], ['0.0.0.0:8080', '/var/lib/matchbox', '/var/lib/matchbox/assets']);
    const names = MATCHBOX_FLAGS.map(({ name }) => `MATCHBOX_${name.toUpperCase().replaceAll('-', '_')}`);
    assert.deepEqual(
      Object.keys(environment).filter((name) => !names.includes(name)),
      [],
    );
    const unit = await installUnit(t);
    if (unit === undefined) return;
    await mkdir(`${unit.path}.d`);
    const dropIn = text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`);
    await writeFile(join(`${unit.path}.d`, 'matchbox.conf'), dropIn);
    assert.equal(await outputOf(unit.analyze, 'verify', '--man=no', unit.path), '');
  });

  test('leaves the service as little as it did', async (t) => {
    const unit = await installUnit(t);
    if (unit === undefined) return;
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`, unit.path];
    await run(unit.analyze, args).catch(({ stdout }) => assert.fail(`more than ${EXPOSURE / 10}:\n${stdout}`));
  });

  test('says what the service reads, and gives it longer to stop than it takes', async () => {
    const text = await readFile('deploy/systemd/pilotlight.service', 'utf8');
    const config = await configFor(environmentOfUnit(text));
    assert.equal(config.stateDir, '/var/lib/pilotlight');
    assert.equal(config.site, '/etc/pilotlight/site');
    assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]) > STOP_SECONDS);
    const operator = environmentOfUnit(await readFile('deploy/systemd/operator.conf', 'utf8'));
    assert.equal((await configFor(operator)).operatorTokenFile, '/run/credentials/pilotlight.service/operator-token');
  });
});

/** The unit where `systemd-analyze` may look at it, with the Node.js that this machine has. */
async function installUnit(t: TestContext): Promise<{ readonly analyze: string; readonly path: string } | undefined> {
  const analyze = requireProgram(t, 'systemd-analyze');
  if (analyze === undefined) return undefined;
  const path = join(await scratchDirectory(t), 'pilotlight.service');
  const text = await readFile('deploy/systemd/pilotlight.service', 'utf8');
  assert.match(
    text,
    /^ExecStart=\/usr\/bin\/node --no-sparkplug --expose-gc \/opt\/pilotlight\/dist\/main\.js serve$/m,
  );
  await writeFile(path, text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
  return { analyze, path };
}

async function outputOf(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return stdout + stderr;
}

/** The `Environment=` lines of a unit, with systemd's names for places put in. */
function environmentOfUnit(text: string): Environment {
  const lines = [...text.matchAll(/^Environment=([A-Z_]+)=(.*)$/gm)];
  const places = (value: string) =>
    value.replace('%S', '/var/lib').replace('%d', '/run/credentials/pilotlight.service');
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, places(value)]));
}
