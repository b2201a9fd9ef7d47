import type { Asset } from './asset.ts';
import { openAsset } from './asset-file.ts';
import type { AssetDigest } from './digests.ts';
import { createDigests } from './digests.ts';
import { createTurns } from './turns.ts';

/** The folder that kernels and initrds are served from. */
export interface AssetFolder {
  /** Opens a file by its name; see `openAsset` for what it throws. Whoever opens it closes it. */
  open(name: string): Promise<Asset>;
  /** Has the digest of what is served logged, once for each version. */
  note(name: string, asset: Asset): void;
  close(): Promise<void>;
}

/**
 * Reads that go on at once, for all downloads together. Node.js has four threads for files, and the log, the site and the
 * state need one as well, whatever is downloaded from however slow a disk.
 */
const READS_AT_ONCE = 3;

/** Opens nothing yet: the folder may come and go while the service runs. */
export function createAssetFolder(folder: string, onDigest: (digest: AssetDigest) => void): AssetFolder {
  const turns = createTurns(READS_AT_ONCE);
  const open = (name: string) => openAsset(folder, name, turns);
  const digests = createDigests({ open, onDigest });
  return { open, note: digests.note, close: digests.close };
}
