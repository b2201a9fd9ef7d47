import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { parseAccept } from '../ignition/accept.ts';
import type { Machine } from '../machine/machine.ts';
import { parseMachine } from '../machine/machine.ts';
import type { Dialect, UserDataEncoding } from '../metadata/dialect.ts';
import { DIALECTS, findRivalDialects } from '../metadata/dialects.ts';
import type { Asked, MetadataRequest, MetadataSetup, Refusal } from '../metadata/engine.ts';
import { readMetadataRequest } from '../metadata/engine.ts';
import { makeInstance } from '../metadata/instance.ts';
import type { Neighbours } from '../metadata/neighbours-process.ts';
import { createSessionTokens, instanceToken } from '../metadata/tokens.ts';
import { machineFor } from '../render/check.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Group, Revision } from '../site/revision.ts';
import { select } from '../site/selection.ts';
import { renderWithin } from './delivery.ts';
import { loggable } from './loggable.ts';
import type { SiteState } from './site-state.ts';

/** What the ids of instances are made from. */
export interface MetadataKey {
  /** Dialects that are spoken besides those of site.yaml. */
  readonly dialects: readonly string[];
  /** Makes session tokens and the ids of instances. */
  readonly key: Buffer;
}

/** What metadata services are made from. */
export interface MetadataService extends MetadataKey {
  readonly neighbours?: Neighbours;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** What they answer with. */
export interface MetadataAnswersOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  readonly metadata: MetadataService;
}

/** Answers a request in the dialect that its path belongs to; false where it belongs to none that is spoken. */
export type MetadataAnswers = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;

const TEXT = 'text/plain; charset=utf-8';

/** Answers for the machines of a site as the metadata services of their clouds do. */
export function createMetadataAnswers({ site, renderer, metadata }: MetadataAnswersOptions): MetadataAnswers {
  const { key, neighbours, now } = metadata;
  const tokens = createSessionTokens(key, now);
  const instances = new WeakMap<Revision, ReadonlyMap<string, Group>>();
  // While nothing is served, the flags alone say what is spoken.
  const setups = new WeakMap<Revision | SiteState, MetadataSetup>();

  function groupOf(revision: Revision, id: string): Group {
    const known =
      instances.get(revision) ??
      new Map([...revision.groups.values()].map((each) => [instanceToken(key, each.id), each]));
    instances.set(revision, known);
    const group = known.get(id);
    if (group === undefined) throw new ProvisioningError('route-not-found', 'there is nothing at this path');
    return group;
  }

  async function machineOf(request: FastifyRequest, revision: Revision, id: string | undefined): Promise<Machine> {
    if (id !== undefined) return machineFor(revision.format, [groupOf(revision, id).selector]);
    const mac = await neighbours?.find(request.ip.replace(/^::ffff:/, '')).catch(unreadable);
    return parseMachine(mac === undefined ? {} : { mac }, { from: 'connection', ip: request.ip });
  }

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    asked: Asked,
    id: string | undefined,
  ): Promise<void> {
    if (asked.kind === 'nothing') return;
    if (asked.kind === 'refused') throw refusal(asked.reason, asked.dialect);
    const { dialect } = asked;
    if (dialect.lowPort) freePort(request, reply);
    reply.headers({ 'Cache-Control': 'private, no-store', ...dialect.headers });
    if (asked.kind === 'token') {
      const { lifetimeHeader = '' } = dialect.token ?? {};
      send(reply.header(lifetimeHeader, String(asked.seconds)), asked.token, TEXT);
      return;
    }
    if (asked.kind === 'report') {
      request.audit = { dialect: dialect.name, state: stateOf(request.body, asked.rules.key) };
      send(reply, '', TEXT);
      return;
    }
    const served = site.current();
    const machine = await machineOf(request, served.revision, id);
    request.audit = { dialect: dialect.name, revision: served.revision.id, labels: loggable(machine) };
    try {
      if (asked.kind === 'user-data') {
        const accepts = parseAccept(request.headers.accept, request.headers['user-agent']);
        const wanted = { machine, ...(accepts === undefined ? {} : { accepts }) };
        const body = await renderWithin(renderer, served, wanted, request);
        send(reply, await encode(body, dialect.userData.encoding), 'application/octet-stream');
        return;
      }
      const { profile, group, groups } = select(served.revision, machine);
      request.audit = { ...request.audit, profile: profile.id, group: group?.id ?? null };
      const said = groups.flatMap(({ instance }) => instance ?? []);
      const data = asked.read(makeInstance(profile.id, group?.id, said, machine.known));
      if (data === undefined) throw new ProvisioningError('route-not-found', 'this instance has nothing at this path');
      send(reply, data.text, data.type);
    } catch (error) {
      throw unknownIn(dialect, error, site);
    }
  }

  function setupOf(request: FastifyRequest): MetadataSetup {
    const revision = site.ready ? site.current().revision : undefined;
    const known = setups.get(revision ?? site);
    if (known !== undefined) return known;
    const settings = revision?.settings.metadata;
    const names = [...new Set([...metadata.dialects, ...(settings?.dialects ?? [])])];
    const rivals = findRivalDialects(names);
    if (rivals !== undefined) {
      request.log.warn({ dialects: rivals }, 'two dialects have the same paths; the one of --metadata answers there');
    }
    const setup = {
      // Where two have one path, the first of them has it: what the service was started with.
      dialects: names.flatMap((name) => DIALECTS.filter((dialect) => dialect.name === name)),
      tokens,
      withoutToken: settings?.withoutToken ?? false,
    };
    setups.set(revision ?? site, setup);
    return setup;
  }

  return async (request, reply) => {
    const [whole = ''] = request.url.split('?', 1);
    const [, id, rest = whole] = /^\/i\/([\w-]{22})(\/.*)$/.exec(whole) ?? [];
    const asked = readMetadataRequest(requestOf(request, rest), setupOf(request));
    if (asked.kind === 'nothing') return false;
    request.audit = { dialect: asked.kind === 'refused' ? null : asked.dialect.name };
    await answer(request, reply, asked, id);
    return true;
  };
}

