import { X509Certificate } from 'node:crypto';
import { ProvisioningError } from '../errors.ts';

const BLOCK = /-----BEGIN ([^\r\n-]+)-----[\s\S]*?-----END \1-----/g;

/** Authorities of one pointer: a root and some that are about to follow it, with room to spare. */
const MAX_CERTIFICATES = 32;

/**
 * The certificates of a PEM file, each in a PEM document of its own, without what is written between them and without
 * repeats. Throws `config-invalid` for a file that holds anything else in PEM, above all a private key, or no certificate,
 * or one that cannot be parsed; the message names the file, and which block it is.
 */
export function readAuthorities(pem: string, file: string): readonly string[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) throw refused(file, 'holds no certificate in PEM');
  if (blocks.length > MAX_CERTIFICATES) throw refused(file, `holds more than ${MAX_CERTIFICATES} certificates`);
  const found = new Set<string>();
  for (const [index, [block, label = '']] of blocks.entries()) {
    if (label.endsWith('PRIVATE KEY')) throw refused(file, 'holds a private key, which must not leave its place');
    if (label !== 'CERTIFICATE') throw refused(file, `holds a block that is no certificate: number ${index + 1}`);
    found.add(parse(block, index + 1, file));
  }
  return [...found];
}

function parse(block: string, number: number, file: string): string {
  try {
    return new X509Certificate(block).toString();
  } catch (cause) {
    throw refused(file, `holds a certificate that cannot be parsed: number ${number}`, cause);
  }
}

function refused(file: string, problem: string, cause?: unknown): ProvisioningError {
  return new ProvisioningError('config-invalid', `${file} ${problem}`, { cause });
}
