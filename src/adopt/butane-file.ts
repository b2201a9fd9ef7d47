import { readFile } from 'node:fs/promises';
import { ProvisioningError, reasonOf } from '../errors.ts';
import { decodeText } from '../fragment/decode.ts';
import { DEFAULT_SITE_LIMITS } from '../site/limits.ts';

/** Reads a hand-written Butane document. Throws a ProvisioningError when that is not possible, or it is no text. */
export async function readButaneFile(file: string): Promise<string> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    const reason = reasonOf(error);
    throw new ProvisioningError('config-invalid', `${file} cannot be read: ${reason}`, { cause: error });
  }
  if (content.length > DEFAULT_SITE_LIMITS.documentBytes) {
    throw new ProvisioningError('config-invalid', `${file} is larger than ${DEFAULT_SITE_LIMITS.documentBytes} bytes`);
  }
  const { value, diagnostics } = decodeText(content, file);
  if (value === undefined) throw new ProvisioningError('config-invalid', `${file} is no text`, { diagnostics });
  return value;
}
