import etag from '@fastify/etag';
import type { App } from './app.ts';

/**
 * Answers 304 to who has the answer already, for the routes that are added to this scope after it. Nothing between may
 * keep an answer, and who keeps one asks each time whether it is still so.
 */
export async function answerConditionally(scope: App): Promise<void> {
  await scope.register(etag, { algorithm: 'sha256' });
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.statusCode >= 400) reply.removeHeader('ETag');
    else if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'private, no-cache');
    done();
  });
}
