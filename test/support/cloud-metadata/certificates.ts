import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram } from '../programs.ts';
import { scratchDirectory } from '../site.ts';

/** Files in PEM: a certificate that signed itself, so that who trusts it trusts its server, and its key. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

const run = promisify(execFile);

/** Makes a certificate for a name. Resolves to undefined when the test is skipped. */
export async function makeCertificate(t: TestContext, name: string): Promise<ServerCertificate | undefined> {
  const openssl = requireProgram(t, 'openssl');
  if (openssl === undefined) return undefined;
  const scratch = await scratchDirectory(t);
  const [certificate, key, config] = ['certificate.pem', 'key.pem', 'openssl.cnf'].map((each) => join(scratch, each));
  if (certificate === undefined || key === undefined || config === undefined) return undefined;
  await writeFile(config, '[req]\ndistinguished_name = name\n[name]\n');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-config', config, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  await run(openssl, ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...subject]);
  return { certificate, key };
}
