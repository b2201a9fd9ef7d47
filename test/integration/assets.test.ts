import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readlink, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requireProgram } from '../support/programs.ts';
import {
  type AskOptions,
  accessLine,
  ask,
  askRaw,
  assertProblem,
  eventually,
  startTestService,
  type TestService,
} from '../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

const KERNEL = randomBytes(300_000);
const SITE = { 'profiles/web.bu': butaneProfile('fcos', '1.5.0'), 'assets/flatcar/vmlinuz': KERNEL };

async function start(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}, assets?: string) {
  const site = await writeSite(t, { ...SITE, ...files });
  const service = await startTestService(t, { site, ...(assets === undefined ? {} : { assets }) });
  if (service === undefined) return undefined;
  const get = (path: string, headers: AskOptions['headers'] = {}, method = 'GET') =>
    ask(service.machine, `/assets/${path}`, { method, headers });
  return { site, folder: join(site, 'assets'), service, get };
}

test('An asset', async (t) => {
  const started = await start(t, {
    'assets/initrd.cpio.gz': 'x',
    'assets/page.html': '<script>',
    'assets/a b%2fü.img': 'odd',
    'assets/empty': '',
  });
  if (started === undefined) return;
  const { get, service } = started;
  const whole = await get('flatcar/vmlinuz');
  const { etag = '', 'last-modified': date = '' } = whole.headers;

  await t.test('comes whole, with its length and what tells its version', () => {
    assert.equal(whole.status, 200);
    assert.ok(whole.body.equals(KERNEL));
    assert.equal(whole.headers['content-length'], '300000');
    assert.equal(whole.headers['content-type'], 'application/octet-stream');
    assert.equal(whole.headers['accept-ranges'], 'bytes');
    assert.equal(whole.headers['cache-control'], 'no-cache');
    assert.equal(whole.headers['x-content-type-options'], 'nosniff');
    assert.match(etag, /^"[0-9a-f]{32}"$/);
    assert.ok(Date.parse(date) <= Date.now());
  });

  await t.test('is described by HEAD as GET describes it', async () => {
    const head = await get('flatcar/vmlinuz', { Range: 'bytes=0-1' }, 'HEAD');
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    const without = ({ date: _date, connection: _connection, 'keep-alive': _alive, ...rest }: typeof head.headers) =>
      rest;
    assert.deepEqual(without(head.headers), without(whole.headers));
    assert.equal((await get('nowhere', {}, 'HEAD')).status, 404);
  });

  await t.test('comes in parts', async () => {
    const cases: readonly (readonly [range: string, status: number, from: number, to: number])[] = [
      ['bytes=0-0', 206, 0, 0],
      ['bytes=100000-200000', 206, 100_000, 200_000],
      ['bytes=299999-', 206, 299_999, 299_999],
      ['bytes=-10', 206, 299_990, 299_999],
      ['bytes=-999999999999999999999', 206, 0, 299_999],
      ['bytes=5-999999999999999999999', 206, 5, 299_999],
      ['bytes=1-2, 9999999-', 206, 1, 2],
      // Several parts, or another unit: all of it is an answer to both.
      ['bytes=0-1,5-6', 200, 0, 299_999],
      ['lines=1-2', 200, 0, 299_999],
    ];
    for (const [range, status, from, to] of cases) {
      const answer = await get('flatcar/vmlinuz', { Range: range });
      assert.equal(answer.status, status, range);
      assert.ok(answer.body.equals(KERNEL.subarray(from, to + 1)), range);
      assert.equal(answer.headers['content-range'], status === 206 ? `bytes ${from}-${to}/300000` : undefined, range);
      assert.equal(answer.headers.etag, etag);
    }
  });

  await t.test('refuses what is no part of it, and says how large it is', async () => {
    const many = `bytes=${Array.from({ length: 17 }, (_, index) => `${index}-${index}`).join()}`;
    const wrong = ['300000-', '999999999999999999999-', '5-2', '-0', '-', 'a-b', '0x1-2', '1.5-2', '0-1,', '0 - 1'];
    for (const range of [...wrong.map((each) => `bytes=${each}`), 'bytes=', many]) {
      const answer = await get('flatcar/vmlinuz', { Range: range });
      assertProblem(answer, 416, 'range-not-satisfiable');
      assert.equal(answer.headers['content-range'], 'bytes */300000', range);
    }
    assertProblem(await get('empty', { Range: 'bytes=0-' }), 416, 'range-not-satisfiable');
  });

  await t.test('is not sent to who has it already', async () => {
    const later = new Date(Date.parse(date) + 1000).toUTCString();
    const earlier = new Date(Date.parse(date) - 1000).toUTCString();
    const cases: readonly (readonly [headers: Readonly<Record<string, string>>, status: number])[] = [
      [{ 'If-None-Match': etag }, 304],
      [{ 'If-None-Match': `"a", W/${etag}` }, 304],
      [{ 'If-None-Match': '*' }, 304],
      [{ 'If-None-Match': etag, Range: 'bytes=0-1' }, 304],
      [{ 'If-None-Match': '"other"', 'If-Modified-Since': later }, 200],
      [{ 'If-Modified-Since': date }, 304],
      [{ 'If-Modified-Since': earlier }, 200],
      [{ 'If-Modified-Since': 'yesterday' }, 200],
      [{ 'If-Match': `"other", ${etag}` }, 200],
      [{ 'If-Match': '*' }, 200],
      [{ 'If-Match': '"other"' }, 412],
      [{ 'If-Match': `W/${etag}` }, 412],
      [{ 'If-Unmodified-Since': date }, 200],
      [{ 'If-Unmodified-Since': earlier }, 412],
      [{ 'If-Match': etag, 'If-Unmodified-Since': earlier }, 200],
      [{ Range: 'bytes=0-1', 'If-Range': etag }, 206],
      [{ Range: 'bytes=0-1', 'If-Range': date }, 206],
      [{ Range: 'bytes=0-1', 'If-Range': '"other"' }, 200],
      [{ Range: 'bytes=0-1', 'If-Range': `W/${etag}` }, 200],
      [{ Range: 'bytes=0-1', 'If-Range': later }, 200],
      [{ Range: 'bytes=999999-', 'If-Range': '"other"' }, 200],
    ];
    for (const [headers, status] of cases) {
      const answer = await get('flatcar/vmlinuz', headers);
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (status === 412) assertProblem(answer, 412, 'precondition-failed');
      else assert.equal(answer.headers.etag, etag);
      if (status === 304) assert.equal(answer.body.length, 0);
    }
  });

  await t.test('has the type that its name says', async () => {
    assert.equal((await get('initrd.cpio.gz')).headers['content-type'], 'application/gzip');
    const page = await get('page.html');
    assert.equal(page.headers['content-type'], 'text/html');
    assert.equal(page.headers['content-security-policy'], "default-src 'none'; sandbox");
    assert.equal(page.headers['content-encoding'], undefined);
  });

  await t.test('may have any name, and no content', async () => {
    assert.equal((await get('a%20b%252f%C3%BC.img')).body.toString(), 'odd');
    const empty = await get('empty');
    assert.deepEqual([empty.status, empty.headers['content-length']], [200, '0']);
  });

  await t.test('is found whatever the query says, and only with GET and HEAD', async () => {
    assert.equal((await get('flatcar/vmlinuz?mac=zz&%2f')).status, 200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      assertProblem(await get('flatcar/vmlinuz', {}, method), 404, 'route-not-found');
    }
    assertProblem(await ask(service.operator, '/assets/flatcar/vmlinuz'), 404, 'route-not-found');
  });
});