function requestOf(request: FastifyRequest, path: string): MetadataRequest {
  const { headers, method, ip, ips = [] } = request;
  // Whoever passed it on and is listed has told whose it is.
  const forwarded = (headers['x-forwarded-for'] ?? headers.forwarded) !== undefined && ips.length < 2;
  return {
    method,
    path,
    headers,
    address: ip,
    port: request.socket.remotePort ?? 0,
    forwarded,
  };
}

/** A state as clouds have them; whatever else a machine writes has no place in the log. */
const STATE = /^[a-z][a-z-]{0,31}$/;

/** The state in what a machine reports; undefined where it says none. */
function stateOf(body: unknown, key: string): string | undefined {
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    const said: unknown = Object(JSON.parse(body.toString()))[key];
    return typeof said === 'string' && STATE.test(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Resets the connection once an answer is out that tells the client to ask again. Where a client may only ask from some
 * ports it takes the same each time, and a connection that it had closed itself would keep that for a minute.
 */
function freePort({ socket }: FastifyRequest, reply: FastifyReply): void {
  if ((socket.remotePort ?? 0) >= 1024) return;
  reply.raw.once('finish', () => {
    // One that is being closed already cannot be reset as well: Node.js would wait for its end for ever when it exits.
    if (reply.statusCode >= 500 && !socket.writableEnded && socket.writableLength === 0) socket.resetAndDestroy();
  });
}

function send(reply: FastifyReply, body: string | Buffer, type: string): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  reply.headers({ 'Content-Type': type, 'Content-Length': bytes.length }).send(bytes);
}

/** Bytes of user data from which on a cloud that compresses them does so. */
const COMPRESSED_FROM = 16 * 1024;

const compress = promisify(gzip);

async function encode(body: Buffer, encoding: UserDataEncoding): Promise<string | Buffer> {
  if (encoding === 'plain') return body;
  const isLong = encoding === 'base64-gzip' && body.length >= COMPRESSED_FROM;
  return (isLong ? await compress(body) : body).toString('base64');
}

/** What each refusal is answered with. What a cloud demands is no secret, and whoever asks by hand wants to know it. */
const REFUSALS: Readonly<Record<Refusal, readonly [ErrorCode, (dialect: Dialect) => string]>> = {
  forwarded: ['metadata-refused', () => 'somebody passed the request on who is no listed proxy'],
  'flavour-missing': ['metadata-refused', flavourMissing],
  'flavour-invalid': ['request-invalid', flavourMissing],
  'high-port': ['metadata-refused', () => 'the request comes from a port above 1023'],
  'lifetime-invalid': [
    'request-invalid',
    ({ token }) =>
      `the header ${token?.lifetimeHeader} has to hold the seconds of the token, from 1 to ${token?.maxSeconds}`,
  ],
  'token-missing': ['metadata-token', ({ token }) => `the request has no session token: ${howToAsk(token)}`],
  'token-invalid': [
    'metadata-token',
    ({ token }) => `the session token has ended, or was never issued to this machine: ${howToAsk(token)}`,
  ],
  method: ['request-invalid', () => 'this path is not asked with this method'],
};

function flavourMissing({ flavour }: Dialect): string {
  return `the header that this cloud demands is missing: ${flavour?.header}: ${flavour?.value}`;
}

function howToAsk(token: Dialect['token']): string {
  return `PUT ${token?.path} gives one, for the header ${token?.header}`;
}

function refusal(reason: Refusal, dialect: Dialect): ProvisioningError {
  const [code, detail] = REFUSALS[reason];
  return new ProvisioningError(code, detail(dialect));
}

/** Without its MAC a machine would be taken for another one that fewer labels describe. */
function unreadable(cause: unknown): never {
  const message = 'the table of neighbours cannot be read, which tells who asks; the machine is told to ask again';
  throw new ProvisioningError('machine-waits', message, { cause });
}

/** What says that nobody knows the machine. */
const UNKNOWN: ReadonlySet<ErrorCode> = new Set(['machine-unknown', 'profile-not-found', 'parameter-missing']);

/** An unknown machine is told to wait wherever its client would boot unprovisioned, and while an edit is on its way. */
function unknownIn({ unknown }: Dialect, error: unknown, { pending }: SiteState): unknown {
  if (!(error instanceof ProvisioningError) || !UNKNOWN.has(error.code)) return error;
  if (unknown === 'stop' && !pending) return error;
  return new ProvisioningError('machine-waits', `${error.message}; it is told to ask again`);
}
