import type { RequestListener, Server } from 'node:http';
import { createServer, Server as TlsServer } from 'node:https';

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The limits of a listener, as the framework has them. */
interface ServerLimits {
  readonly http?: object;
  readonly keepAliveTimeout?: number;
  readonly requestTimeout?: number;
  readonly connectionTimeout?: number;
}

/** A client that begins no handshake for so long is no machine. */
const HANDSHAKE_MS = 10_000;

/** Makes the server of an app that speaks TLS, with the limits of one that does not. */
export function createTlsServer(certificate: Certificate): (listener: RequestListener, limits: ServerLimits) => Server {
  return (listener, limits) => {
    const server = createServer({ ...limits.http, ...certificate, handshakeTimeout: HANDSHAKE_MS }, listener);
    if (limits.keepAliveTimeout !== undefined) server.keepAliveTimeout = limits.keepAliveTimeout;
    if (limits.requestTimeout !== undefined) server.requestTimeout = limits.requestTimeout;
    server.setTimeout(limits.connectionTimeout);
    return server;
  };
}

/** Takes another certificate for the connections that are opened from now on. Throws when it is none. */
export function replaceCertificate(server: Server, certificate: Certificate): void {
  if (server instanceof TlsServer) server.setSecureContext(certificate);
}
