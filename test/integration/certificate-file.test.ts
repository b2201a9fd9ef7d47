import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Certificate } from '../../src/http/tls-server-process.ts';
import { faultOfDates, followCertificate, readCertificate } from '../../src/service/certificate-file.ts';
import { afterTest } from '../support/after-test.ts';
import { createAuthority } from '../support/authority.ts';
import { CERTIFICATE } from '../support/certificate.ts';

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
      message: `the key in ${keyFile} is not that of the first certificate in ${certFile}; a chain stands behind its own certificate`,
    });
  }
});

test('what is wrong with one of the files is told of that one', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const { certFile, keyFile } = authority;
  const [cert, key] = [await readFile(certFile, 'utf8'), await readFile(keyFile, 'utf8')];
  const der = new X509Certificate(cert).raw;
  const encrypted = createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes256', passphrase: 'x' });
  const cases: readonly (readonly [cert: string | Buffer, key: string | Buffer, message: string])[] = [
    ['', key, `${certFile} holds no certificate in PEM; it begins with -----BEGIN CERTIFICATE-----`],
    [der, key, `${certFile} holds no certificate in PEM; it begins with -----BEGIN CERTIFICATE-----`],
    [key, cert, `${certFile} holds no certificate in PEM: it is a key`],
    [cert, '', `${keyFile} holds no private key in PEM`],
    [cert, cert, `${keyFile} holds no private key in PEM: it is a certificate`],
    [cert, encrypted, `${keyFile} is encrypted, and nobody can be asked for its passphrase; write it without one`],
  ];
  for (const [certificate, privateKey, message] of cases) {
    await Promise.all([writeFile(certFile, certificate), writeFile(keyFile, privateKey)]);
    await assert.rejects(readCertificate(authority), { code: 'config-invalid', message });
  }
  const missing = { certFile: '/nonexistent/c.pem', keyFile: certFile };
  await assert.rejects(readCertificate(missing), {
    message: 'the file /nonexistent/c.pem cannot be read: it does not exist',
  });
});

test('a certificate that no machine takes is warned of once, at the start and when it ends', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line).fault) });
  const used = await readCertificate(authority);
  const { validTo } = new X509Certificate(used.cert);
  const followed = followCertificate(authority, used, { logger, use: () => undefined });
  afterTest(t, followed.stop);
  await followed.look();
  assert.deepEqual(lines, []);
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(validTo) + 1000 });
  await followed.look();
  await followed.look();
  const fault = `it ended at ${new Date(validTo).toISOString()}`;
  assert.deepEqual(lines, [fault]);
  afterTest(t, followCertificate(authority, used, { logger, use: () => undefined }).stop);
  assert.deepEqual(lines, [fault, fault]);
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

test('a certificate is taken from the second that it begins at to the one that it ends at', () => {
  const { validFrom, validTo } = new X509Certificate(CERTIFICATE);
  const [begins, ends] = [Date.parse(validFrom), Date.parse(validTo)];
  assert.equal(faultOfDates(CERTIFICATE, new Date(begins)), undefined);
  assert.equal(faultOfDates(CERTIFICATE, new Date(ends)), undefined);
  assert.equal(faultOfDates(CERTIFICATE, new Date(begins - 1)), `it begins at ${new Date(begins).toISOString()}`);
  assert.equal(faultOfDates(CERTIFICATE, new Date(ends + 1)), `it ended at ${new Date(ends).toISOString()}`);
});
