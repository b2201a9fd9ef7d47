import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ProvisioningError } from '../errors.ts';
import type { Asset } from './asset.ts';
import { parseAssetName } from './asset-name.ts';
import type { Turns } from './turns.ts';

/** A FIFO would hold the opening up; a link that took the place of what was looked at is not followed. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;

/**
 * Opens a regular file of the folder by its name. Where a name really leads is decided after all links are followed, the
 * folder's own among them, and it has to be inside. Throws `asset-not-found` when there is no such file, what
 * {@link parseAssetName} does, and `asset-unreadable` when the system does not let it be read.
 */
export async function openAsset(folder: string, name: string, turns: Turns): Promise<Asset> {
  const parts = parseAssetName(name);
  const root = await whereIs(folder, 'there is no folder of assets here; --assets names one');
  const path = await whereIs(join(root, ...parts), NO_FILE);
  if (!path.startsWith(root === sep ? root : root + sep)) {
    throw new ProvisioningError('asset-not-found', 'this is a link that leads out of the folder of assets');
  }
  const handle = await open(path, FLAGS).catch((error: unknown) => {
    throw toAssetFault(error, NO_FILE);
  });
  try {
    return await describe(handle, turns);
  } catch (error) {
    await handle.close();
    throw error instanceof ProvisioningError ? error : toAssetFault(error, NO_FILE);
  }
}

const NO_FILE = 'there is no such file among the assets';

async function describe(handle: FileHandle, turns: Turns): Promise<Asset> {
  const status = await handle.stat({ bigint: true });
  if (status.isDirectory()) throw new ProvisioningError('asset-not-found', 'this is a folder, and none is listed');
  if (!status.isFile()) throw new ProvisioningError('asset-not-found', 'this is no regular file');
  return {
    size: Number(status.size),
    modifiedAt: status.mtime,
    version: versionOf(status),
    read: (buffer, length, position) =>
      turns(async () => (await handle.read(buffer, 0, length, position)).bytesRead).catch((error: unknown) => {
        throw toAssetFault(error, NO_FILE);
      }),
    async isUnchanged() {
      const { size, mtimeNs } = await handle.stat({ bigint: true });
      return size === status.size && mtimeNs === status.mtimeNs;
    },
    close: () => handle.close(),
  };
}

/** The time of the last change of the inode tells also of a file that kept the size and the date of another one. */
function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return createHash('sha256').update([dev, ino, size, mtimeNs, ctimeNs].join()).digest('hex').slice(0, 32);
}

async function whereIs(path: string, missing: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw toAssetFault(error, missing);
  }
}

/** What says that nothing is there; `ELOOP` also when a link has just taken the place of a file. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'EINVAL']);

function toAssetFault(cause: unknown, missing: string): ProvisioningError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  if (MISSING.has(code)) return new ProvisioningError('asset-not-found', missing, { cause });
  return new ProvisioningError('asset-unreadable', `the system does not let the file be read: ${code}`, { cause });
}
