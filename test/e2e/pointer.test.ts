import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ENCODINGS, type Encoding } from '../../src/pointer/encode.ts';
import { isPlatform, PLATFORM_IDS, platformOf } from '../../src/pointer/platforms.ts';
import { afterTest } from '../support/after-test.ts';
import { type Authority, createAuthority } from '../support/authority.ts';
import { runCommand } from '../support/command.ts';
import { fetchConfig, type IgnitionRelease, type IgnitionRun, ignitionReleases } from '../support/ignition-client.ts';
import { translate } from '../support/ignition-merge.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, startTestService, type TestService } from '../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

const SECRET = 'Bearer correct-horse-battery-staple';

/** The newest spec that a release reads. The profile is newer than what 2.14 reads. */
const READS: Readonly<Record<IgnitionRelease, string>> = { 'debian-2.14': '3.3.0', 'module-2.27': '3.6.0' };
const PROFILE = butaneProfile('flatcar', '1.1.0', 'the final config');

const DECODERS: Readonly<Record<Encoding, (text: string) => string>> = {
  plain: (text) => text,
  base64: (text) => Buffer.from(text, 'base64').toString(),
  'gzip+base64': (text) => gunzipSync(Buffer.from(text, 'base64')).toString(),
};

interface Stage {
  readonly site: string;
  readonly authority: Authority;
  readonly service: TestService;
  /** Where machines reach the service. */
  readonly url: string;
  readonly headerFile: string;
}

/** A service that speaks TLS with a certificate of an authority that no machine knows. */
async function setStage(t: TestContext, tls = true): Promise<Stage | undefined> {
  const authority = await createAuthority(t);
  if (authority === undefined) return undefined;
  const site = await writeSite(t, { 'profiles/web.bu': PROFILE });
  const service = await startTestService(t, { site, watch: 'off', ...(tls ? { tls: authority } : {}) });
  if (service === undefined) return undefined;
  const headerFile = join(await scratchDirectory(t), 'header');
  await writeFile(headerFile, `${SECRET}\n`, { mode: 0o600 });
  return { site, authority, service, url: service.machine.replace('http:', 'https:'), headerFile };
}

/** The pointer that the command prints. */
async function pointerOf(stage: Stage, ...flags: readonly string[]): Promise<string> {
  const { code, out, err } = await runCommand([
    ...['pointer', 'web', '--site', stage.site, '--public-url', stage.url, '--label', 'rack=r7', ...flags],
  ]);
  assert.equal(code, 0, err);
  assert.ok(!err.includes('correct-horse'));
  return out;
}

/** Boots a machine that has the pointer as its user data. */
function boot(t: TestContext, release: IgnitionRelease, pointer: string): Promise<IgnitionRun | undefined> {
  return fetchConfig(t, release, { url: `data:;base64,${Buffer.from(pointer).toString('base64')}` });
}

function assertConfigured(run: IgnitionRun): void {
  assert.equal(run.exitCode, 0, run.output);
  assert.match(JSON.stringify(run.config), /the%20final%20config/);
}

describe('on every platform', () => {
  for (const id of PLATFORM_IDS) {
    test(`the pointer for ${id} is read without a word, also by old releases, and is within the limit`, async (t) => {
      const old = requireProgram(t, 'ignition-validate-2.14');
      if (old === undefined) return;
      const newest = requireProgram(t, 'ignition-validate');
      if (newest === undefined) return;
      const authority = await createAuthority(t);
      if (authority === undefined) return;
      const validators: readonly string[] = [old, newest];
      assert.ok(isPlatform(id));
      const { encodings, limit } = platformOf(id);
      const header = join(await scratchDirectory(t), 'header');
      await writeFile(header, SECRET);
      const site = await writeSite(t, { 'profiles/web.bu': PROFILE });
      for (const [version, ...flags] of [
        ['3.0.0'],
        ['3.0.0', '--ca', authority.caFile, '--merge'],
        ['3.1.0', '--ca', authority.caFile, '--header', `Authorization=${header}`],
      ]) {
        for (const encoding of encodings) {
          const { code, out, err } = await runCommand([
            ...['pointer', 'web', '--site', site, '--public-url', 'https://boot.example', '--platform', id],
            ...['--encoding', encoding, ...flags],
          ]);
          assert.equal(code, 0, err);
          const config = DECODERS[encoding](out);
          assert.equal(JSON.parse(config).ignition.version, version);
          assert.ok(limit === undefined || Buffer.byteLength(limit.of === 'config' ? config : out) <= limit.bytes);
          for (const reports of await Promise.all(validators.map((each) => validate(each, config)))) {
            assert.equal(reports, '');
          }
        }
      }
      assert.ok(encodings.every((encoding) => ENCODINGS.includes(encoding)));
    });
  }

  test('an older spec than the one that is claimed would lose the header', async (t) => {
    const stage = await setStage(t);
    const validator = stage && requireProgram(t, 'ignition-validate');
    if (stage === undefined || validator === undefined) return;
    const { authority, headerFile } = stage;
    const pointer = await pointerOf(stage, '--ca', authority.caFile, '--header', `Authorization=${headerFile}`);
    const older = pointer.replace('"3.1.0"', '"3.0.0"');
    assert.match(await validate(validator, older), /unused key httpHeaders/i);
  });
});

