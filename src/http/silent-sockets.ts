import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server on which nothing was ever asked. */
export interface SilentSockets {
  /**
   * Closes them, and those that are opened from now on. Node.js counts such a connection as busy, so a port scanner, or a
   * browser that connects ahead, would hold every stop up.
   */
  close(): void;
}

/** Watches the connections of a server that does not listen yet. */
export function watchSilentSockets(server: Server): SilentSockets {
  const silent = new Set<Socket>();
  let closing = false;
  server.on('connection', (socket) => {
    if (closing) socket.destroy();
    else silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => void silent.delete(socket));
  return {
    close() {
      closing = true;
      for (const socket of silent) socket.destroy();
    },
  };
}
