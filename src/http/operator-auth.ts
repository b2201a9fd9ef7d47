import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProvisioningError } from '../errors.ts';
import type { App } from './app.ts';

/** The digests of the tokens that are good at the moment; see {@link digestToken}. */
export type OperatorTokens = () => Promise<readonly Buffer[]>;

/** Paths that answer without a token: they tell no more than that the service is up. */
const OPEN_PATHS = new Set(['/healthz', '/readyz']);

/** Names under which a browser reaches loopback; any other one on a listener without a token is a rebinding attack. */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Guards every route of an app. With tokens each request has to carry one of them as a bearer; without (which is only
 * possible on loopback) the Host header has to be a loopback name, so that no web page can ask through a person's browser.
 */
export function guard(app: App, tokens: OperatorTokens | undefined): void {
  app.addHook('onRequest', async (request) => {
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    if (tokens === undefined) {
      if (LOOPBACK_HOST.test(request.headers.host ?? '')) return;
      throw new ProvisioningError('unauthorized', 'without a token the operator API answers to loopback names only');
    }
    const given = bearerOf(request);
    const good = await tokens();
    if (given !== undefined && isAmong(digestToken(given), good)) return;
    throw new ProvisioningError('unauthorized', 'the operator API needs its bearer token');
  });
}

/** Digests have one length, so comparing them tells nothing about a token's. */
export function digestToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The bearer token of a request with exactly one Authorization header; Node.js drops all but the first one. */
function bearerOf({ headers, raw }: FastifyRequest): string | undefined {
  const given = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization');
  return given.length > 1 ? undefined : /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** Takes the same time whichever token it is, and whether it is one at all. */
function isAmong(digest: Buffer, good: readonly Buffer[]): boolean {
  return good.reduce((found, each) => timingSafeEqual(digest, each) || found, false);
}
