import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { ProvisioningError, reasonOf } from '../errors.ts';
import type { Certificate } from '../http/tls-server-process.ts';

/** Files in PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads a certificate and its key, and tries that they belong together. Throws `config-invalid`. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  const fault = faultOfPem(cert, key);
  if (fault !== undefined) {
    const [which, problem] = fault;
    throw new ProvisioningError('config-invalid', `${which === 'cert' ? certFile : keyFile} ${problem}`);
  }
  try {
    // OpenSSL keeps a certificate of RSA and a key of an elliptic curve side by side, and then shakes no hand.
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      createSecureContext({ cert, key });
      return { cert, key };
    }
  } catch (cause) {
    const message = `${certFile} and ${keyFile} are no certificate and key, in PEM, that belong together`;
    throw new ProvisioningError('config-invalid', message, { cause });
  }
  throw new ProvisioningError(
    'config-invalid',
    `the key in ${keyFile} is not that of the first certificate in ${certFile}; a chain stands behind its own certificate`,
  );
}

/** What is wrong with one of the files for itself, and with which. */
function faultOfPem(cert: Buffer, key: Buffer): readonly ['cert' | 'key', string] | undefined {
  const [certLabels, keyLabels] = [labelsOf(cert), labelsOf(key)];
  if (!certLabels.some((label) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label))) {
    const hint = certLabels.some(isKey) ? ': it is a key' : '; it begins with -----BEGIN CERTIFICATE-----';
    return ['cert', `holds no certificate in PEM${hint}`];
  }
  const isEncrypted = key.includes('Proc-Type: 4,ENCRYPTED') || keyLabels.includes('ENCRYPTED PRIVATE KEY');
  if (isEncrypted) return ['key', 'is encrypted, and nobody can be asked for its passphrase; write it without one'];
  if (keyLabels.some(isKey)) return undefined;
  const hint = keyLabels.includes('CERTIFICATE') ? ': it is a certificate' : '';
  return ['key', `holds no private key in PEM${hint}`];
}

function labelsOf(pem: Buffer): readonly string[] {
  return [...pem.toString('latin1').matchAll(/-----BEGIN ([^\r\n-]+)-----/g)].map(([, label = '']) => label);
}

function isKey(label: string): boolean {
  return label.endsWith('PRIVATE KEY');
}

/** Why nobody takes a certificate in PEM at a time, whoever signed it; undefined where that is no reason. */
export function faultOfDates(pem: string | Buffer, now: Date): string | undefined {
  const { validFrom, validTo } = new X509Certificate(pem);
  if (new Date(validTo) < now) return `it ended at ${new Date(validTo).toISOString()}`;
  if (new Date(validFrom) > now) return `it begins at ${new Date(validFrom).toISOString()}`;
  return undefined;
}

/** Files that are followed. */
export interface FollowedCertificate {
  /** Looks now; resolves when what was found is used or logged. Never rejects. */
  look(): Promise<void>;
  stop(): void;
}

/** How often the files are read: whoever renews a certificate leaves days for it. */
const LOOK_MS = 30_000;

/**
 * Reads the files again and again, and gives on what is new in them, so that a certificate can be renewed while the
 * service runs. One that is at fault leaves `first`, or what came after it, in use, with one warning for each fault.
 */
export function followCertificate(
  files: CertificateFiles,
  first: Certificate,
  { logger, use }: { readonly logger: Logger; readonly use: (certificate: Certificate) => void },
): FollowedCertificate {
  let used = first;
  let lastFault: string | undefined;
  let lastDates: string | undefined;
  let looking: Promise<void> = Promise.resolve();

  /** A machine whose clock is right cannot tell such a certificate from a service that is away, and tries until it gives up. */
  function lookAtDates(): void {
    const fault = faultOfDates(used.cert, new Date());
    if (fault !== undefined && fault !== lastDates) {
      logger.warn({ file: files.certFile, fault }, 'no machine takes the certificate');
    }
    lastDates = fault;
  }

  async function lookOnce(): Promise<void> {
    try {
      const next = await readCertificate(files);
      lastFault = undefined;
      if (next.cert.equals(used.cert) && next.key.equals(used.key)) return;
      use(next);
      used = next;
      logger.info({ file: files.certFile }, 'the certificate was read again');
    } catch (error) {
      const fault = error instanceof Error ? error.message : 'unknown fault';
      // The two files are not written in one moment, so the next look may find them whole.
      if (fault !== lastFault) logger.warn({ fault }, 'the certificate is at fault; the one before stays in use');
      lastFault = fault;
    } finally {
      lookAtDates();
    }
  }

  /** One after the other: of two at once, the one that read earlier might be done later. */
  function look(): Promise<void> {
    looking = looking.then(lookOnce);
    return looking;
  }

  lookAtDates();
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new ProvisioningError('config-invalid', `the file ${file} cannot be read: ${reason}`, { cause });
  }
}
