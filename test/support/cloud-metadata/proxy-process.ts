import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/**
 * Passes requests on to a service and says whose they are, as a load balancer does: what somebody said of that before
 * stays in front. Speaks TLS where it is given a certificate and its key.
 */
const [host, port, toHost, toPort, certificate, key] = process.argv.slice(2);

function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const before = incoming.headers['x-forwarded-for'];
  const whose = [...(before === undefined ? [] : [before]), incoming.socket.remoteAddress ?? ''].join(', ');
  const { method = 'GET', url: path = '/' } = incoming;
  const headers = { ...incoming.headers, 'x-forwarded-for': whose };
  const further = request({ host: toHost, port: toPort, method, path, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  further.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(further);
}

const server =
  certificate === undefined || key === undefined
    ? createServer(pass)
    : createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, pass);
server.listen(Number(port), host, () => process.stdout.write('listening\n'));
