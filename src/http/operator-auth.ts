import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { ProvisioningError } from '../errors.ts';
import type { App } from './app.ts';

/** The digests of the tokens that are good at the moment; see {@link digestToken}. */
export type OperatorTokens = () => Promise<readonly Buffer[]>;

/** Paths that answer without a token: they tell whether the service is up, and what its errors mean. */
const OPEN_PATHS = new Set(['/healthz', '/readyz', '/problems']);

/** Names under which a browser reaches loopback; any other one on a listener without a token is a rebinding attack. */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Guards every route of an app. With tokens each request has to carry one of them as a bearer; without (which is only
 * possible on loopback) the Host header has to be a loopback name, and no page of another origin may be behind the request,
 * so that no web page can ask, or have anything done, through a person's browser.
 */
export function guard(app: App, tokens: OperatorTokens | undefined): void {
  app.addHook('onRequest', async (request) => {
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    if (tokens === undefined) {
      if (LOOPBACK_HOST.test(request.headers.host ?? '') && !isForeign(request.headers)) return;
      throw new ProvisioningError('unauthorized', 'without a token the operator API answers to loopback names only');
    }
    const given = bearerOf(request);
    const good = await tokens();
    if (given !== undefined && isAmong(digestToken(given), good)) return;
    throw new ProvisioningError('unauthorized', 'the operator API needs its bearer token');
  });
}

/** True for what a browser says it was sent by a page that did not come from here (Fetch Metadata; RFC 6454). */
function isForeign({ host, origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode }: IncomingHttpHeaders): boolean {
  // A link to a page of ours is fine; what it shows does not reach the page that has the link.
  if (mode === 'navigate' && origin === undefined) return false;
  if (site === 'cross-site' || site === 'same-site') return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
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
