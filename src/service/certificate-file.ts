import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { ProvisioningError } from '../errors.ts';
import type { Certificate } from '../http/tls-server-process.ts';

/** Files in PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads a certificate and its key, and tries that they belong together. Throws `config-invalid`. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  const message = `${certFile} and ${keyFile} are no certificate and key, in PEM, that belong together`;
  let isPair: boolean;
  try {
    createSecureContext({ cert, key });
    // OpenSSL keeps a certificate of RSA and a key of an elliptic curve side by side, and then shakes no hand.
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new ProvisioningError('config-invalid', message, { cause });
  }
  if (!isPair) throw new ProvisioningError('config-invalid', message);
  return { cert, key };
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
  let looking: Promise<void> = Promise.resolve();

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
    }
  }

  /** One after the other: of two at once, the one that read earlier might be done later. */
  function look(): Promise<void> {
    looking = looking.then(lookOnce);
    return looking;
  }

  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown fault';
    throw new ProvisioningError('config-invalid', `the file ${file} cannot be read: ${reason}`, { cause });
  }
}
