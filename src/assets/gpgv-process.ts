import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBounded } from '../butane/bounded-process.ts';
import { findInPath } from '../butane/find-butane-process.ts';
import { ProvisioningError, reasonOf } from '../errors.ts';
import { dearmorKeys } from './armor.ts';
import { judgeStatus, type SignatureVerdict } from './gpgv-status.ts';

/** Checks signatures against the keys of one keyring, all of which are trusted. */
export interface SignatureChecker {
  /** Checks a detached signature of a file; both paths are absolute, and `bytes` is the size of the file. */
  check(signature: string, file: string, bytes: number): Promise<SignatureVerdict>;
  close(): Promise<void>;
}

/** A run may take so long, and besides that a second for so many bytes, as from a slow disk. */
const WALL_MS = 30_000;
const BYTES_PER_SECOND = 10 * 1024 * 1024;

const OUTPUT_BYTES = 256 * 1024;
const KEYRING_BYTES = 16 * 1024 * 1024;

/**
 * Opens a keyring, armored or not, for gpgv, the part of GnuPG that only checks. Throws `config-invalid` when there is no
 * gpgv in PATH, or the keyring cannot be read.
 */
export async function openSignatureChecker(keyring: string): Promise<SignatureChecker> {
  const gpgv = await findInPath('gpgv', process.env.PATH);
  if (gpgv === undefined) {
    throw new ProvisioningError(
      'config-invalid',
      'gpgv is needed for --keyring and was not found; install the package gpgv',
    );
  }
  const keys = await readFile(keyring).catch((cause: unknown) => {
    const reason = reasonOf(cause);
    throw new ProvisioningError('config-invalid', `the keyring ${keyring} cannot be read: ${reason}`, { cause });
  });
  if (keys.length === 0 || keys.length > KEYRING_BYTES) {
    throw new ProvisioningError(
      'config-invalid',
      `the keyring ${keyring} is empty, or larger than ${KEYRING_BYTES} bytes`,
    );
  }
  const home = await mkdtemp(join(tmpdir(), 'pilotlight-gpgv-'));
  const ring = join(home, 'keyring');
  await writeFile(ring, dearmorKeys(keys), { mode: 0o600 });
  return {
    async check(signature, file, bytes) {
      const { stdout, exitCode, cut } = await startBounded({
        program: gpgv,
        args: ['--homedir', home, '--keyring', ring, '--status-fd', '1', '--', signature, file],
        env: { LC_ALL: 'C' },
        input: Buffer.alloc(0),
        wallMs: WALL_MS + (bytes / BYTES_PER_SECOND) * 1000,
        stdoutBytes: OUTPUT_BYTES,
        stderrBytes: OUTPUT_BYTES,
      }).result;
      if (cut !== undefined) return { ok: false, reason: `gpgv was ended before it had finished: ${cut}` };
      return judgeStatus(stdout.toString('utf8'), exitCode);
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}
