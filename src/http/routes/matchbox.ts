import type { FastifyReply, FastifyRequest, FastifySchema, HTTPMethods, RouteHandlerMethod } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Type } from 'typebox';
import { hasErrors } from '../../diagnostic.ts';
import { ProvisioningError } from '../../errors.ts';
import type { Machine } from '../../machine/machine.ts';
import { bootOf, CHAIN_SCRIPT, grubScript, ipxeScript } from '../../matchbox/boot-scripts.ts';
import { checkCloud } from '../../matchbox/cloud-config.ts';
import { detectContentType } from '../../matchbox/content-type.ts';
import { metadataText } from '../../matchbox/metadata.ts';
import { fillText } from '../../render/matchbox-profile.ts';
import { selectGroup } from '../../site/matchbox/selection.ts';
import { templateData } from '../../site/matchbox/template-data.ts';
import type { MatchboxProfile, Revision } from '../../site/revision.ts';
import { select } from '../../site/selection.ts';
import type { App } from '../app.ts';
import { noteFault, sendProblem } from '../app.ts';
import { readByteRange } from '../byte-range.ts';
import type { Delivery } from '../delivery.ts';
import { readMachine, unlessPending } from '../delivery.ts';
import { loggable } from '../loggable.ts';
import { toProvisioningError } from '../problem.ts';
import { PROBLEMS } from '../problems.ts';
import { sendAsSpelled } from '../send-as-spelled.ts';
import type { SiteState } from '../site-state.ts';
import { acceptAll } from './labels.ts';
import { problemResponse } from './schemas.ts';

/** What the routes use. */
export interface MatchboxRoutesOptions {
  readonly site: SiteState;
  readonly deliver: Delivery;
}

/** Every method reads, since matchbox looks at none of them; that of GET is described for all. */
const OTHER_METHODS: HTTPMethods[] = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const TEXT = 'text/plain; charset=utf-8';

/** matchbox's own answer to whatever it does not find. */
const NOT_FOUND = '404 page not found\n';

/** A body, and what it is. */
interface Document {
  readonly body: string | Buffer;
  readonly type: string;
}

/** A document that is ready to be sent, with its note for the access log. */
interface Answer {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly audit: Readonly<Record<string, unknown>>;
}

/** Bytes of answers that are remembered, keys included: the same query gets the same as long as the revision does. */
const ANSWER_BYTES = 16 * 1024 * 1024;

/** Answers by revision and URL. */
type Answers = LRUCache<string, Answer>;

/** What a machine asks about, and the revision that knows. */
interface Question {
  readonly revision: Revision;
  readonly machine: Machine;
}

/** A route that depends on the machine. */
interface DocumentRoute {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly make: (question: Question) => Document;
  /** Parts of it can be asked for. */
  readonly ranges?: boolean;
}

const DOCUMENT_ROUTES: readonly DocumentRoute[] = [
  {
    path: '/ipxe',
    operationId: 'getIpxe',
    summary: 'The script that iPXE boots the machine by',
    make: (question) => ({ body: ipxeScript(bootOf(profileOf(question))), type: TEXT }),
  },
  {
    path: '/grub',
    operationId: 'getGrub',
    summary: 'The menu that GRUB boots the machine by',
    make: (question) => ({ body: grubScript(bootOf(profileOf(question))), type: TEXT }),
  },
  {
    path: '/generic',
    operationId: 'getGeneric',
    summary: 'The generic document of the profile, filled in',
    make: (question) => textDocument('generic', question),
    ranges: true,
  },
  {
    path: '/cloud',
    operationId: 'getCloud',
    summary: 'The cloud-config or script of the profile, filled in',
    make: (question) => textDocument('cloud', question),
    ranges: true,
  },
  {
    path: '/metadata',
    operationId: 'getMetadata',
    summary: 'What the templates of the group see, as lines of KEY=value',
    make: ({ revision, machine }) => {
      const group = selectGroup(revision, machine);
      if (group === undefined) throw new ProvisioningError('machine-unknown', 'no group matches this machine');
      // So spelled.
      return { body: metadataText(templateData(group, machine)), type: 'plain/text' };
    },
  },
];

/** The paths of matchbox, with its answers. A fault of the site or the service is 503, where matchbox says 404. */
export function matchboxRoutes(app: App, { site, deliver }: MatchboxRoutesOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  app.setErrorHandler((error, request, reply) => sendFault(error, request, reply));
  const answers: Answers = new LRUCache({
    maxSize: ANSWER_BYTES,
    sizeCalculation: ({ body }, key) => 4 * key.length + body.length + 1000,
  });
  const read = (url: string, schema: FastifySchema, handler: RouteHandlerMethod) => {
    const route = {
      url,
      config: { readsQuery: true },
      serializerCompiler: () => String,
      validatorCompiler: acceptAll,
      handler,
    };
    app.route({ ...route, method: 'GET', schema });
    app.route({ ...route, method: OTHER_METHODS, schema: { hide: true } });
  };
  const fixed = (path: string, operationId: string, summary: string, text: string) => {
    const { headers, body } = ready({ body: text, type: TEXT }, {});
    read(path, schemaOf(operationId, summary), (_request, reply) => sendAsSpelled(reply, { headers, body }));
  };
  fixed('/', 'getLiveness', 'Tells that the service is alive', 'matchbox\n');
  fixed('/boot.ipxe', 'getBootScript', 'The script that iPXE loads first', CHAIN_SCRIPT);
  fixed('/boot.ipxe.0', 'getBootScriptByOldName', 'The same by the name that some DHCP servers want', CHAIN_SCRIPT);
  for (const { path, operationId, summary, make, ranges = false } of DOCUMENT_ROUTES) {
    read(path, schemaOf(operationId, summary), (request, reply) => {
      const answer = answerFor(request, site, answers, make);
      return ranges ? sendRange(request, reply, answer) : sendAsSpelled(reply, answer);
    });
  }
  read('/ignition', schemaOf('getIgnition', 'The config of the profile that the groups select'), (request, reply) =>
    deliver(request, reply, { mediaType: 'application/json' }),
  );
}

