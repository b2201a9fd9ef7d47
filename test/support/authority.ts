import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram } from './programs.ts';
import { scratchDirectory } from './site.ts';

/** An authority, and a server on 127.0.0.1 that it vouches for; PEM files. */
export interface Authority {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes an authority and signs a server with it; undefined, and the test skipped, without openssl. */
export async function createAuthority(t: TestContext): Promise<Authority | undefined> {
  const openssl = requireProgram(t, 'openssl');
  if (openssl === undefined) return undefined;
  const scratch = await scratchDirectory(t);
  const file = (name: string) => join(scratch, name);
  const certify = (subject: string, key: string, certificate: string, more: readonly string[]) =>
    promisify(execFile)(openssl, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${subject}`, '-keyout', file(key), '-out', file(certificate), ...more],
    ]);
  await certify('authority of the tests', 'ca.key', 'ca.pem', []);
  await certify('server of the tests', 'server.key', 'server.pem', [
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
  ]);
  return { caFile: file('ca.pem'), certFile: file('server.pem'), keyFile: file('server.key') };
}
