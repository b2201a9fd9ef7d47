import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A client that costs as little as it can, since it shares the cores with what is measured: one connection, one request
 * after the other, and of an answer only its status and its length are read.
 */
export interface LeanClient {
  /** Asks for a path; throws when the answer is not 200. */
  get(path: string): Promise<void>;
  close(): void;
}

/** Connects to the server of a URL. */
export async function connectLeanClient(url: URL): Promise<LeanClient> {
  const socket: Socket = connect(Number(url.port), url.hostname);
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let settle: ((fault?: Error) => void) | undefined;
  let head = '';
  let left = 0;

  socket.on('data', (chunk: Buffer) => {
    if (left === 0) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const status = head.slice(9, 12);
      if (status !== '200') return settle?.(new Error(`the answer is ${status}`));
      left = end + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1]) - head.length;
      head = '';
    } else left -= chunk.length;
    if (left === 0) settle?.();
  });
  socket.once('close', () => settle?.(new Error('the connection was closed')));

  return {
    get(path) {
      return new Promise((fulfil, reject) => {
        settle = (fault) => (fault === undefined ? fulfil() : reject(fault));
        socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      });
    },
    close: () => void socket.destroy(),
  };
}
