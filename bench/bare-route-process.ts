import { readFile } from 'node:fs/promises';
import { fastify, LogController } from 'fastify';
import { pino } from 'pino';

/**
 * What a route costs that knows its answer: Fastify gives the bytes of a file, with one line of pino for each request to
 * where the service logs, in the service's own format. Run as `bare-route-process.js BODY CONTENT-TYPE`.
 */
const [bodyFile = '', contentType = ''] = process.argv.slice(2);
const body = await readFile(bodyFile);
const loggerInstance = pino(
  { level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ dest: 2, sync: false }),
);
const app = fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) });
app.addHook('onResponse', async (request, reply) => {
  request.log.info(
    { method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime },
    'request',
  );
});
app.get('/ignition/:profile', async (_request, reply) => reply.header('Content-Type', contentType).send(body));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
loggerInstance.info({ machineAddress: new URL(url).host }, 'serving');
process.once('SIGTERM', () => void app.close());
