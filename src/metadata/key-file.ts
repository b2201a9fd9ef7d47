import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ProvisioningError, reasonOf } from '../errors.ts';

/** The least that a key may have: 128 bits. */
const MIN_BYTES = 16;

/**
 * The key that session tokens and instance ids are made with: what is in a file, which all replicas share, or a new one,
 * which ends with this process. Throws `config-invalid`.
 */
export async function readMetadataKey(file: string | undefined): Promise<Buffer> {
  if (file === undefined) return randomBytes(32);
  let key: Buffer;
  try {
    key = await readFile(file);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new ProvisioningError('config-invalid', `the key file ${file} cannot be read: ${reason}`, { cause });
  }
  const bytes = Buffer.from(key.toString('latin1').trim(), 'latin1');
  if (bytes.length >= MIN_BYTES) return bytes;
  throw new ProvisioningError('config-invalid', `the key file ${file} has less than ${MIN_BYTES} bytes`);
}
