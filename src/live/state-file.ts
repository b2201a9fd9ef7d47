import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../site/make-folder-file.ts';
import type { Decoded, Snapshot } from './snapshot.ts';
import { decodeSnapshot, encodeSnapshot, MAX_SNAPSHOT_BYTES } from './snapshot.ts';

/** Where the last good revision is kept. */
export interface StateStore {
  /** What was kept last; undefined when nothing was. Throws an Error that says why when it cannot be used. */
  load(): Promise<Decoded | undefined>;
  /**
   * Keeps a snapshot in the place of the last one, whole or not at all, and gives its size in bytes. Throws what the file
   * system does.
   */
  save(snapshot: Snapshot): Promise<number>;
}

/** Keeps it in one file of the state directory. A kill or a power cut at any moment leaves the old one or the new one. */
export function createStateStore(stateDir: string): StateStore {
  const file = join(stateDir, 'last-good.state');
  const partial = join(stateDir, 'last-good.partial');
  return {
    async load() {
      await rm(partial, { force: true }).catch(() => undefined);
      try {
        return decodeSnapshot(await readRegular(file));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(snapshot) {
      const pieces = await encodeSnapshot(snapshot);
      await makeFolder(stateDir);
      try {
        await writeSynced(partial, pieces);
        await rename(partial, file);
      } catch (error) {
        await rm(partial, { force: true }).catch(() => undefined);
        throw error;
      }
      await syncDirectory(stateDir);
      return pieces.reduce((sum, { length }) => sum + length, 0);
    },
  };
}

/** A start waits for this, so it neither waits for a pipe's writer nor reads what has no end. */
async function readRegular(path: string): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error('it is no regular file');
    if (status.size > MAX_SNAPSHOT_BYTES) throw new Error(`it is larger than ${MAX_SNAPSHOT_BYTES} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function writeSynced(path: string, pieces: readonly Buffer[]): Promise<void> {
  // It holds every config of the fleet.
  const handle = await open(path, 'w', 0o600);
  try {
    for (const batch of batchOf(pieces)) await handle.writeFile(batch);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Small pieces are cheaper as one. */
function* batchOf(pieces: readonly Buffer[]): Iterable<Buffer> {
  let small: Buffer[] = [];
  for (const piece of pieces) {
    if (piece.length < 65_536) {
      small.push(piece);
      continue;
    }
    if (small.length > 0) yield Buffer.concat(small);
    small = [];
    yield piece;
  }
  if (small.length > 0) yield Buffer.concat(small);
}

/** The new name is on the disk only after this; a file system that cannot do it is not worse off than before. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
