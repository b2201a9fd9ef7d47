import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
  type RawServerDefault,
} from 'fastify';
import type { Diagnostic } from '../diagnostic.ts';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import type { ClosedReason, ConnectionLimits, Connections } from './connections.ts';
import { ANSWER_LIMITS, boundConnections } from './connections.ts';
import { createProblem, PROBLEM_TYPE, toProvisioningError } from './problem.ts';
import { closeProtocolGaps } from './protocol-gaps.ts';
import { refuseInvalid } from './refuse-invalid.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { type Certificate, createTlsServer } from './tls-server-process.ts';

/** A Fastify instance whose routes are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What both apps are made with. */
export interface AppOptions {
  readonly logger: FastifyBaseLogger;
  /** Networks whose `X-Forwarded-For` is believed, in CIDR notation. */
  readonly trustedProxies?: readonly string[];
  /** Speaks TLS with this certificate and key, in PEM. */
  readonly tls?: Certificate;
  /** Answers where no route is; a problem unless told otherwise. */
  readonly onUnknownPath?: (error: ProvisioningError, request: FastifyRequest, reply: FastifyReply) => unknown;
  /** Counts every request. */
  readonly requests?: RequestMetrics;
  /** What bounds connections; the rest is as by default. */
  readonly connections?: Partial<ConnectionLimits>;
  /** Told of each connection that a limit closes. */
  readonly onConnectionClosed?: (reason: ClosedReason) => void;
}

/** Connections of a listener that has no limit of its own. */
const MAX_CONNECTIONS = 256;

declare module 'fastify' {
  interface FastifyInstance {
    /** The connections of this app's listener. */
    readonly connections: Connections;
  }
  interface FastifyRequest {
    /** What a route wants in the access log; never content, parameters or tokens. */
    audit: Readonly<Record<string, unknown>> | undefined;
  }
  interface FastifyContextConfig {
    /** The route reads its query itself, and drops what it cannot decode. */
    readonly readsQuery?: boolean;
  }
}

/** Longest header section, in bytes: Ignition sends four short headers. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * An app with what both listeners share: request ids, one access log line for each request, and every error answered as
 * a problem.
 */
export function createApp(options: AppOptions): App {
  const { logger, requests, onConnectionClosed = () => undefined } = options;
  const limits = { max: MAX_CONNECTIONS, ...ANSWER_LIMITS, ...options.connections };
  const app = fastify({
    loggerInstance: frameworkLogger(logger),
    // A logger for each request would cost more than the one line that it writes; that line has the id.
    childLoggerFactory: () => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy:
      options.trustedProxies === undefined || options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    // A request that is under way when the service stops is answered; the listener takes no new connections then.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: 10_000,
    keepAliveTimeout: 20_000,
    connectionTimeout: limits.stallMs,
    bodyLimit: 64 * 1024,
    // Nothing here depends on the Host header, so nobody has to send one.
    http: {
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2000,
    },
    ...(options.tls === undefined ? {} : { serverFactory: createTlsServer(options.tls) }),
    routerOptions: { maxParamLength: 256 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    schemaErrorFormatter: refuseInvalid,
    // What the framework itself refuses passes no hooks.
    frameworkErrors(error, request, reply) {
      sendProblem(error, request, reply);
      logRequest(request, reply);
      requests?.count(request, reply);
    },
    clientErrorHandler(error, socket) {
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') onConnectionClosed('slow-request');
      // A client that does not believe the certificate would look like one that never came.
      if (error.code?.startsWith('ERR_SSL_')) {
        logger.info({ fault: error.code, remote: socket.remoteAddress }, 'a connection came to nothing: TLS');
      }
      // A connection on which nobody ever asked anything needs no answer.
      if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0) {
        socket.destroy();
        return;
      }
      const fault =
        CLIENT_FAULTS[error.code ?? ''] ?? (['request-invalid', 'this is not HTTP that the service reads'] as const);
      refuse(socket, new ProvisioningError(...fault), error.code);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const connections = boundConnections(app.server, limits, onConnectionClosed, options.tls !== undefined);
  app.decorate('connections', connections);
  app.addHook('preClose', async () => connections.close());
  closeProtocolGaps(app.server, (socket) =>
    refuse(socket, new ProvisioningError('request-invalid', 'this is no proxy'), 'CONNECT'),
  );

  /** Answers on a connection that has no request which the framework knows, and closes it. */
  function refuse(socket: Socket, error: ProvisioningError, fault: string | undefined): void {
    const problem = createProblem(error, randomUUID());
    const { status, code, instance: reqId } = problem;
    logger.info({ reqId, status, code, fault, remote: socket.remoteAddress }, 'request');
    requests?.countUnread(status);
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${status} ${status === 400 ? 'Bad Request' : 'Service Unavailable'}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  app.decorateRequest('audit', undefined);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const error = new ProvisioningError('route-not-found', 'there is nothing at this path');
    return (options.onUnknownPath ?? sendProblem)(error, request, reply);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    if (isDecodable(request.url) || request.routeOptions.config.readsQuery === true) done();
    else done(new ProvisioningError('request-invalid', 'the query is not percent-encoded text'));
  });
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(request, reply);
    requests?.count(request, reply);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    logRequest(request);
    requests?.countAbandoned();
    done();
  });
  return app;
}