test('No name leads out of the folder, to a folder, or to what is hidden', async (t) => {
  const outside = await scratchDirectory(t);
  await writeFile(join(outside, 'secret'), 'hunter2');
  const started = await start(t, { 'assets/.hidden': 'x', 'assets/.git/config': 'x', 'assets/sub/.env': 'x' });
  if (started === undefined) return;
  const { folder, get, service } = started;
  await symlink(join(outside, 'secret'), join(folder, 'absolute'));
  await symlink('../profiles/web.bu', join(folder, 'up'));
  await symlink(outside, join(folder, 'elsewhere'));
  await symlink('loop', join(folder, 'loop'));
  await symlink('nothing', join(folder, 'dangling'));
  await symlink('/dev/zero', join(folder, 'zero'));
  await symlink('flatcar', join(folder, 'current'));
  await symlink('flatcar/vmlinuz', join(folder, 'kernel'));
  await mkdir(`${folder}-of-others`);
  await writeFile(`${folder}-of-others/x`, 'hunter2');
  await symlink('../assets-of-others/x', join(folder, 'sibling'));

  for (const name of ['kernel', 'current/vmlinuz']) assert.ok((await get(name)).body.equals(KERNEL), name);
  const missing = [
    ...['', 'flatcar', 'flatcar/', 'flatcar/vmlinuz/', 'flatcar/vmlinuz/x', 'nowhere', 'FLATCAR/vmlinuz'],
    ...['.hidden', '.git/config', 'sub/.env', './flatcar/vmlinuz', 'flatcar//vmlinuz', '/flatcar/vmlinuz'],
    ...['..', '../profiles/web.bu', 'flatcar/../../profiles/web.bu', '%2e%2e/profiles/web.bu', '%2E./profiles/web.bu'],
    ...['..;/profiles/web.bu', '%252e%252e/profiles/web.bu', `${'x/'.repeat(600)}x`, 'x'.repeat(300)],
    ...['absolute', 'up', 'elsewhere/secret', 'elsewhere', 'loop', 'dangling', 'zero', 'sibling', 'current'],
  ];
  for (const name of missing) {
    const detail = assertProblem(await get(name), 404, 'asset-not-found');
    assert.ok(!detail.includes(folder) && !detail.includes(outside), detail);
  }
  const unreadable = ['..%2fprofiles%2fweb.bu', 'flatcar%2Fvmlinuz', 'flatcar%00', 'flatcar/vmlinuz%00.txt'];
  for (const name of [...unreadable, '..%5cprofiles%5cweb.bu', 'flatcar\\vmlinuz', 'a%0ab', '%c0%ae%c0%ae/x', '%zz']) {
    assertProblem(await get(name), 400, 'request-invalid');
  }
  const raw = await askRaw(service.machine, 'GET http://else.where/assets/flatcar%2Fvmlinuz HTTP/1.0\r\n\r\n');
  assert.match(raw, /^HTTP\/1\.1 400 /);
  assertProblem(await ask(service.machine, '/assets'), 404, 'route-not-found');
});

