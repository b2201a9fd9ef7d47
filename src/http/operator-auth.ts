import { createHash, timingSafeEqual } from 'node:crypto';
import { ProvisioningError } from '../errors.ts';
import type { App } from './app.ts';

/** Paths that answer without a token: they tell whether the service is up, and what its errors mean. */
const OPEN_PATHS = new Set(['/healthz', '/readyz', '/problems']);

/** Names under which a browser reaches loopback; any other one on a listener without a token is a rebinding attack. */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Guards every route of an app. With a token each request has to carry it as a bearer; without one (which is only
 * possible on loopback) the Host header has to be a loopback name, so that no web page can ask through a person's browser.
 */
export function guard(app: App, token: string | undefined): void {
  const expected = token === undefined ? undefined : digest(token);
  app.addHook('onRequest', async (request) => {
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    if (expected === undefined) {
      if (LOOPBACK_HOST.test(request.headers.host ?? '')) return;
      throw new ProvisioningError('unauthorized', 'without a token the operator API answers to loopback names only');
    }
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    throw new ProvisioningError('unauthorized', 'the operator API needs its bearer token');
  });
}

/** Digests have one length, so comparing them tells nothing about the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
