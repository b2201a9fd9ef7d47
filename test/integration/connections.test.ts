import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';
import { pino } from 'pino';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import type { ClosedReason } from '../../src/http/connections.ts';
import { createMachineApp } from '../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import type { Renderer } from '../../src/render/renderer.ts';
import { readCertificate } from '../../src/service/certificate-file.ts';
import { readSiteRevision } from '../../src/service/workshop-process.ts';
import { afterTest } from '../support/after-test.ts';
import { createAuthority } from '../support/authority.ts';
import { ask, askRaw, eventually } from '../support/service.ts';
import { butaneProfile, writeSite } from '../support/site.ts';

const BIG = Buffer.alloc(24 * 1024 * 1024, 'x');

/** An app with one route that answers at once, one that waits until it is told, and one whose answer is big. */
async function startApp(t: TestContext, options: Pick<AppOptions, 'connections' | 'tls'>) {
  const reasons: ClosedReason[] = [];
  const app = createApp({
    logger: pino({ level: 'silent' }),
    onConnectionClosed: (reason) => reasons.push(reason),
    ...options,
  });
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let waiting = 0;
  app.get('/now', async () => 'now');
  app.get('/big', async () => BIG);
  app.get<{ Params: { ms: string } }>('/allowed/:ms', async ({ params }, reply) => {
    app.connections.allow(reply.raw, Number(params.ms));
    return BIG;
  });
  app.get('/wait', async () => {
    waiting += 1;
    await released;
    return 'then';
  });
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  afterTest(t, () => app.close());
  afterTest(t, () => release());
  const open = async (text: string) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    afterTest(t, () => socket.destroy());
    socket.on('error', () => undefined);
    const before = app.connections.count();
    await once(socket, 'connect');
    socket.write(text);
    await eventually(
      () => socket.destroyed || app.connections.count() !== before || before === options.connections?.max,
    );
    return socket;
  };
  return { app, base, reasons, open, release, waiting: () => waiting };
}

/** What comes on a connection until the other side closes it. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

const IDLE: readonly (readonly [title: string, text: string])[] = [
  ['is silent', ''],
  ['sent half a header', 'GET /now HTTP/1.1\r\nX-Half:'],
  ['is kept alive', 'GET /now HTTP/1.1\r\n\r\n'],
  ['announced a body and does not send it', 'POST /now HTTP/1.1\r\nContent-Length: 10\r\n\r\n'],
];

for (const [title, text] of IDLE) {
  test(`A full listener takes a newcomer in place of the connection that is idle longest: one that ${title}`, async (t) => {
    const { app, base, open, reasons } = await startApp(t, { connections: { max: 3 } });
    const oldest = await open(text);
    if (title === 'is kept alive') await once(oldest, 'data');
    const closed = once(oldest.resume(), 'close');
    const other = await open('');
    await open('');
    assert.equal(app.connections.count(), 3);
    assert.equal((await ask(base, '/now')).status, 200);
    await closed;
    assert.ok(!other.destroyed, 'the others stay');
    assert.deepEqual(reasons, ['idle-evicted']);
  });
}

/** A certificate for 127.0.0.1, as apps take it; undefined, and the test skipped, without openssl. */
async function makeTls(t: TestContext) {
  const authority = await createAuthority(t);
  return authority && readCertificate(authority);
}

test('Under TLS a connection counts from its start, and one that never shakes hands makes room', async (t) => {
  const tls = await makeTls(t);
  if (tls === undefined) return;
  const { app, base, open, reasons } = await startApp(t, { connections: { max: 2 }, tls });
  const oldest = await open('');
  const closed = once(oldest.resume(), 'close');
  await open('');
  assert.equal(app.connections.count(), 2);
  const port = Number(new URL(base).port);
  const client = connectSecurely({ host: '127.0.0.1', port, rejectUnauthorized: false });
  afterTest(t, () => client.destroy());
  client.write('GET /now HTTP/1.1\r\nConnection: close\r\n\r\n');
  await closed;
  assert.match(await readAll(client), /^HTTP\/1\.1 200[\s\S]*now$/);
  assert.deepEqual(reasons, ['idle-evicted']);
  await eventually(() => app.connections.count() === 1);
});

test('Under TLS no connection that never shakes hands holds a stop up', async (t) => {
  const tls = await makeTls(t);
  if (tls === undefined) return;
  const { app, open } = await startApp(t, { tls });
  const silent = await open('');
  const closed = once(silent.resume(), 'close');
  const startedAt = performance.now();
  await app.close();
  await closed;
  assert.ok(performance.now() - startedAt < 5000);
  assert.equal(app.connections.count(), 0);
});

test('A connection that was used just now is the last one to go', async (t) => {
  const { open, base, reasons } = await startApp(t, { connections: { max: 2 } });
  const used = await open('');
  const silent = await open('');
  used.write('GET /now HTTP/1.1\r\n\r\n');
  await once(used, 'data');
  const closed = once(silent.resume(), 'close');
  assert.equal((await ask(base, '/now')).status, 200);
  await closed;
  assert.ok(!used.destroyed);
  assert.deepEqual(reasons, ['idle-evicted']);
});

test('A listener that is full of requests under way answers all of them and closes the newcomer', async (t) => {
  const { open, base, reasons, release, waiting } = await startApp(t, { connections: { max: 2 } });
  const sockets = [
    await open('GET /wait HTTP/1.1\r\nConnection: close\r\n\r\n'),
    await open('GET /wait HTTP/1.1\r\nConnection: close\r\n\r\n'),
  ];
  await eventually(() => waiting() === 2);
  await assert.rejects(ask(base, '/now'), /ECONNRESET|socket hang up/);
  assert.deepEqual(reasons, ['refused']);
  release();
  for (const socket of sockets) assert.match(await readAll(socket), /^HTTP\/1\.1 200[\s\S]*then$/);
  assert.equal((await ask(base, '/now')).status, 200);
});

