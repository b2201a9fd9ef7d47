import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSign, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { afterTest } from './after-test.ts';
import { basic, type RegistryUser } from './registry-client.ts';

const SERVICE = 'registry of the tests';
const ISSUER = 'tokens of the tests';

/** A server that gives tokens for a registry. */
export interface TokenServer {
  /** What the config of the registry says about it. */
  readonly auth: object;
  /** A token that allows to push. */
  readonly authorizationFor: (repository: string) => string;
}

/** Starts a server on loopback that gives a user tokens to pull with, in the way that Docker's registries describe. */
export async function startTokenServer(
  t: TestContext,
  user: RegistryUser,
  openssl: string,
  scratch: string,
): Promise<TokenServer> {
  const [key, certificate] = [join(scratch, 'token-key.pem'), join(scratch, 'token-certificate.pem')];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tokens'];
  await promisify(execFile)(openssl, [...kind, '-keyout', key, '-out', certificate]);
  const signer = await readFile(key, 'utf8');
  const chain = (await readFile(certificate, 'utf8')).replace(/-----[A-Z ]+-----|\s/g, '');
  const tokenFor = (name: string, actions: readonly string[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const access = [{ type: 'repository', name, actions }];
    const times = { iat: now - 10, nbf: now - 10, exp: now + 300 };
    const claims = { iss: ISSUER, sub: user.username, aud: SERVICE, ...times, jti: randomUUID(), access };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ typ: 'JWT', alg: 'RS256', x5c: [chain] })}.${part(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(signer, 'base64url')}`;
  };

  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://tokens');
    const [, repository] = /^repository:(.+):pull$/.exec(searchParams.get('scope') ?? '') ?? [];
    const known = request.headers.authorization === basic(user) && searchParams.get('service') === SERVICE;
    response.writeHead(known && repository !== undefined ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known && repository !== undefined ? { token: tokenFor(repository, ['pull']) } : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(t, () => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const realm = `http://127.0.0.1:${address.port}/token`;
  return {
    auth: { token: { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: certificate } },
    authorizationFor: (repository) => `Bearer ${tokenFor(repository, ['pull', 'push'])}`,
  };
}
