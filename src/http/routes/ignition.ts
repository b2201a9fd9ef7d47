import { Type } from 'typebox';
import type { App } from '../app.ts';
import type { Delivery } from '../delivery.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../problem.ts';
import { acceptAll, IdSchema, LabelsSchema } from './labels.ts';

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
export function ignitionRoutes(app: App, deliver: Delivery): void {
  ignitionOfProfileRoute(app, deliver);
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
    (request, reply) => deliver(request, reply, {}),
  );
}

/** `GET /ignition/{profile}`: the config of the profile that the request names. */
export function ignitionOfProfileRoute(app: App, deliver: Delivery): void {
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
    (request, reply) => deliver(request, reply, { profileId: request.params.profile }),
  );
}
