import { connect, type Socket } from 'node:net';
import { readAnswer, type WireAnswer } from './wire.ts';

/** A connection that sends bytes as they are and reads strict HTTP. */
export interface Connection {
  send(bytes: Buffer): void;
  /** Says that nothing more will be sent. */
  finish(): void;
  /**
   * The next answer, or how the connection ended before one began. Throws a {@link Hang} after `timeoutMs`, and what
   * `readAnswer` throws for an answer that is none or is cut off.
   */
  next(toHead: boolean, timeoutMs: number): Promise<WireAnswer | Ending>;
  close(): void;
}

/** How a connection ended: in order, or torn down while bytes may have been on their way. */
export type Ending = 'closed' | 'reset';

/** Nothing came in time. */
export class Hang extends Error {
  override readonly name = 'Hang';
}

/** Opens a connection to a port of loopback. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = await connected(port);
  let received: Buffer = Buffer.alloc(0);
  let ending: Ending | undefined;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', () => {
    ending ??= 'reset';
    wake();
  });
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => {
      ending ??= 'closed';
      wake();
    });
  }

  function take(toHead: boolean): WireAnswer | Ending | undefined {
    // A reset drops what was on its way, so an answer that was cut off then says nothing about the service.
    if (ending === 'reset') return readWhole(toHead) ?? ending;
    const read = readAnswer(received, toHead, ending !== undefined);
    if (read === undefined) return ending;
    received = received.subarray(read.used);
    return read.answer;
  }

  function readWhole(toHead: boolean): WireAnswer | undefined {
    const read = readAnswer(received, toHead, false);
    received = received.subarray(read?.used ?? received.length);
    return read?.answer;
  }

  return {
    send: (bytes) => void socket.write(bytes),
    finish: () => void socket.end(),
    async next(toHead, timeoutMs) {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        wake();
      }, timeoutMs);
      try {
        for (;;) {
          const taken = take(toHead);
          if (taken !== undefined) return taken;
          if (late) throw new Hang(`no whole answer within ${timeoutMs / 1000} s`);
          await new Promise<void>((fulfil) => {
            wake = fulfil;
          });
        }
      } finally {
        clearTimeout(timer);
      }
    },
    // A reset leaves no socket behind that waits a minute for late packets.
    close: () => void socket.resetAndDestroy(),
  };
}

function connected(port: number): Promise<Socket> {
  return new Promise((fulfil, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      fulfil(socket);
    });
  });
}
