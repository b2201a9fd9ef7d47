import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseAccept } from '../../ignition/accept.ts';
import { ignitionMediaType } from '../../ignition/media-type.ts';
import { formatSpecVersion } from '../../ignition/spec-version.ts';
import type { Machine } from '../../machine/machine.ts';
import { parseMachine } from '../../machine/machine.ts';
import type { Rendered } from '../../render/render.ts';
import type { Renderer } from '../../render/renderer.ts';
import { withDeadline } from '../../render/renderer.ts';
import type { App } from '../app.ts';
import { round } from '../app.ts';
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
export function ignitionRoutes(app: App, options: IgnitionRoutesOptions): void {
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

async function deliver(
  { site, renderer }: IgnitionRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  profileId: string | undefined,
): Promise<FastifyReply> {
  const accepts = parseAccept(request.headers.accept, request.headers['user-agent']);
  const audit: Record<string, unknown> = {
    profile: profileId,
    specAsked: accepts === undefined ? null : formatSpecVersion(accepts),
  };
  request.audit = audit;
  const served = site.current();
  const query: unknown = request.query;
  const machine = parseMachine(isQuery(query) ? query : {}, { from: 'connection', ip: request.ip });
  audit.revision = served.revision.id;
  audit.labels = loggable(machine);
  const asked = {
    machine,
    ...(profileId === undefined ? {} : { profileId }),
    ...(accepts === undefined ? {} : { accepts }),
  };
  const rendered = renderer.recall(served, asked) ?? (await withDeadline(renderer.render(served, asked), DEADLINE_MS));
  const { selectMs, composeMs, translateMs } = rendered.timings;
  audit.profile = rendered.profile;
  audit.group = rendered.group ?? null;
  audit.specGiven = rendered.specVersion;
  audit.sha512 = rendered.sha512;
  audit.bytes = rendered.body.length;
  audit.stagesMs = { select: round(selectMs), compose: round(composeMs), translate: round(translateMs) };
  return reply.headers(headersOf(rendered)).send(rendered.body);
}

function isQuery(query: unknown): query is Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null;
}

const HEADERS = new WeakMap<Buffer, Readonly<Record<string, string | number>>>();

/** The headers of a body, which are as old as the body. */
function headersOf({ body, specVersion, sha512 }: Rendered): Readonly<Record<string, string | number>> {
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

/** Free labels whose key suggests a secret are logged without their value; a machine's URL is no place for one. */
const SECRET_KEY = /token|secret|passw|credential|key/i;

function loggable(machine: Machine): Readonly<Record<string, string>> {
  const labels: Record<string, string> = Object.create(null);
  for (const [key, value] of machine.entries) labels[key] = SECRET_KEY.test(key) ? '[redacted]' : value;
  return labels;
}
