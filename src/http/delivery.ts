import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { parseAccept } from '../ignition/accept.ts';
import { ignitionMediaType } from '../ignition/media-type.ts';
import { formatSpecVersion } from '../ignition/spec-version.ts';
import type { Machine } from '../machine/machine.ts';
import { parseMachine } from '../machine/machine.ts';
import type { RenderRequest } from '../render/render.ts';
import type { Recalled, Renderer } from '../render/renderer.ts';
import { withDeadline } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import { machineOfQuery } from '../site/matchbox/query.ts';
import type { SiteFormat } from '../site/revision.ts';
import { round } from './app.ts';
import { loggable } from './loggable.ts';
import type { SiteState } from './site-state.ts';

/** What a delivery is made from. */
export interface DeliveryOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  /** How machines are read. */
  readonly format: SiteFormat;
}

/** Ignition gives up on an answer whose first byte takes 10 s; this leaves it time for the way. */
const DEADLINE_MS = 8000;

/** What a request asks for, as it was understood. */
interface Question {
  readonly asked: RenderRequest;
  readonly specAsked: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** Bytes of questions that are remembered. */
const QUESTION_BYTES = 8 * 1024 * 1024;

/**
 * Reads what a request asks for. The same words mean the same each time, and a machine that boots asks several times, so
 * the reading is remembered. Throws what `parseMachine` does.
 */
function createReader(format: SiteFormat): (request: FastifyRequest, profileId: string | undefined) => Question {
  const known = new LRUCache<string, Question>({
    maxSize: QUESTION_BYTES,
    sizeCalculation: ({ asked }, key) => 2 * (key.length + asked.machine.key.length) + 1000,
  });
  return (request, profileId) => {
    const { accept, 'user-agent': userAgent } = request.headers;
    const key = `${request.url}\n${request.ip}\n${accept ?? ''}\n${userAgent ?? ''}`;
    const question = known.get(key) ?? readQuestion(request, profileId, format);
    known.set(key, question);
    return question;
  };
}

function readQuestion(request: FastifyRequest, profileId: string | undefined, format: SiteFormat): Question {
  const accepts = parseAccept(request.headers.accept, request.headers['user-agent']);
  const machine = readMachine(request, format);
  const asked = Object.freeze({
    machine,
    ...(profileId === undefined ? {} : { profileId }),
    ...(accepts === undefined ? {} : { accepts }),
  });
  return { asked, specAsked: accepts === undefined ? null : formatSpecVersion(accepts), labels: loggable(machine) };
}

/** The machine that asks, by the rules of the site's format. Throws what `parseMachine` does. */
export function readMachine(request: FastifyRequest, format: SiteFormat): Machine {
  const query: unknown = request.query;
  if (format === 'pilotlight') {
    return parseMachine(isQuery(query) ? query : {}, { from: 'connection', ip: request.ip });
  }
  const { url } = request;
  const mark = url.indexOf('?');
  return machineOfQuery(mark === -1 ? '' : url.slice(mark + 1));
}

function isQuery(query: unknown): query is Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null;
}

/** Delivers configs to machines. */
export type Delivery = (
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: { readonly profileId?: string; readonly mediaType?: string },
) => FastifyReply | Promise<FastifyReply>;

/** What delivers: at once what is known, and else when it is. `mediaType` stands in for the one that names the version. */
export function createDelivery({ site, renderer, format }: DeliveryOptions): Delivery {
  const read = createReader(format);
  return (request, reply, { profileId, mediaType }) => {
    const audit: Record<string, unknown> = { profile: profileId };
    request.audit = audit;
    const served = site.current();
    const { asked, specAsked, labels } = read(request, profileId);
    audit.specAsked = specAsked;
    audit.revision = served.revision.id;
    audit.labels = labels;
    const send = ({ about, body }: Recalled): FastifyReply => {
      noteRendered(audit, about, body);
      reply.headers(headersOf(about, body));
      if (mediaType !== undefined) reply.header('Content-Type', mediaType);
      return reply.send(body);
    };
    let known: Recalled | undefined;
    try {
      known = renderer.recall(served, asked);
    } catch (error) {
      throw unlessPending(error, site);
    }
    if (known !== undefined) return send(known);
    // A machine that went away needs no config, unless another one waits for the same.
    const rendered = withDeadline(renderer.render(served, asked, { signal: request.signal }), DEADLINE_MS);
    return rendered.then(
      (about) => send({ about, body: about.body }),
      (error: unknown) => {
        throw unlessPending(error, site);
      },
    );
  };
}

/** The config of a machine, as soon as it is ready; notes what it came from. Throws what rendering does, and `render-timeout`. */
export async function renderWithin(
  renderer: Renderer,
  served: Served,
  asked: RenderRequest,
  request: FastifyRequest,
): Promise<Buffer> {
  const made = async (): Promise<Recalled> => {
    const about = await withDeadline(renderer.render(served, asked, { signal: request.signal }), DEADLINE_MS);
    return { about, body: about.body };
  };
  const rendered = renderer.recall(served, asked) ?? (await made());
  const audit: Record<string, unknown> = { ...request.audit };
  noteRendered(audit, rendered.about, rendered.body);
  request.audit = audit;
  return rendered.body;
}

/** What an edit that is on its way may change: the machine, its profile or a value of it is not known. */
const UNKNOWN: ReadonlySet<ErrorCode> = new Set([
  'machine-unknown',
  'profile-not-found',
  'document-not-found',
  'parameter-missing',
]);

/** 404 ends a boot for good, so it waits until every edit that was made is served or refused. */
export function unlessPending(error: unknown, { pending }: SiteState): unknown {
  if (!pending || !(error instanceof ProvisioningError) || !UNKNOWN.has(error.code)) return error;
  return new ProvisioningError('not-ready', `${error.message}, and an edit of the site is being checked; ask again`);
}

function noteRendered(audit: Record<string, unknown>, about: Recalled['about'], body: Buffer): void {
  const { selectMs, composeMs, translateMs } = about.timings;
  audit.profile = about.profile;
  audit.group = about.group ?? null;
  audit.specGiven = about.specVersion;
  audit.sha512 = about.sha512;
  audit.bytes = body.length;
  audit.stagesMs = { select: round(selectMs), compose: round(composeMs), translate: round(translateMs) };
}

const HEADERS = new WeakMap<Buffer, Readonly<Record<string, string | number>>>();

/** The headers of a body, which are as old as the body. */
function headersOf(
  { specVersion, sha512 }: Recalled['about'],
  body: Buffer,
): Readonly<Record<string, string | number>> {
  const known = HEADERS.get(body);
  if (known !== undefined) return known;
  const headers = Object.freeze({
    'Content-Type': ignitionMediaType(specVersion),
    'Content-Length': body.length,
    ETag: `"sha512-${sha512}"`,
    'Cache-Control': 'private, no-store',
    Vary: 'Accept',
  });
  HEADERS.set(body, headers);
  return headers;
}
