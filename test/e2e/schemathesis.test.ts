import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { afterTest } from '../support/after-test.ts';
import { startLoneService } from '../support/lone-service.ts';
import { requireProgram } from '../support/programs.ts';
import { EXAMPLE_SITE, scratchDirectory } from '../support/site.ts';

const execute = promisify(execFile);

const TOKEN = 'a-token-of-more-than-16-characters';

/** A run takes a quarter of this on two cores. */
const RUN_MS = 180_000;

/**
 * Has schemathesis ask everything that a document describes, and more, of a service that serves the example site. It
 * checks statuses, types, headers and bodies against the document, that what the document allows is accepted, that what
 * it does not allow is refused, and that nothing is 5xx. Which checks are off, and why, say the files in
 * tools/schemathesis.
 */
async function hold(t: TestContext, api: 'machine' | 'operator', document: string, token?: string): Promise<void> {
  const schemathesis = requireProgram(t, 'schemathesis');
  if (schemathesis === undefined || requireProgram(t, 'butane') === undefined) return;
  const scratch = await scratchDirectory(t);
  const tokenFile = join(scratch, 'token');
  await writeFile(tokenFile, token ?? '');
  const assets = await scratchDirectory(t);
  for (const name of ['vmlinuz', 'initrd.img']) await writeFile(join(assets, name), name);
  const service = await startLoneService({
    site: EXAMPLE_SITE,
    stateDir: join(scratch, 'state'),
    flags: ['--assets', assets, ...(token === undefined ? [] : ['--operator-token-file', tokenFile])],
  });
  afterTest(t, () => service.end());
  const file = join(scratch, 'openapi.yaml');
  await writeFile(file, document);
  const settings = await Promise.all(
    ['schemathesis.toml', `${api}.toml`].map((name) => readFile(join('tools/schemathesis', name), 'utf8')),
  );
  const configFile = join(scratch, 'schemathesis.toml');
  await writeFile(configFile, settings.join('\n'));
  const config = ['--config-file', configFile];
  const header = token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`];
  const args = [...config, '--no-color', 'run', file, '--url', service[api], ...header];
  // What it leaves behind, it leaves where it runs.
  const run = execute(schemathesis, args, { cwd: scratch, timeout: RUN_MS, maxBuffer: 64 * 1024 * 1024 });
  const { stdout } = await run.catch(({ stdout, stderr }: { stdout: string; stderr: string }) =>
    assert.fail(`schemathesis found faults:\n${stdout.slice(-20_000)}${stderr}`),
  );
  assert.match(stdout, /No issues found/);
  assert.ok(service.alive());
}

test('The machine API does what its OpenAPI document says, whatever it is asked', async (t) => {
  await hold(t, 'machine', await readFile('openapi/machine.yaml', 'utf8'));
});

test('The operator API with a token does what its OpenAPI document says, whatever it is asked', async (t) => {
  await hold(t, 'operator', await readFile('openapi/operator.yaml', 'utf8'), TOKEN);
});

test('The operator API without a token does the same but for the token, which nobody has to send', async (t) => {
  const { security: _, ...open } = parse(await readFile('openapi/operator.yaml', 'utf8'));
  await hold(t, 'operator', stringify(open));
});