test('What is no regular file is never opened for long', async (t) => {
  const mkfifo = requireProgram(t, 'mkfifo');
  const started = await start(t);
  if (mkfifo === undefined || started === undefined) return;
  execFileSync(mkfifo, [join(started.folder, 'pipe')]);
  assert.match(assertProblem(await started.get('pipe'), 404, 'asset-not-found'), /no regular file/);
});

test('A folder of assets may be missing, elsewhere, or a link, and edits of it are live', async (t) => {
  const elsewhere = await scratchDirectory(t);
  const link = join(await scratchDirectory(t), 'assets');
  const started = await start(t, {}, link);
  if (started === undefined) return;
  const { get, service } = started;
  assert.match(assertProblem(await get('a'), 404, 'asset-not-found'), /no folder of assets here; --assets names one/);
  await writeFile(join(elsewhere, 'a'), 'one');
  await symlink(elsewhere, link);
  const first = await get('a');
  assert.equal(first.body.toString(), 'one');
  const revision = async () => JSON.parse((await ask(service.operator, '/v1/revision')).body.toString()).id;
  const before = await revision();
  await writeFile(join(elsewhere, 'b'), 'two');
  await rename(join(elsewhere, 'b'), join(elsewhere, 'a'));
  const second = await get('a', { Range: 'bytes=1-', 'If-Range': first.headers.etag ?? '' });
  assert.deepEqual([second.status, second.body.toString()], [200, 'two']);
  await rm(join(elsewhere, 'a'));
  assertProblem(await get('a'), 404, 'asset-not-found');
  assert.equal(await revision(), before);
});

test('A file that may not be read is no reason to stop for ever', async (t) => {
  // The system refuses this one to root as well.
  const started = await start(t, {}, '/sys/bus/cpu');
  if (started === undefined) return;
  assert.match(assertProblem(await started.get('uevent'), 503, 'asset-unreadable'), /EACCES/);
});

const LARGE = 64 * 1024 * 1024;

/** A download of which nothing is read beyond the first bytes. */
async function stalled(service: TestService, path: string): Promise<Socket> {
  const socket = connect(Number(new URL(service.machine).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve));
  socket.on('error', () => undefined);
  return socket;
}

async function drain(socket: Socket): Promise<number> {
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LARGE) socket.end();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return bytes;
}

async function openFiles(folder: string): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((target) => target.startsWith(folder)).length;
}

async function writeLarge(folder: string, name: string): Promise<void> {
  const file = await open(join(folder, name), 'w');
  await file.truncate(LARGE);
  await file.close();
}

