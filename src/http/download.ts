import type { ServerResponse } from 'node:http';
import type { Asset } from '../assets/asset.ts';
import type { ByteRange } from './byte-range.ts';

/** How a download ended: all of it was sent, its client left, or the file gave no more of what was promised. */
export type DownloadEnd = 'whole' | 'gone' | 'file-shrank' | 'file-changed';

/**
 * Bytes that a download holds, and a slow one holds for long. It takes less where many go on, so that all connections of
 * a listener together hold less than 100 MiB.
 */
const PIECE_BYTES = 64 * 1024;
const SMALL_PIECE_BYTES = 16 * 1024;
const MANY = 512;

/** Sends files as the bodies of answers whose headers are set. */
export type SendFile = (
  response: ServerResponse,
  asset: Asset,
  range: ByteRange,
  onSent: (bytes: number) => void,
) => Promise<DownloadEnd>;

/**
 * What sends files. A part of a file goes out one piece at a time: a piece is read when the
 * one before it has left the process, so that nothing collects in memory and every download gets its turn. The last piece
 * goes out only if nobody wrote into the file meanwhile; else the connection is cut, and no client takes a mixture of two
 * files for whole. `onSent` is told of each piece that has left. It rejects when the file cannot be read, with the
 * connection cut.
 */
export function createSender(): SendFile {
  let underWay = 0;
  return async (...download) => {
    underWay += 1;
    try {
      return await send(underWay > MANY ? SMALL_PIECE_BYTES : PIECE_BYTES, ...download);
    } finally {
      underWay -= 1;
    }
  };
}

async function send(
  pieceBytes: number,
  ...[response, asset, { start, end }, onSent]: Parameters<SendFile>
): Promise<DownloadEnd> {
  const writer = createWriter(response);
  // Used again for every piece: a new one for each would be garbage faster than it is collected.
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(pieceBytes, end + 1 - start)));
  try {
    for (let position = start; position <= end; ) {
      const read = await asset.read(buffer, Math.min(buffer.length, end + 1 - position), position);
      position += read;
      if (read === 0) return cut(response, 'file-shrank');
      if (position > end && !(await asset.isUnchanged())) return cut(response, 'file-changed');
      if (!(await writer.write(buffer.subarray(0, read)))) return 'gone';
      onSent(read);
    }
    response.end();
    return 'whole';
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function cut(response: ServerResponse, reason: DownloadEnd): DownloadEnd {
  response.destroy();
  return reason;
}

/** Writes one piece after the other; false once the client is gone. */
function createWriter(response: ServerResponse): { write(piece: Buffer): Promise<boolean> } {
  let settle: (() => void) | undefined;
  response.once('close', () => settle?.());
  return {
    async write(piece) {
      if (response.destroyed || response.closed) return false;
      const taken = await new Promise<boolean>((resolve) => {
        settle = () => resolve(false);
        response.write(piece, (error) => resolve(error === undefined || error === null));
      });
      settle = undefined;
      return taken;
    },
  };
}
