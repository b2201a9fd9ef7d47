import type { Socket } from 'node:net';
import type { App } from './app.ts';

/**
 * Lets an app close while connections are open on which nothing is asked: those are destroyed at once, and the others
 * when their answer is out. Without it a port scanner, or a browser that connects ahead, holds every stop up.
 */
export function closeQuietSockets(app: App): void {
  const asked = new Map<Socket, number>();
  let closing = false;
  const endWhenQuiet = (socket: Socket) => {
    if (closing && (asked.get(socket) ?? 0) === 0) socket.destroySoon();
  };
  app.server.on('connection', (socket) => {
    asked.set(socket, 0);
    socket.once('close', () => asked.delete(socket));
  });
  app.server.on('request', ({ socket }, response) => {
    asked.set(socket, (asked.get(socket) ?? 0) + 1);
    response.once('close', () => {
      if (asked.has(socket)) asked.set(socket, (asked.get(socket) ?? 1) - 1);
      endWhenQuiet(socket);
    });
  });
  app.addHook('preClose', async () => {
    closing = true;
    for (const socket of asked.keys()) endWhenQuiet(socket);
  });
}
