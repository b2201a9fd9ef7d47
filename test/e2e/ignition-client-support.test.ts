import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterTest } from '../support/after-test.ts';
import { fetchAndApply, fetchConfig, ignitionReleases } from '../support/ignition-client.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGSFwWGGoYIr2uGYXQpYoVRdFRN1vuQ4YqnWhNGGRzgT core@example';
const unit = '[Service]\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n';

const config = {
  ignition: { version: '3.3.0' },
  passwd: { users: [{ name: 'core', sshAuthorizedKeys: [key], groups: ['wheel'] }], groups: [{ name: 'wheel' }] },
  storage: { files: [{ path: '/etc/motd', mode: 0o640, contents: { source: 'data:,welcome%0A' } }] },
  systemd: {
    units: [
      {
        name: 'hello.service',
        enabled: true,
        contents: unit,
        dropins: [{ name: '10-restart.conf', contents: '[Service]\nRestart=no\n' }],
      },
    ],
  },
};

for (const release of ignitionReleases) {
  test(`Ignition ${release} sets a machine up from what a server answers`, async (t) => {
    const url = await listen(t, configServer());
    const run = await fetchAndApply(t, release, { url });
    if (run === undefined) return;
    assert.equal(run.exitCode, 0, run.output);
    const read = (path: string) => readFile(join(run.root, path), 'utf8');
    assert.equal(await read('etc/motd'), 'welcome\n');
    assert.equal((await stat(join(run.root, 'etc/motd'))).mode & 0o7777, 0o640);
    assert.equal(await read('etc/systemd/system/hello.service'), unit);
    assert.equal(await read('etc/systemd/system/hello.service.d/10-restart.conf'), '[Service]\nRestart=no\n');
    assert.match(await read('etc/systemd/system-preset/20-ignition.preset'), /^enable hello\.service$/m);
    assert.match(await read('etc/passwd'), /^core:/m);
    assert.match(await read('etc/group'), /^wheel:.*:core$/m);
    const keys = 'home/core/.ssh/authorized_keys.d/ignition';
    assert.ok((await read(keys)).includes(key));
    assert.equal((await stat(join(run.root, keys))).mode & 0o7777, 0o600);
  });

  test(`Ignition ${release} fetches a config without writing to the machine`, async (t) => {
    const url = await listen(t, configServer());
    const run = await fetchConfig(t, release, { url });
    if (run === undefined) return;
    assert.equal(run.exitCode, 0, run.output);
    assert.ok(run.config !== null && typeof run.config === 'object' && 'systemd' in run.config);
    assert.deepEqual(run.config.systemd, config.systemd);
  });

  test(`Ignition ${release} waits for a server that comes up late`, async (t) => {
    let ready = false;
    const url = await listen(
      t,
      configServer(() => ready),
    );
    const [run] = await Promise.all([
      fetchConfig(t, release, { url }),
      sleep(700).then(() => {
        ready = true;
      }),
    ]);
    if (run === undefined) return;
    assert.equal(run.exitCode, 0, run.output);
    assert.match(run.output, /attempt #2/);
  });

  test(`Ignition ${release} reports a refusal as a failure`, async (t) => {
    const url = await listen(
      t,
      createServer((_request, response) => response.writeHead(404).end()),
    );
    const run = await fetchConfig(t, release, { url });
    if (run === undefined) return;
    assert.notEqual(run.exitCode, 0);
    assert.equal(run.config, undefined);
  });

  test(`a test can end Ignition ${release} early`, async (t) => {
    const url = await listen(
      t,
      configServer(() => false),
    );
    const signal = AbortSignal.timeout(300);
    const outcome = await fetchConfig(t, release, { url, signal }).catch((error: unknown) => error);
    if (outcome === undefined) return;
    assert.equal(outcome, signal.reason);
  });
}

function configServer(isReady: () => boolean = () => true): Server {
  return createServer((_request, response) => {
    if (isReady()) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(config));
    else response.writeHead(503).end();
  });
}

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterTest(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = addressOf(server);
  return `http://127.0.0.1:${port}/config.ign`;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address;
}
