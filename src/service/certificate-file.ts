import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ProvisioningError } from '../errors.ts';

/** Reads a certificate and its key, and tries that they belong together. Throws `config-invalid`. */
export async function readCertificate({
  certFile,
  keyFile,
}: {
  readonly certFile: string;
  readonly keyFile: string;
}): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const message = `${certFile} and ${keyFile} are no certificate and key, in PEM, that belong together`;
    throw new ProvisioningError('config-invalid', message, { cause });
  }
  return { cert, key };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown fault';
    throw new ProvisioningError('config-invalid', `the file ${file} cannot be read: ${reason}`, { cause });
  }
}
