import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Asset } from './asset.ts';

/** What is known of one version of a file. */
export interface AssetDigest {
  readonly asset: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What digests are made of. */
export interface DigestsOptions {
  readonly open: (name: string) => Promise<Asset>;
  /** Told once of each version. */
  readonly onDigest: (digest: AssetDigest) => void;
}

/** Finds out the digests of what is served. */
export interface Digests {
  /** Has the digest of a file made, unless its version had its turn already. */
  note(name: string, asset: Pick<Asset, 'version' | 'size'>): void;
  /** Stops at once; what waits is forgotten. */
  close(): Promise<void>;
}

/** Versions that are remembered, and files that wait for their turn; what comes when all places are taken waits for its next request. */
const MAX_KNOWN = 1000;
const MAX_WAITING = 64;

/** What is larger is no kernel and no initrd, and would keep a disk busy for minutes. */
const MAX_BYTES = 16 * 1024 ** 3;

const PIECE_BYTES = 64 * 1024;

/** Makes one digest at a time, piece by piece, so that neither requests nor downloads wait for it. */
export function createDigests({ open, onDigest }: DigestsOptions): Digests {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN });
  const waiting = new Map<string, string>();
  let closed = false;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (const [version, name] of waiting) {
      waiting.delete(version);
      // What cannot be read now is told to whoever asks for it.
      await make(name).catch(() => known.delete(version));
      if (closed) break;
    }
    working = undefined;
  }

  async function make(name: string): Promise<void> {
    const asset = await open(name);
    try {
      known.set(asset.version, true);
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(asset.size, 1)));
      let bytes = 0;
      while (!closed) {
        const read = await asset.read(buffer, buffer.length, bytes);
        if (read === 0) break;
        hash.update(buffer.subarray(0, read));
        bytes += read;
      }
      if (closed) return;
      // What was written into meanwhile has another version, and gets its turn with its next request.
      if (bytes === asset.size && (await asset.isUnchanged()))
        onDigest({ asset: name, bytes, sha256: hash.digest('hex') });
    } finally {
      await asset.close();
    }
  }

  return {
    note(name, { version, size }) {
      if (closed || size > MAX_BYTES || known.has(version) || waiting.size >= MAX_WAITING) return;
      known.set(version, true);
      waiting.set(version, name);
      working ??= work();
    },
    async close() {
      closed = true;
      waiting.clear();
      await working;
    },
  };
}