test('A download', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { folder, service, get } = started;
  const lineOf = async (after: number) => accessLine(service, after);

  await t.test('leaves one line with what was sent, and the digest of each version is logged once', async () => {
    const before = service.log.length;
    await get('flatcar/vmlinuz', { Range: 'bytes=0-9' });
    const { asset, bytes, status, route } = await lineOf(before);
    assert.deepEqual([asset, bytes, status, route], ['flatcar/vmlinuz', 10, 206, '/assets/*']);
    const digests = () => service.log.filter((line) => line.msg === 'asset' && line.asset === 'flatcar/vmlinuz');
    await eventually(() => digests().length > 0);
    await get('flatcar/vmlinuz');
    await get('flatcar/vmlinuz', {}, 'HEAD');
    await writeFile(join(folder, 'flatcar/vmlinuz'), 'another one');
    await get('flatcar/vmlinuz');
    await eventually(() => digests().length > 1);
    assert.deepEqual(
      digests().map(({ bytes, sha256 }) => [bytes, sha256]),
      [KERNEL, Buffer.from('another one')].map((text) => [
        text.length,
        createHash('sha256').update(text).digest('hex'),
      ]),
    );
    const counted = (await ask(service.operator, '/metrics')).body.toString();
    assert.match(counted, /^pilotlight_asset_bytes_total 300021$/m);
  });

  await t.test('that is abandoned closes its file, and leaves a line with what was sent', async () => {
    await writeLarge(folder, 'abandoned');
    const before = service.log.length;
    const socket = await stalled(service, '/assets/abandoned');
    await eventually(async () => (await openFiles(folder)) > 0);
    socket.destroy();
    await eventually(async () => (await openFiles(folder)) === 0);
    const line = await lineOf(before);
    assert.equal(line.gone, true);
    assert.ok(Number(line.bytes) > 0 && Number(line.bytes) < LARGE, String(line.bytes));
  });

  await t.test('goes on with the file it began with when another one takes its name', async () => {
    await writeLarge(folder, 'replaced');
    const socket = await stalled(service, '/assets/replaced');
    await writeFile(join(folder, 'new'), 'x'.repeat(1000));
    await rename(join(folder, 'new'), join(folder, 'replaced'));
    assert.ok((await drain(socket)) > LARGE);
    assert.equal((await get('replaced')).body.length, 1000);
  });

  await t.test('is cut when somebody writes into its file, or makes it shorter', async () => {
    const edits: Readonly<Record<string, (path: string) => Promise<void>>> = {
      'file-changed': (path) => writeFile(path, 'y', { flag: 'r+' }),
      'file-shrank': (path) => truncate(path, LARGE / 2),
    };
    for (const [cut, edit] of Object.entries(edits)) {
      await writeLarge(folder, cut);
      const before = service.log.length;
      const socket = await stalled(service, `/assets/${cut}`);
      await edit(join(folder, cut));
      assert.ok((await drain(socket)) < LARGE, cut);
      const line = await lineOf(before);
      assert.deepEqual([line.cut, line.gone], [cut, true]);
    }
  });

  await t.test('has one file open for each connection, however many are asked for at once', async () => {
    await writeLarge(folder, 'asked');
    const socket = connect(Number(new URL(service.machine).port), '127.0.0.1');
    socket.write('GET /assets/asked HTTP/1.1\r\n\r\n'.repeat(200));
    socket.on('error', () => undefined);
    await eventually(async () => (await openFiles(folder)) > 0);
    for (let looks = 0; looks < 5; looks += 1) {
      // The digest is made of a second one.
      assert.ok((await openFiles(folder)) <= 2);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    socket.destroy();
    await eventually(async () => (await openFiles(folder)) === 0);
  });
});

test('A stop lets a download finish that takes seconds, and cuts one that takes longer', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { folder, service } = started;
  await writeLarge(folder, 'large');
  const [quick, slow] = [await stalled(service, '/assets/large'), await stalled(service, '/assets/large')];
  const startedAt = performance.now();
  const closed = service.close();
  assert.ok((await drain(quick)) > LARGE);
  const cutAt = new Promise<number>((resolve) => slow.once('close', () => resolve(performance.now() - startedAt)));
  await closed;
  slow.resume();
  assert.ok((await cutAt) < 9000);
  assert.equal(await openFiles(folder), 0);
});
