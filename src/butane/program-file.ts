import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ProvisioningError } from '../errors.ts';

/** What tells whether a program is the same as before without reading it. Throws `butane-missing` or `butane-failed`. */
export async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The SHA-256 of a program, in hex. Throws as {@link markOf} does. */
export async function digestProgram(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return hash.digest('hex');
}

/** Throws an error again: whoever asks for a config is not told where things are on this host. */
export function sayLess(error: unknown): never {
  if (!(error instanceof ProvisioningError)) throw error;
  throw new ProvisioningError(error.code, 'butane is away, or cannot be read; ask again', { cause: error });
}

function unreadable(path: string, cause: unknown): ProvisioningError {
  const missing = cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
  const code = missing ? 'butane-missing' : 'butane-failed';
  return new ProvisioningError(code, `butane cannot be read at ${path}`, { cause });
}
