import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Why the service itself closed a connection that its client would have kept. */
export type ClosedReason =
  /** The listener was full, and this one had been idle for the longest time. */
  | 'idle-evicted'
  /** The listener was full, and on all the others an answer was under way. */
  | 'refused'
  /** The client did not take its answer. */
  | 'slow-reader'
  /** The client did not send its request. */
  | 'slow-request';

/** How many connections a listener takes, and how long an answer may take to reach its reader. */
export interface ConnectionLimits {
  readonly max: number;
  /** An answer on which nothing moves for so long is cut; it takes at most twice as long to be noticed. */
  readonly stallMs: number;
  /** From the arrival of one request, or from the answer before it, to the end of its answer. */
  readonly exchangeMs: number;
}

/** The limits of a connection's answers, the same for every listener. */
export const ANSWER_LIMITS: Omit<ConnectionLimits, 'max'> = Object.freeze({ stallMs: 30_000, exchangeMs: 600_000 });

/** The connections of a listener. */
export interface Connections {
  /** Connections that are open now. */
  count(): number;
  /**
   * Closes those on which no answer is under way, and those that are opened from now on. Node.js counts a connection on
   * which nothing was asked as busy, so a port scanner, or a browser that connects ahead, would hold every stop up.
   */
  close(): void;
  /** Lets the answer that is under way take so much longer than others: it is a download. */
  allow(response: ServerResponse, moreMs: number): void;
}

/** What is under way on a connection. */
interface Exchange {
  requests: number;
  /** Told of the end of each of them; one for all, since every request passes here. */
  readonly onEnd: () => void;
  /** When the oldest of them began to be the next one to be answered. */
  since: number;
  /** What their answers may take beyond the limit. */
  moreMs: number;
}

/** How often answers that take too long are looked for. */
const SWEEP_MS = 5000;

/**
 * Bounds the connections of a server that does not listen yet. Where one more arrives than may be, the one closes that
 * has been idle for the longest time, so that whoever opens connections and asks nothing locks no machine out. `onClosed`
 * is told of each connection that a limit closes. The server's own `timeout` has to be `stallMs`.
 */
export function boundConnections(
  server: Server,
  limits: ConnectionLimits,
  onClosed: (reason: ClosedReason) => void,
  isSecure = false,
): Connections {
  const open = new Map<Socket, Exchange>();
  // In the order in which they became idle.
  const idle = new Set<Socket>();
  // Sockets whose TLS handshake is not done, by their ends.
  const beforeHandshake = new Map<string, Socket>();
  let closing = false;

  function end(socket: Socket, reason: ClosedReason): void {
    forget(socket);
    socket.destroy();
    onClosed(reason);
  }

  function forget(socket: Socket): void {
    idle.delete(socket);
    open.delete(socket);
  }

  function makeRoom(): boolean {
    if (open.size < limits.max) return true;
    const [longest] = idle;
    if (longest === undefined) return false;
    end(longest, 'idle-evicted');
    return true;
  }

  function admit(socket: Socket): void {
    const onEnd = () => {
      exchange.requests -= 1;
      exchange.since = performance.now();
      if (exchange.requests === 0 && open.has(socket)) idle.add(socket);
    };
    const exchange: Exchange = { requests: 0, onEnd, since: 0, moreMs: 0 };
    open.set(socket, exchange);
    idle.add(socket);
    socket.once('close', () => forget(socket));
  }

  server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy();
    else if (!makeRoom()) end(socket, 'refused');
    else {
      admit(socket);
      if (!isSecure) return;
      const ends = endsOf(socket);
      beforeHandshake.set(ends, socket);
      socket.once('close', () => {
        if (beforeHandshake.get(ends) === socket) beforeHandshake.delete(ends);
      });
    }
  });
  // Requests come on another socket, which is there when the handshake is done, and stands for the connection from then.
  server.on('secureConnection', (socket: Socket) => {
    const ends = endsOf(socket);
    const before = beforeHandshake.get(ends);
    if (before !== undefined) forget(before);
    beforeHandshake.delete(ends);
    if (closing) socket.destroy();
    else admit(socket);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const exchange = open.get(socket);
    if (exchange === undefined) return;
    if (exchange.requests === 0) exchange.since = performance.now();
    exchange.requests += 1;
    if (!hasBody(request)) idle.delete(socket);
    response.on('close', exchange.onEnd);
  });
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) end(socket, 'slow-reader');
    // What is not answered yet is no fault of its reader.
    else if ((open.get(socket)?.requests ?? 0) === 0) socket.destroy();
  });
  const sweep = setInterval(
    () => {
      const latest = performance.now() - limits.exchangeMs;
      for (const [socket, { requests, since, moreMs }] of open) {
        if (requests > 0 && since + moreMs < latest) end(socket, 'slow-reader');
      }
    },
    Math.min(SWEEP_MS, limits.exchangeMs),
  );
  sweep.unref();
  server.once('close', () => clearInterval(sweep));

  return {
    count: () => open.size,
    allow(response, moreMs) {
      const exchange = response.socket === null ? undefined : open.get(response.socket);
      if (exchange === undefined) return;
      exchange.moreMs += moreMs;
      response.once('close', () => {
        exchange.moreMs -= moreMs;
      });
    },
    close() {
      closing = true;
      for (const socket of idle) socket.destroy();
    },
  };
}

/** Both addresses and ports, which no other open connection has. */
function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}

/** No route that takes time reads a body, so whoever announces one and sends none is as idle as before. */
function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
