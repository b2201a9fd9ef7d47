import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { killAfterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import { scratchDirectory, writeSite } from '../support/site.ts';

const FILES = {
  'groups/g.json': '{"profile":"p","selector":{"a":"1"}}',
  'profiles/p.json': '{"id":"p","generic_id":"t"}',
  'generic/t': 'found',
  'assets/kernel': 'vmlinuz',
};

/** `pilotlight matchbox` in a process of its own, once it serves; undefined, and the test skipped, without butane. */
async function start(t: TestContext, flags: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return undefined;
  const site = await writeSite(t, FILES);
  const operatorPort = await freePort();
  const places = [`-data-path=${site}`, `--assets-path=${join(site, 'assets')}`];
  const child = spawn(process.execPath, [resolve('build/src/main.js'), 'matchbox', ...places, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      PILOTLIGHT_BUTANE: butane,
      PILOTLIGHT_STATE_DIR: await scratchDirectory(t),
      PILOTLIGHT_OPERATOR_LISTEN: `127.0.0.1:${operatorPort}`,
      ...environment,
    },
  });
  const ended = once(child, 'exit');
  killAfterTest(t, child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await eventually(() => log.includes('"msg":"serving"') || child.exitCode !== null);
  assert.equal(child.exitCode, null, log);
  return { child, ended, operator: `http://127.0.0.1:${operatorPort}`, log: () => log };
}

test('pilotlight matchbox serves a data directory with its assets, and ends when it is told to', async (t) => {
  const port = await freePort();
  const started = await start(t, [`-address=127.0.0.1:${port}`]);
  if (started === undefined) return;
  const base = `http://127.0.0.1:${port}`;
  assert.equal((await ask(base, '/')).body.toString(), 'matchbox\n');
  assert.equal((await ask(base, '/generic?a=1')).body.toString(), 'found');
  assert.equal((await ask(base, '/assets/kernel')).body.toString(), 'vmlinuz');
  assert.equal((await ask(started.operator, '/readyz')).status, 200);
  started.child.kill('SIGTERM');
  const [code] = await started.ended;
  assert.equal(code, 0);
});

test('The variables of matchbox stand in for flags, and no assets are served where none are wanted', async (t) => {
  const port = await freePort();
  const environment = {
    MATCHBOX_ADDRESS: `127.0.0.1:${port}`,
    MATCHBOX_LOG_LEVEL: 'warn',
    MATCHBOX_RPC_ADDRESS: '',
    PILOTLIGHT_METADATA: 'hetzner',
  };
  const started = await start(t, ['-assets-path=', '-log-level', 'info'], environment);
  if (started === undefined) return;
  const base = `http://127.0.0.1:${port}`;
  assert.equal((await ask(base, '/generic?a=1')).body.toString(), 'found');
  assert.equal((await ask(base, '/assets/kernel')).status, 404);
  assert.equal((await ask(base, '/hetzner/v1/userdata')).status, 404);
  assert.match(started.log(), /"dialects":\["hetzner"\],"msg":"a data directory of matchbox has no metadata services"/);
});

test('An address without a host is every address of the machine', async (t) => {
  const port = await freePort();
  const started = await start(t, [`-address=:${port}`]);
  if (started === undefined) return;
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ scopeid = 0 }) => scopeid === 0)
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
  assert.ok(addresses.includes('127.0.0.1'));
  for (const address of addresses) {
    assert.equal((await ask(`http://${address}:${port}`, '/')).status, 200, address);
  }
});

test('-web-ssl serves HTTPS with the certificate and key that are named', async (t) => {
  const openssl = requireProgram(t, 'openssl');
  if (openssl === undefined) return;
  const folder = await scratchDirectory(t);
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const subject = ['-subj', '/CN=boot.example', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  execFileSync(openssl, ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...subject], {
    stdio: 'ignore',
  });
  const port = await freePort();
  const flags = ['-web-ssl', `-web-cert-file=${certificate}`, `-web-key-file=${key}`, `-address=127.0.0.1:${port}`];
  const started = await start(t, flags);
  if (started === undefined) return;
  const ca = await readFile(certificate);
  const body = await new Promise<string>((fulfil, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/generic?a=1', ca, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => fulfil(text));
    });
    asked.on('error', reject);
    asked.end();
  });
  assert.equal(body, 'found');
  await assert.rejects(() => ask(`http://127.0.0.1:${port}`, '/generic?a=1'), 'nothing is served in plain text');
});
