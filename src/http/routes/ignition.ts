import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Type } from 'typebox';
import { type ErrorCode, ProvisioningError } from '../../errors.ts';
import { parseAccept } from '../../ignition/accept.ts';
import { ignitionMediaType } from '../../ignition/media-type.ts';
import { formatSpecVersion } from '../../ignition/spec-version.ts';
import { parseMachine } from '../../machine/machine.ts';
import type { RenderRequest } from '../../render/render.ts';
import type { Recalled, Renderer } from '../../render/renderer.ts';
import { withDeadline } from '../../render/renderer.ts';
import type { App } from '../app.ts';
import { round } from '../app.ts';
import { loggable } from '../loggable.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../problem.ts';
import type { SiteState } from '../site-state.ts';
import { acceptAll, IdSchema, LabelsSchema } from './labels.ts';

/** What the routes use. */
export interface IgnitionRoutesOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
}

/** Ignition gives up on an answer whose first byte takes 10 s; this leaves it time for the way. */
const DEADLINE_MS = 8000;

const problem = (description: string) => ({ description, content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } });

const RESPONSES = {
  200: {
    description: 'The whole config, never compressed',
    headers: {
      'Content-Length': { type: 'integer' },
      ETag: { type: 'string', description: 'SHA-512 of the body, which Ignition prints on the machine' },
      'Cache-Control': { type: 'string' },
      Vary: { type: 'string' },
    },
    content: {
      'application/vnd.coreos.ignition+json': {
        schema: Type.Object({}, { additionalProperties: true, title: 'Ignition' }),
      },
    },
  },
  400: problem('A label cannot be what it says'),
  404: problem('No such profile, or a machine that is not known there; the machine stops'),
  406: problem('The client is too old for the config; the detail names the keys that need the newer spec'),
  503: problem('Not now: the site or the service has a fault, or is busy; the machine asks again'),
};

/** OpenAPI takes no description of the Accept header as a parameter. */
const DESCRIPTION = `The Accept header names the newest spec version that the client reads
(application/vnd.coreos.ignition+json;version=3.3.0). A config of a newer version is translated again with an older one
where that loses nothing. A client that names no version gets the profile's own.`.replaceAll('\n', ' ');

/** `GET /ignition/{profile}` and `GET /ignition`: the finished config for the machine that asks. */
export function ignitionRoutes(app: App, { site, renderer }: IgnitionRoutesOptions): void {
  const options = { site, renderer, read: createReader() };
  app.get(
    '/ignition/:profile',
    {
      schema: {
        operationId: 'getIgnitionOfProfile',
        summary: 'The config of a profile for the machine that asks',
        params: Type.Object({ profile: IdSchema }),
        description: DESCRIPTION,
        querystring: LabelsSchema,
        response: RESPONSES,
      },
      // The reply is bytes: nothing is serialized.
      serializerCompiler: () => String,
      validatorCompiler: acceptAll,
    },
    (request, reply) => deliver(options, request, reply, request.params.profile),
  );
  app.get(
    '/ignition',
    {
      schema: {
        operationId: 'getIgnition',
        summary: 'The config of the profile that the groups select for the machine that asks',
        description: DESCRIPTION,
        querystring: LabelsSchema,
        response: RESPONSES,
      },
      serializerCompiler: () => String,
      validatorCompiler: acceptAll,
    },
    (request, reply) => deliver(options, request, reply, undefined),
  );
}

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
function createReader(): (request: FastifyRequest, profileId: string | undefined) => Question {
  const known = new LRUCache<string, Question>({
    maxSize: QUESTION_BYTES,
    sizeCalculation: ({ asked }, key) => 2 * (key.length + asked.machine.key.length) + 1000,
  });
  return (request, profileId) => {
    const { accept, 'user-agent': userAgent } = request.headers;
    const key = `${request.url}\n${request.ip}\n${accept ?? ''}\n${userAgent ?? ''}`;
    const question = known.get(key) ?? readQuestion(request, profileId);
    known.set(key, question);
    return question;
  };
}

function readQuestion(request: FastifyRequest, profileId: string | undefined): Question {
  const accepts = parseAccept(request.headers.accept, request.headers['user-agent']);
  const query: unknown = request.query;
  const machine = parseMachine(isQuery(query) ? query : {}, { from: 'connection', ip: request.ip });
  const asked = Object.freeze({
    machine,
    ...(profileId === undefined ? {} : { profileId }),
    ...(accepts === undefined ? {} : { accepts }),
  });
  return { asked, specAsked: accepts === undefined ? null : formatSpecVersion(accepts), labels: loggable(machine) };
}

function isQuery(query: unknown): query is Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null;
}

/** Answers at once what is known, and else when it is. */
function deliver(
  { site, renderer, read }: IgnitionRoutesOptions & { readonly read: ReturnType<typeof createReader> },
  request: FastifyRequest,
  reply: FastifyReply,
  profileId: string | undefined,
): FastifyReply | Promise<FastifyReply> {
  const audit: Record<string, unknown> = { profile: profileId };
  request.audit = audit;
  const served = site.current();
  const { asked, specAsked, labels } = read(request, profileId);
  audit.specAsked = specAsked;
  audit.revision = served.revision.id;
  audit.labels = labels;
  const send = ({ about, body }: Recalled): FastifyReply => {
    noteRendered(audit, about, body);
    return reply.headers(headersOf(about, body)).send(body);
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
}

/** What an edit that is on its way may change: the machine, its profile or a value of it is not known. */
const UNKNOWN: ReadonlySet<ErrorCode> = new Set(['machine-unknown', 'profile-not-found', 'parameter-missing']);

/** 404 ends a boot for good, so it waits until every edit that was made is served or refused. */
function unlessPending(error: unknown, { pending }: SiteState): unknown {
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