/** Faults of a connection rather than of what was asked on it: a machine on a bad line has to try again. */
const CLIENT_FAULTS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request did not arrive in time'],
};

/** The framework's own remarks about its life, such as each address it listens on, only matter to who looks for them. */
function frameworkLogger(logger: FastifyBaseLogger): FastifyBaseLogger {
  return logger.level === 'info' ? logger.child({}, { level: 'warn' }) : logger;
}

/** The framework takes what it cannot decode as it stands, and a label would get a value that nobody meant. */
function isDecodable(url: string): boolean {
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

/** The one line of the access log for a request; without a reply for one whose client did not stay for its answer. */
function logRequest(request: FastifyRequest, reply?: FastifyReply): void {
  const { url: route } = request.routeOptions;
  const { id: reqId, method, ip: remote } = request;
  const { remoteAddress } = request.socket;
  const level = reply !== undefined && reply.statusCode >= 500 ? 'warn' : 'info';
  // What is undefined is left out of the line.
  request.log[level](
    {
      reqId,
      method,
      route: route ?? null,
      // Where no route matched, the path is all that tells what was meant; its query may hold anything.
      path: route === undefined ? loggablePath(request.url) : undefined,
      gone: reply === undefined ? true : undefined,
      status: reply?.statusCode,
      remote,
      // Behind a trusted proxy the two differ.
      socket: remote === remoteAddress ? undefined : remoteAddress,
      userAgent: request.headers['user-agent'] ?? null,
      durationMs: reply === undefined ? undefined : round(reply.elapsedTime),
      ...request.audit,
    },
    'request',
  );
}

/** A path without its query. What is as long as the id of an instance may be one, and that is as good as a password. */
function loggablePath(url: string): string | undefined {
  return url
    .split('?')[0]
    ?.replace(/[\w-]{22,}/g, '[redacted]')
    .slice(0, 200);
}

/** Reports in one line of the log; `/v1/reports` has them all. */
const LOGGED_REPORTS = 10;

/** What no author and no machine can help: somebody has to look at the service. */
const ALARMING: ReadonlySet<ErrorCode> = new Set(['butane-failed', 'butane-missing']);

/** Notes for the access log what kept a request from what it asked for, and logs at once what somebody has to look at. */
export function noteFault(error: ProvisioningError, request: FastifyRequest): void {
  const { code, message: detail, diagnostics } = error;
  const reports = diagnostics.slice(0, LOGGED_REPORTS).map(placeOf);
  const more = diagnostics.length - reports.length;
  request.audit = { ...request.audit, code, detail, reports, ...(more > 0 ? { moreReports: more } : {}) };
  const reqId = request.id;
  if (code === 'internal') request.log.error({ reqId, err: error.cause ?? error }, 'unforeseen fault');
  if (ALARMING.has(code)) request.log.error({ reqId, code }, detail);
}

/** Answers with a problem and logs what led to it. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toProvisioningError(thrown);
  const problem = createProblem(error, String(request.id));
  noteFault(error, request);
  const body = Buffer.from(JSON.stringify(problem));
  if (error.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer');
  reply
    .code(problem.status)
    .header('Content-Type', PROBLEM_TYPE)
    .header('Content-Length', body.length)
    .header('Cache-Control', 'no-store')
    .header('Vary', 'Accept')
    .send(body);
}

/** A report's place without its text, which may quote what an author wrote. */
function placeOf(diagnostic: Diagnostic): Readonly<Record<string, unknown>> {
  const { severity, code, path, origin } = diagnostic;
  return {
    severity,
    code,
    path,
    at: origin === undefined ? undefined : `${origin.file}:${origin.line}:${origin.column}`,
  };
}

/** Rounds milliseconds for the log. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