function schemaOf(operationId: string, summary: string): FastifySchema {
  return {
    operationId,
    summary,
    response: {
      200: { description: 'The whole document', content: { 'text/plain': { schema: Type.String() } } },
      404: { description: 'No group, profile or document', content: { 'text/plain': { schema: Type.String() } } },
      503: problemResponse('Not now: the site or the service has a fault; the machine asks again'),
    },
  };
}

/** The answer for the machine that asks, which notes what it was made from. */
function answerFor(request: FastifyRequest, site: SiteState, answers: Answers, make: DocumentRoute['make']): Answer {
  const { revision } = site.current();
  const key = `${revision.id}\n${request.url}`;
  const known = answers.get(key);
  if (known !== undefined) {
    request.audit = known.audit;
    return known;
  }
  const machine = readMachine(request, 'matchbox');
  const group = selectGroup(revision, machine);
  const audit = {
    revision: revision.id,
    labels: loggable(machine),
    group: group?.id ?? null,
    ...(group?.profile === undefined ? {} : { profile: group.profile.id }),
  };
  request.audit = audit;
  try {
    const answer = ready(make({ revision, machine }), audit);
    answers.set(key, answer);
    return answer;
  } catch (error) {
    throw unlessPending(error, site);
  }
}

function ready({ body, type }: Document, audit: Answer['audit']): Answer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const headers = Object.freeze({
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': 'private, no-store',
  });
  return { body: bytes, headers, audit };
}

function profileOf({ revision, machine }: Question): MatchboxProfile {
  const { profile } = select(revision, machine);
  if (profile.kind === 'matchbox') return profile;
  throw new ProvisioningError('profile-not-found', 'there is no profile of this name');
}

function textDocument(kind: 'generic' | 'cloud', question: Question): Document {
  const profile = profileOf(question);
  const body = fillText(profile, kind, select(question.revision, question.machine), question.machine);
  const diagnostics = kind === 'cloud' ? checkCloud(body, profile.cloud?.file ?? profile.file) : [];
  if (!hasErrors(diagnostics)) return { body, type: detectContentType(body) };
  const message = `the profile ${profile.id} does not render`;
  throw new ProvisioningError('profile-broken', message, { diagnostics });
}

/** The one range that was asked for; several at once get the whole, as RFC 9110, 14.2, leaves to the server. */
function sendRange(request: FastifyRequest, reply: FastifyReply, { body, headers }: Answer): FastifyReply {
  const { range, 'if-range': condition } = request.headers;
  // There is no ETag that a condition could name, so whoever has one gets the whole.
  const part = condition === undefined ? readByteRange(range, body.length) : undefined;
  reply.headers(headers).header('Accept-Ranges', 'bytes');
  if (part === undefined) return reply.send(body);
  const { start, end } = part;
  return reply
    .code(206)
    .headers({ 'Content-Range': `bytes ${start}-${end}/${body.length}`, 'Content-Length': end - start + 1 })
    .send(body.subarray(start, end + 1));
}

const UNSATISFIABLE = ready({ body: 'invalid range: failed to overlap\n', type: TEXT }, {});

/** Whatever is not there is told in matchbox's words; every other fault is a problem as everywhere. */
function sendFault(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toProvisioningError(thrown);
  const { status } = PROBLEMS[error.code];
  if (status !== 404 && status !== 416) {
    sendProblem(error, request, reply);
    return;
  }
  noteFault(error, request);
  if (status === 404) sendNotFound(reply);
  else reply.code(status).headers(UNSATISFIABLE.headers).send(UNSATISFIABLE.body);
}

/** matchbox's 404. */
export function sendNotFound(reply: FastifyReply): void {
  reply
    .code(404)
    .headers({
      'Content-Type': TEXT,
      'Content-Length': NOT_FOUND.length,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    })
    .send(Buffer.from(NOT_FOUND));
}

/** The path without empty parts and dots, as Go's mux wants it; undefined for one that is so already. */
export function cleanPath(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const end = parts.length > 0 && /\/(?:\.{0,2})$/.test(path) ? '/' : '';
  const clean = `/${parts.join('/')}${end}`;
  return clean === path ? undefined : clean;
}
