import { readFile } from 'node:fs/promises';
import { ProvisioningError, reasonOf } from '../errors.ts';
import { readAuthorities } from './certificates.ts';
import type { Header } from './header.ts';
import { readHeaderName, readHeaderValue } from './header.ts';

/** Bytes of a file of certificates: the whole bundle of a distribution is less than half of it. */
const MAX_BYTES = 512 * 1024;

/** Reads the certificates of a PEM file. Throws what {@link readAuthorities} does, or `config-invalid`. */
export async function readAuthoritiesFile(file: string): Promise<readonly string[]> {
  return readAuthorities((await read(file)).toString('latin1'), file);
}

/**
 * Reads headers that are given as NAME=FILE, so that no value is ever on a command line. Throws `request-invalid` or
 * `config-invalid`, and never quotes a value.
 */
export async function readHeaders(given: readonly string[]): Promise<readonly Header[]> {
  const headers: Header[] = [];
  for (const each of given) {
    const at = each.indexOf('=');
    const name = readHeaderName(at < 1 ? '' : each.slice(0, at));
    if (headers.some((header) => header.name.toLowerCase() === name.toLowerCase())) {
      throw new ProvisioningError('request-invalid', `the header ${name} was given twice`);
    }
    const file = each.slice(at + 1);
    if (file === '') throw new ProvisioningError('request-invalid', `--header ${name} needs a file with the value`);
    headers.push({ name, value: readHeaderValue(await read(file), file) });
  }
  return headers;
}

async function read(file: string): Promise<Buffer> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new ProvisioningError('config-invalid', `${file} cannot be read: ${reason}`, { cause });
  }
  if (content.length > MAX_BYTES)
    throw new ProvisioningError('config-invalid', `${file} is larger than ${MAX_BYTES} bytes`);
  return content;
}
