import { Type } from 'typebox';
import type { App } from '../app.ts';

/** `GET /`: the process answers. */
export function livenessRoutes(app: App): void {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getLiveness',
        summary: 'Tells that the service is alive',
        produces: ['text/plain'],
        response: {
          200: { description: 'The name of the service', content: { 'text/plain': { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').header('Cache-Control', 'no-store').send('pilotlight\n'),
  );
}