test('A reader that takes nothing of its answer is cut', async (t) => {
  const { app, open, reasons } = await startApp(t, { connections: { stallMs: 300 } });
  await open('GET /big HTTP/1.1\r\n\r\n');
  await eventually(() => reasons.includes('slow-reader'));
  assert.equal(app.connections.count(), 0);
});

test('A reader that is slow and goes on reading gets its whole answer', async (t) => {
  const { open, reasons } = await startApp(t, { connections: { stallMs: 300 } });
  const socket = await open('GET /big HTTP/1.1\r\nConnection: close\r\n\r\n');
  let bytes = 0;
  let pauses = 0;
  for await (const chunk of socket) {
    bytes += chunk.length;
    if (bytes > (pauses + 1) * 4 * 1024 * 1024) {
      pauses += 1;
      await delay(200);
    }
  }
  assert.ok(bytes > BIG.length, `${bytes}`);
  assert.deepEqual(reasons, []);
});

test('A reader that draws its answer out is cut in the end', async (t) => {
  const { open, reasons } = await startApp(t, { connections: { stallMs: 5000, exchangeMs: 500 } });
  const socket = await open('GET /big HTTP/1.1\r\n\r\n');
  const sip = setInterval(() => void socket.read(1000), 50);
  afterTest(t, () => clearInterval(sip));
  socket.pause();
  await eventually(() => reasons.includes('slow-reader'));
});

test('A download may take longer than other answers, and is cut in the end all the same', async (t) => {
  const { open, reasons } = await startApp(t, { connections: { stallMs: 5000, exchangeMs: 500 } });
  const started = performance.now();
  const socket = await open('GET /allowed/1000 HTTP/1.1\r\n\r\n');
  const sip = setInterval(() => void socket.read(1000), 50);
  afterTest(t, () => clearInterval(sip));
  socket.pause();
  await eventually(() => reasons.includes('slow-reader'));
  assert.ok(performance.now() - started > 1400);
});

test('What one answer is allowed is not allowed to the next', async (t) => {
  const { open, reasons } = await startApp(t, { connections: { stallMs: 5000, exchangeMs: 500 } });
  const socket = await open('GET /allowed/60000 HTTP/1.1\r\n\r\n');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await eventually(() => bytes > BIG.length);
  socket.pause();
  const started = performance.now();
  socket.write('GET /big HTTP/1.1\r\n\r\n');
  await eventually(() => reasons.includes('slow-reader'));
  assert.ok(performance.now() - started < 1400);
});

test('An answer that takes longer than a reader may stall is not the fault of its reader', async (t) => {
  const { open, release, waiting, reasons } = await startApp(t, { connections: { stallMs: 200 } });
  const socket = await open('GET /wait HTTP/1.1\r\nConnection: close\r\n\r\n');
  await eventually(() => waiting() === 1);
  await delay(700);
  release();
  assert.match(await readAll(socket), /then$/);
  assert.deepEqual(reasons, []);
});

test('A connection on which many requests follow each other without a pause is used for as long as it goes on', async (t) => {
  const { open, reasons } = await startApp(t, { connections: { exchangeMs: 1000 } });
  const socket = await open('');
  socket.resume();
  const started = performance.now();
  while (performance.now() - started < 3000) {
    socket.write('GET /now HTTP/1.1\r\n\r\n'.repeat(20));
    await delay(5);
  }
  assert.deepEqual(reasons, []);
  assert.ok(!socket.destroyed);
});

test('A stop waits for no connection on which nothing is under way, and for no new one', async (t) => {
  const { app, base, open } = await startApp(t, { connections: { max: 10 } });
  for (const [, text] of IDLE) await open(text);
  const started = performance.now();
  await app.close();
  assert.ok(performance.now() - started < 2000);
  await assert.rejects(askRaw(base, 'GET /now HTTP/1.1\r\n\r\n'));
});

test('A render is told when the machine that waits for it goes away, and not when it was answered', async (t) => {
  const signals: AbortSignal[] = [];
  const renderer: Renderer = {
    ...NOTHING_SERVED.renderer,
    render: async (_served, _request, options) => {
      if (options?.signal !== undefined) signals.push(options.signal);
      await delay(500);
      throw new Error('nothing to give');
    },
  };
  const directory = await writeSite(t, { 'profiles/a.bu': butaneProfile('fcos', '1.5.0') });
  const served = { revision: await readSiteRevision(directory), filesDir: directory };
  const site = { ...NOTHING_SERVED.site, current: () => served, ready: true };
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics({ version: '0', nodeVersion: '0' });
  const app = await createMachineApp({ ...NOTHING_SERVED, site, renderer, version: '0', logger, metrics });
  afterTest(t, () => app.close());
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  assert.equal((await ask(base, '/ignition/a')).status, 503);
  const socket = connect(Number(new URL(base).port), '127.0.0.1', () => {
    socket.write('GET /ignition/a?mac=52:54:00:00:00:01 HTTP/1.1\r\n\r\n');
  });
  await eventually(() => signals.length === 2);
  socket.destroy();
  await eventually(() => lines.some((line) => line.gone === true));
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [false, true],
  );
  const gone = lines
    .filter((line) => line.msg === 'request')
    .map(({ profile, status, gone }) => [profile, status, gone]);
  await delay(500);
  assert.deepEqual(gone, [
    ['a', 503, undefined],
    ['a', undefined, true],
  ]);
  assert.match(await metrics.scrape(), /^pilotlight_requests_abandoned_total\{api="machine"\} 1$/m);
});
