import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { afterTest } from './after-test.ts';
import { freePort } from './ports.ts';
import { requireProgram } from './programs.ts';
import {
  askRegistry,
  basic,
  type PushedImage,
  pushOverlaybdImage,
  type RegistryEndpoint,
  type RegistryUser,
} from './registry-client.ts';
import { eventually } from './service.ts';
import { scratchDirectory } from './site.ts';
import { startTokenServer } from './token-server.ts';

/** A request as the registry logged it. */
export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** What some work came to, and what it asked the registry for. */
export interface Watched<T> {
  readonly result: T;
  readonly requests: readonly RegistryRequest[];
}

/** A registry on loopback that wants a password. */
export interface Registry extends RegistryEndpoint {
  /** Pushes an image whose layers say that they are OverlayBD blobs. */
  readonly pushOverlaybdImage: (repository: string, tag: string) => Promise<PushedImage>;
  /** Does something, and tells what was asked for meanwhile, in the order in which it was answered. */
  readonly watch: <T>(work: () => Promise<T>) => Promise<Watched<T>>;
  /** Keeps everybody waiting for answers while something is done. */
  readonly holdWhile: (work: () => Promise<void>) => Promise<void>;
}

/** What kind of registry it is. */
export interface RegistryOptions {
  readonly scheme?: RegistryEndpoint['scheme'];
  /** The password with each request, or a token that another server gives for it, as Docker Hub does. */
  readonly wants?: 'password' | 'token';
}

/**
 * Starts Debian's docker-registry with an empty store; it is stopped after the test. Over HTTPS it shows a certificate
 * that nobody knows yet. Resolves to undefined when the test is skipped.
 */
export async function startRegistry(
  t: TestContext,
  user: RegistryUser,
  { scheme = 'http', wants = 'password' }: RegistryOptions = {},
): Promise<Registry | undefined> {
  const program = requireProgram(t, 'docker-registry');
  const perl = program && requireProgram(t, 'perl');
  const openssl = perl && requireProgram(t, 'openssl');
  if (program === undefined || perl === undefined || openssl === undefined) return undefined;
  const scratch = await scratchDirectory(t);
  const keys = scheme === 'https' ? await selfSigned(openssl, scratch) : undefined;
  const host = `127.0.0.1:${await freePort()}`;
  const tokens = wants === 'token' ? await startTokenServer(t, user, openssl, scratch) : undefined;
  await writeFile(join(scratch, 'htpasswd'), `${user.username}:${await bcrypt(perl, user.password)}\n`, {
    mode: 0o600,
  });
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(scratch, 'store') } },
    http: { addr: host, secret: randomUUID(), ...(keys && { tls: keys }) },
    auth: tokens?.auth ?? { htpasswd: { realm: 'test', path: join(scratch, 'htpasswd') } },
  };
  await writeFile(join(scratch, 'config.yml'), stringify(config));

  const child = spawn(program, ['serve', join(scratch, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  afterTest(t, async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      printed += part;
    });
  }
  const endpoint = { host, scheme, ...(keys && { certificate: await readFile(keys.certificate, 'utf8') }) };
  await eventually(async () => {
    assert.equal(child.exitCode, null, printed);
    return (await askRegistry(endpoint, { path: '/v2/' }).catch(() => undefined))?.status === 401;
  });

  /** The log up to an answer that came after all that went before. */
  const logged = async (): Promise<readonly RegistryRequest[]> => {
    const mark = `/v2/?mark=${randomUUID()}`;
    await askRegistry(endpoint, { path: mark });
    await eventually(() => printed.includes(mark));
    return requestsIn(printed).filter(({ path }) => !path.startsWith('/v2/?mark='));
  };
  return {
    ...endpoint,
    pushOverlaybdImage: (repository, tag) =>
      pushOverlaybdImage(endpoint, tokens?.authorizationFor(repository) ?? basic(user), repository, tag),
    async holdWhile(work) {
      child.kill('SIGSTOP');
      try {
        await work();
      } finally {
        child.kill('SIGCONT');
      }
    },
    async watch(work) {
      const before = (await logged()).length;
      const result = await work();
      return { result, requests: (await logged()).slice(before) };
    },
  };
}

function requestsIn(log: string): readonly RegistryRequest[] {
  return [...log.matchAll(/"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3}) /g)].map(([, method = '', path = '', status]) => ({
    method,
    path,
    status: Number(status),
  }));
}

/** The registry takes no other kind of hash. */
async function bcrypt(perl: string, password: string): Promise<string> {
  const salt = createHash('md5').update(randomUUID()).digest('hex').slice(0, 22);
  const env = { PASSWORD: password, SALT: `$2b$04$${salt}` };
  const { stdout } = await promisify(execFile)(perl, ['-e', 'print crypt($ENV{PASSWORD}, $ENV{SALT})'], { env });
  assert.match(stdout, /^\$2b\$04\$/, 'this perl knows bcrypt');
  return stdout;
}

/** A certificate of its own for the address, which is its own authority too. */
async function selfSigned(openssl: string, scratch: string): Promise<Keys> {
  const keys = { key: join(scratch, 'key.pem'), certificate: join(scratch, 'certificate.pem') };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', keys.key, '-out', keys.certificate];
  await promisify(execFile)(openssl, ['req', '-x509', ...kind, ...name, ...files]);
  return keys;
}

interface Keys {
  readonly key: string;
  readonly certificate: string;
}
