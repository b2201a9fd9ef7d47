import assert from 'node:assert/strict';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Authority } from '../support/authority.ts';
import { createAuthority } from '../support/authority.ts';
import { eventually } from '../support/service.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

/** The status of an answer over TLS to a client that trusts one authority; rejects when the certificate is not its. */
async function statusOf(url: string, { caFile }: Authority): Promise<number | undefined> {
  const ca = await readFile(caFile);
  return await new Promise((fulfil, reject) => {
    get(url, { ca, agent: false }, (answer) => {
      answer.resume();
      fulfil(answer.statusCode);
    }).on('error', reject);
  });
}

const TLS_FAULT = 'a connection came to nothing: TLS';

test('the machine API speaks TLS, and takes a certificate that is renewed while it runs', async (t) => {
  const [first, second] = [await createAuthority(t), await createAuthority(t)];
  if (first === undefined || second === undefined) return;
  const folder = await scratchDirectory(t);
  const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const use = async ({ certFile, keyFile }: Authority) => {
    await copyFile(certFile, certificate);
    await copyFile(keyFile, key);
  };
  await use(first);
  const service = await startServiceProcess(t, {
    site: await writeSite(t, { 'profiles/web.bu': butaneProfile('flatcar', '1.1.0') }),
    flags: ['--tls-cert', certificate, '--tls-key', key],
  });
  if (service === undefined) return;
  const url = `${service.machine.replace(/^http:/, 'https:')}/ignition/web`;
  assert.equal(await statusOf(url, first), 200);
  await assert.rejects(statusOf(url, second));
  await assert.rejects(fetch(`${service.machine}/ignition/web`));
  const faults = () => service.log().flatMap(({ msg, fault }) => (msg === TLS_FAULT ? [String(fault)] : []));
  await eventually(() => faults().includes('ERR_SSL_HTTP_REQUEST'));
  const serving = service.log().find(({ msg }) => msg === 'serving');
  assert.match(String(serving?.publicUrl), /^https:/);

  const said = (message: string) => service.log().filter(({ msg }) => msg === message);
  const hangUp = async (message: string) => {
    const before = said(message).length;
    process.kill(service.pid, 'SIGHUP');
    await eventually(() => said(message).length > before);
  };
  // A key alone fits no certificate.
  await copyFile(second.keyFile, key);
  await hangUp('the certificate is at fault; the one before stays in use');
  assert.equal(await statusOf(url, first), 200);
  await rm(certificate);
  await hangUp('the certificate is at fault; the one before stays in use');
  assert.equal(await statusOf(url, first), 200);

  await use(second);
  await hangUp('the certificate was read again');
  assert.equal(await statusOf(url, second), 200);
  await assert.rejects(statusOf(url, first));
  assert.ok(!JSON.stringify(service.log()).includes('PRIVATE KEY'));
});
