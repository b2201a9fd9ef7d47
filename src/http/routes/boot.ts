import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { chainScript } from '../../boot/ipxe.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import { NO_METRICS } from '../../metrics/metrics.ts';
import type { App } from '../app.ts';
import type { BootAnswer, BootScriptsOptions } from '../boot-scripts.ts';
import { answerWith, createBootScripts } from '../boot-scripts.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../problem.ts';
import { sendAsSpelled } from '../send-as-spelled.ts';
import { acceptAll, BootLabelsSchema, IdSchema } from './labels.ts';

/** What the routes use. */
export interface BootRoutesOptions extends BootScriptsOptions {
  readonly metrics?: Metrics;
}

const problem = (description: string) => ({ description, content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } });

const RESPONSES: Readonly<Record<number, object>> = {
  200: {
    description: 'A script; one that boots nothing says why on the console, and asks again or goes on',
    headers: { 'Content-Length': { type: 'integer' }, 'Cache-Control': { type: 'string' } },
    content: { 'text/plain; charset=utf-8': { schema: Type.String() } },
  },
  400: problem('The query is not percent-encoded text'),
};

/** Seconds until a machine that gets no answer at all asks again. */
const CHAIN_SECONDS = 10;

const CHAIN = answerWith(chainScript(CHAIN_SECONDS), 'ok');

/**
 * `GET /boot.ipxe`, `/boot.ipxe.0`, `/ipxe`, `/ipxe/{profile}` and `/grub`: what boot loaders ask. They are always given a
 * script: no boot loader shows the body of an error, and most of them stop at one.
 */
export function bootRoutes(app: App, options: BootRoutesOptions): void {
  const { metrics = NO_METRICS } = options;
  const scripts = createBootScripts(options);
  // The reply is bytes: nothing is serialized.
  const raw = { serializerCompiler: () => String, validatorCompiler: acceptAll };

  function send(reply: FastifyReply, kind: 'ipxe' | 'grub', answer: BootAnswer): FastifyReply {
    metrics.observeBootScript(kind, answer.outcome);
    return sendAsSpelled(reply, answer);
  }

  function deliver(
    request: FastifyRequest,
    reply: FastifyReply,
    kind: 'ipxe' | 'grub',
    profileId?: string,
  ): FastifyReply | Promise<FastifyReply> {
    const known = scripts.recall(request);
    if (known !== undefined) return send(reply, kind, known);
    return scripts.make(request, kind, profileId).then((answer) => send(reply, kind, answer));
  }

  for (const [path, operationId] of [
    ['/boot.ipxe', 'getBootScript'],
    ['/boot.ipxe.0', 'getBootScriptForTftp'],
  ] as const) {
    const schema = {
      operationId,
      summary: 'The first script of every machine: it asks for /ipxe with what iPXE knows about the machine',
      querystring: Type.Object({}, { additionalProperties: true }),
      response: RESPONSES,
    };
    app.get(path, { schema, ...raw }, (_request, reply) => {
      metrics.observeBootScript('chain', 'ok');
      return sendAsSpelled(reply, CHAIN);
    });
  }
  app.get(
    '/ipxe',
    {
      schema: {
        operationId: 'getIpxe',
        summary: 'The iPXE script of the profile that the groups select for the machine that asks',
        querystring: BootLabelsSchema,
        response: RESPONSES,
      },
      ...raw,
    },
    (request, reply) => deliver(request, reply, 'ipxe'),
  );
  app.get(
    '/ipxe/:profile',
    {
      schema: {
        operationId: 'getIpxeOfProfile',
        summary: 'The iPXE script of a profile for the machine that asks',
        params: Type.Object({ profile: IdSchema }),
        querystring: BootLabelsSchema,
        response: RESPONSES,
      },
      ...raw,
    },
    (request, reply) => deliver(request, reply, 'ipxe', request.params.profile),
  );
  app.get(
    '/grub',
    {
      schema: {
        operationId: 'getGrub',
        summary: 'The GRUB script of the profile that the groups select for the machine that asks',
        querystring: BootLabelsSchema,
        response: RESPONSES,
      },
      ...raw,
    },
    (request, reply) => deliver(request, reply, 'grub'),
  );
}
