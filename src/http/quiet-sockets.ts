import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, by what is asked on them. */
export interface Sockets {
  /**
   * From now on closes every connection on which nothing is asked: at once, or when its answer is out. Without it a port
   * scanner, or a browser that connects ahead, holds every stop up.
   */
  closeQuiet(): void;
}

/** Watches the connections of a server that does not listen yet. */
export function watchSockets(server: Server): Sockets {
  const asked = new Map<Socket, number>();
  let closing = false;
  const endWhenQuiet = (socket: Socket) => {
    if (closing && (asked.get(socket) ?? 0) === 0) socket.destroySoon();
  };
  server.on('connection', (socket) => {
    asked.set(socket, 0);
    socket.once('close', () => asked.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    asked.set(socket, (asked.get(socket) ?? 0) + 1);
    response.once('close', () => {
      if (asked.has(socket)) asked.set(socket, (asked.get(socket) ?? 1) - 1);
      endWhenQuiet(socket);
    });
  });
  return {
    closeQuiet() {
      closing = true;
      for (const socket of asked.keys()) endWhenQuiet(socket);
    },
  };
}
