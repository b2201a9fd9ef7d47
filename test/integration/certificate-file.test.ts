import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { copyFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Certificate } from '../../src/http/tls-server-process.ts';
import { followCertificate, readCertificate } from '../../src/service/certificate-file.ts';
import { afterTest } from '../support/after-test.ts';
import { createAuthority } from '../support/authority.ts';

test('a key of another kind than its certificate is as wrong as another key of the same', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const { certFile, keyFile } = authority;
  assert.match((await readCertificate(authority)).cert.toString(), /BEGIN CERTIFICATE/);
  const others = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ed25519'),
  ];
  for (const { privateKey } of others) {
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await assert.rejects(readCertificate({ certFile, keyFile }), {
      code: 'config-invalid',
      message: `${certFile} and ${keyFile} are no certificate and key, in PEM, that belong together`,
    });
  }
});

test('of two looks at once the second one finds what the first took', async (t) => {
  const [first, second] = [await createAuthority(t), await createAuthority(t)];
  if (first === undefined || second === undefined) return;
  const uses: Certificate[] = [];
  const used = await readCertificate(first);
  const followed = followCertificate(first, used, {
    logger: pino({ level: 'silent' }),
    use: (next) => uses.push(next),
  });
  afterTest(t, followed.stop);
  await copyFile(second.certFile, first.certFile);
  await copyFile(second.keyFile, first.keyFile);
  await Promise.all([followed.look(), followed.look(), followed.look()]);
  assert.deepEqual(uses, [await readCertificate(second)]);
});
