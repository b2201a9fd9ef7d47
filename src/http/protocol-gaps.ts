import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Sees to what Node.js answers by itself, wrongly or not at all, when nobody listens: expectations, tunnels and upgrades.
 * `refuse` answers on a connection that a client wants to use as a tunnel, and closes it.
 */
export function closeProtocolGaps(server: Server, refuse: (socket: Socket) => void): void {
  const ask = (request: IncomingMessage, response: ServerResponse) => void server.emit('request', request, response);
  // An expectation that is not known may be ignored (RFC 9110, 10.1.1); 417 would be a status of no problem.
  server.on('checkExpectation', ask);
  server.on('checkContinue', (request, response) => {
    // Behind other requests of a connection Node.js would write its 100 into the middle of the final answer.
    if (response.socket !== null) response.writeContinue();
    ask(request, response);
  });
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket);
    // The server has let go of such a connection, so no time limit ends it, and a stop would wait for its client.
    socket.destroySoon();
  });
  // What comes in one packet behind an upgrade is dropped, so the client is told that the connection ends.
  server.prependListener('request', (request, response) => {
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
  });
}
