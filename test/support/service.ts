import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { Config } from '../../src/config.ts';
import { startService } from '../../src/service/service.ts';
import { afterTest } from './after-test.ts';
import { requireProgram } from './programs.ts';
import { scratchDirectory, writeSite } from './site.ts';

/** The URL under which machines reach every service that the tests start. */
export const PUBLIC_URL = 'http://boot.example:8080';

/** One line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A service with both listeners on ports of their own. */
export interface TestService {
  /** Base URLs of the two APIs. */
  readonly machine: string;
  readonly operator: string;
  readonly stateDir: string;
  /** Everything that was logged so far, the oldest first. */
  readonly log: readonly LogLine[];
  readonly close: () => Promise<void>;
}

/** What a test may choose; everything else is as by default. */
export interface TestServiceOptions
  extends Partial<
    Pick<
      Config,
      | 'siteFormat'
      | 'metadata'
      | 'metadataKeyFile'
      | 'neighbourTable'
      | 'tls'
      | 'publicUrl'
      | 'trustedProxies'
      | 'assets'
      | 'operatorTokenFile'
      | 'listen'
      | 'logLevel'
      | 'stateDir'
      | 'watch'
    >
  > {
  readonly site: string;
  /** Another program than the real butane. */
  readonly butane?: string;
}

/** Starts a service that is closed after the test; undefined, and the test skipped, when there is no butane. */
export async function startTestService(t: TestContext, options: TestServiceOptions): Promise<TestService | undefined> {
  const { site, butane = requireProgram(t, 'butane'), ...rest } = options;
  if (butane === undefined) return undefined;
  const log: LogLine[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const stateDir = rest.stateDir ?? (await mkdtemp(join(tmpdir(), 'pilotlight-state-')));
  const any = { host: '127.0.0.1', port: 0 };
  const config: Config = {
    site,
    siteFormat: 'auto',
    assets: join(site, 'assets'),
    butane,
    listen: any,
    operatorListen: any,
    publicUrl: PUBLIC_URL,
    stateDir,
    trustedProxies: [],
    metadata: [],
    neighbourTable: false,
    watch: 'on',
    logLevel: 'info',
    logFormat: 'json',
    ...rest,
  };
  const removeState = () => (rest.stateDir === undefined ? rm(stateDir, { recursive: true, force: true }) : undefined);
  const service = await startService(config, pino({ base: null, level: config.logLevel }, sink)).catch(
    async (error: unknown) => {
      await removeState();
      throw error;
    },
  );
  afterTest(t, async () => {
    await service.close();
    await removeState();
  });
  const machine = `http://${service.machineAddress}`;
  const operator = `http://${service.operatorAddress}`;
  return { machine, operator, stateDir, log, close: () => service.close() };
}

/** A service, and the site of its own that it serves. */
export interface LiveService {
  readonly site: string;
  readonly service: TestService;
}

/** Starts a service over a site of these documents, or over one that is named, and waits until the site was checked. */
export async function startLiveService(
  t: TestContext,
  documents: Readonly<Record<string, string>>,
  options: Partial<TestServiceOptions> = {},
): Promise<LiveService | undefined> {
  const site = options.site ?? (await writeSite(t, documents));
  const service = await startTestService(t, { ...options, site });
  if (service === undefined) return undefined;
  await siteChecked(service);
  return { site, service };
}

/** Writes a file that holds the one token of an operator API; it is gone after the test. */
export async function writeTokenFile(t: TestContext, token: string): Promise<string> {
  const path = join(await scratchDirectory(t), 'token');
  await writeFile(path, `${token}\n`);
  return path;
}

/** An answer, its body as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a request may add. */
export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The address that the request comes from. */
  readonly localAddress?: string;
}

/** Asks with the path exactly as it is given: nothing is normalised, followed or decompressed. */
export function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body, localAddress }: AskOptions = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((fulfil, reject) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const from = localAddress === undefined ? {} : { localAddress };
    const request = httpRequest({ host, port, path, method, headers, agent: false, ...from }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        fulfil({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes as they are and gives all that comes back until the other side closes. */
export function askRaw(base: string, text: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((fulfil, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => fulfil(answer));
    socket.on('error', reject);
  });
}

/** Fails unless the answer is a problem of this status and code, with exactly the members that every problem has. */
export function assertProblem(answer: Answer, status: number, code: string): string {
  const text = answer.body.toString('utf8');
  assert.equal(answer.status, status, text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem: unknown = JSON.parse(text);
  assert.ok(typeof problem === 'object' && problem !== null);
  assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'code', 'detail', 'instance']);
  const detail = 'detail' in problem ? String(problem.detail) : '';
  const { status: said, code: named, type } = JSON.parse(text);
  assert.deepEqual({ said, named, type }, { said: status, named: code, type: `/problems#${code}` });
  return detail;
}

/** Waits until every profile was rendered once by the check that follows a start. */
export async function siteChecked(service: TestService): Promise<void> {
  await eventually(() => service.log.some((line) => line.msg === 'the site was checked'));
}

/** Waits until a condition holds, at most ten seconds unless more is given. */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  for (let tries = 0; tries < withinMs / 20; tries += 1) {
    if (await holds()) return;
    await delay(20);
  }
  assert.fail('it never came to that');
}

/** The log line of the last request that was answered; waits for one beyond the first `after` lines. */
export async function accessLine(service: TestService, after: number): Promise<LogLine> {
  const found = () => service.log.slice(after).findLast((line) => line.msg === 'request');
  await eventually(() => found() !== undefined);
  return found() ?? {};
}

/** A butane in a shell script: `script` runs before the real one takes over, with `$text` as the document. */
export async function wrapButane(t: TestContext, script: string): Promise<string | undefined> {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return undefined;
  const path = join(await scratchDirectory(t), 'butane');
  const lines = [
    '#!/bin/sh',
    'for last in "$@"; do :; done',
    `if [ "$last" = -V ]; then exec '${butane}' -V; fi`,
    'text=$(cat)',
    script,
    `printf '%s\\n' "$text" | '${butane}' "$@"`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}
