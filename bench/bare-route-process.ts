import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fastify, LogController } from 'fastify';
import { pino } from 'pino';

/**
 * What a route costs that knows its answer: Fastify gives the bytes of a file with the service's headers, and leaves the
 * line in the log that the service leaves, in the service's own format and with the same fields. What takes no work
 * here, since it is always the same, comes from a file. Run as `bare-route-process.js
 * BODY HEADERS LINE ROUTE`.
 */
const [bodyFile = '', headersFile = '', lineFile = '', route = '/'] = process.argv.slice(2);
const body = await readFile(bodyFile);
const headers = JSON.parse(await readFile(headersFile, 'utf8'));
const line = JSON.parse(await readFile(lineFile, 'utf8'));
const loggerInstance = pino(
  { level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 100 }),
);
const app = fastify({
  loggerInstance,
  childLoggerFactory: () => loggerInstance,
  genReqId: () => randomUUID(),
  logController: new LogController({ disableRequestLogging: true }),
});
app.addHook('onResponse', (request, reply, done) => {
  const fields = {
    reqId: request.id,
    method: request.method,
    route: request.routeOptions.url,
    status: reply.statusCode,
    remote: request.ip,
    userAgent: request.headers['user-agent'] ?? null,
    durationMs: reply.elapsedTime,
    ...line,
  };
  request.log.info(fields, 'request');
  done();
});
app.get(route, (_request, reply) => reply.headers(headers).send(body));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
loggerInstance.info({ machineAddress: new URL(url).host }, 'serving');
process.once('SIGTERM', () => void app.close());