describe('Butane', () => {
  for (const variant of ['flatcar', 'fcos']) {
    test(`of ${variant} comes to the same pointer`, async (t) => {
      const stage = await setStage(t);
      const butane = stage && requireProgram(t, 'butane');
      if (stage === undefined || butane === undefined) return;
      const { authority, headerFile } = stage;
      for (const flags of [
        [],
        ['--merge', '--http-total', '0'],
        ['--pin', '--ca', authority.caFile, '--header', `Authorization=${headerFile}`],
      ]) {
        const { ignition } = JSON.parse(await pointerOf(stage, ...flags));
        const text = await pointerOf(stage, ...flags, '--format', 'butane', '--variant', variant);
        const translated = await translate(butane, text, await scratchDirectory(t));
        assert.ok(translated.ok, translated.ok ? '' : translated.report);
        const { version, ...rest } = JSON.parse(translated.output).ignition;
        assert.deepEqual({ version: ignition.version, ...rest }, ignition);
        if (variant === 'fcos') assert.equal(version, ignition.version);
      }
    });
  }
});

for (const release of ignitionReleases) {
  const spec = ['--spec', READS[release]];
  describe(`Ignition ${release}`, () => {
    test('follows a pointer over https with the authority and the pin to the config', async (t) => {
      const stage = await setStage(t);
      if (stage === undefined) return;
      const pointer = await pointerOf(stage, '--ca', stage.authority.caFile, '--pin', ...spec);
      const run = await boot(t, release, pointer);
      if (run === undefined) return;
      assertConfigured(run);
      const line = stage.service.log.find(({ msg }) => msg === 'request');
      assert.equal(`sha512-${line?.sha512}`, JSON.parse(pointer).ignition.config.replace.verification.hash);
    });

    test('sends the header, and keeps nothing of it after a replace', async (t) => {
      const stage = await setStage(t, false);
      if (stage === undefined) return;
      const gate = { ...stage, url: await openGate(t, stage) };
      const flags = ['--ca', stage.authority.caFile, '--pin', ...spec];
      const withHeader = [...flags, '--header', `Authorization=${stage.headerFile}`];
      const run = await boot(t, release, await pointerOf(gate, ...withHeader));
      const merged = run && (await boot(t, release, await pointerOf(gate, ...withHeader, '--merge')));
      const without = merged && (await boot(t, release, await pointerOf(gate, ...flags)));
      if (run === undefined || merged === undefined || without === undefined) return;
      assertConfigured(run);
      assert.ok(!JSON.stringify(run.config).includes(SECRET));
      assertConfigured(merged);
      assert.ok(JSON.stringify(merged.config).includes(SECRET));
      assert.notEqual(without.exitCode, 0);
      assert.equal(without.config, undefined);
    });

    test('stops at a config that is not the one of the pin', async (t) => {
      const stage = await setStage(t);
      if (stage === undefined) return;
      const pointer = await pointerOf(stage, '--ca', stage.authority.caFile, '--pin', ...spec);
      await writeFile(join(stage.site, 'profiles/web.bu'), PROFILE.replace('final', 'exchanged'));
      assert.equal((await ask(stage.service.operator, '/v1/reload', { method: 'POST' })).status, 200);
      const run = await boot(t, release, pointer);
      if (run === undefined) return;
      assert.notEqual(run.exitCode, 0);
      assert.match(run.output, /hash verification failed/);
      assert.equal(run.config, undefined);
    });

    test('does not get the config with another authority or none, and gives up in the time that it was given', async (t) => {
      const stage = await setStage(t);
      const other = stage && (await createAuthority(t));
      if (stage === undefined || other === undefined) return;
      for (const flags of [['--ca', other.caFile], []]) {
        const started = performance.now();
        const run = await boot(t, release, await pointerOf(stage, ...flags, '--http-total', '1'));
        if (run === undefined) return;
        assert.notEqual(run.exitCode, 0);
        assert.match(run.output, /certificate signed by unknown authority/);
        assert.equal(run.config, undefined);
        assert.ok(performance.now() - started < 10_000, 'it did not wait for the 20 seconds of the harness');
      }
      assert.ok(!stage.service.log.some(({ msg }) => msg === 'request'));
    });
  });
}

test('A pin without --spec stops a client that reads no spec as new as the profile', async (t) => {
  const stage = await setStage(t);
  if (stage === undefined) return;
  const pointer = await pointerOf(stage, '--ca', stage.authority.caFile, '--pin');
  const run = await boot(t, 'debian-2.14', pointer);
  const newer = run && (await boot(t, 'module-2.27', pointer));
  if (run === undefined || newer === undefined) return;
  assert.match(run.output, /hash verification failed/);
  assertConfigured(newer);
});

/** A server before the service that lets nobody through without the header, as a proxy that authenticates does. */
async function openGate(t: TestContext, { service, authority }: Stage): Promise<string> {
  const [cert, key] = await Promise.all([readFile(authority.certFile), readFile(authority.keyFile)]);
  const server = createServer({ cert, key }, (request, response) => {
    if (request.headers.authorization !== SECRET) {
      response.writeHead(401).end('no\n');
      return;
    }
    const headers = { Accept: String(request.headers.accept), 'User-Agent': String(request.headers['user-agent']) };
    void ask(service.machine, request.url ?? '/', { headers }).then(({ status, body }) =>
      response.writeHead(status).end(body),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  afterTest(t, () => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `https://127.0.0.1:${address.port}`;
}

/** What Ignition's own validator says of a config: nothing for one without faults. */
function validate(program: string, config: string): Promise<string> {
  return new Promise((fulfil) => {
    const child = execFile(program, ['-'], (_error, stdout, stderr) => fulfil(stdout + stderr));
    child.stdin?.end(config);
  });
}
