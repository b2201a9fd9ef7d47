import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { requireProgram } from './programs.ts';
import { ask, eventually } from './service.ts';
import { scratchDirectory } from './site.ts';

/** Who may use a registry. */
export interface RegistryUser {
  readonly username: string;
  readonly password: string;
}

/** A request as the registry logged it. */
export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** An image in a registry. */
export interface PushedImage {
  /** Host, repository and tag. */
  readonly ref: string;
  /** The digest of its manifest. */
  readonly digest: string;
  /** The digest of its config. */
  readonly config: string;
  /** The digests of its layers, the lowest first. */
  readonly layers: readonly string[];
}

/** What some work came to, and what it asked the registry for. */
export interface Watched<T> {
  readonly result: T;
  readonly requests: readonly RegistryRequest[];
}

/** A registry on loopback that speaks plain HTTP and wants a password. */
export interface Registry {
  /** Its address and port, as images are named by. */
  readonly host: string;
  /** Pushes an image whose layers say that they are OverlayBD blobs. */
  readonly pushOverlaybdImage: (repository: string, tag: string) => Promise<PushedImage>;
  /** Does something, and tells what was asked for meanwhile, in the order in which it was answered. */
  readonly watch: <T>(work: () => Promise<T>) => Promise<Watched<T>>;
  /** Keeps everybody waiting for answers while something is done. */
  readonly holdWhile: (work: () => Promise<void>) => Promise<void>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const ANNOTATION = 'containerd.io/snapshot/overlaybd';

/**
 * Starts Debian's docker-registry with an empty store; it is stopped after the test. Resolves to undefined when the test
 * is skipped.
 */
export async function startRegistry(t: TestContext, user: RegistryUser): Promise<Registry | undefined> {
  const program = requireProgram(t, 'docker-registry');
  const perl = program && requireProgram(t, 'perl');
  if (program === undefined || perl === undefined) return undefined;
  const scratch = await scratchDirectory(t);
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(join(scratch, 'htpasswd'), `${user.username}:${await bcrypt(perl, user.password)}\n`, {
    mode: 0o600,
  });
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(scratch, 'store') } },
    http: { addr: host, secret: randomUUID() },
    auth: { htpasswd: { realm: 'test', path: join(scratch, 'htpasswd') } },
  };
  await writeFile(join(scratch, 'config.yml'), stringify(config));

  const child = spawn(program, ['serve', join(scratch, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      printed += part;
    });
  }
  const base = `http://${host}`;
  await eventually(async () => {
    assert.equal(child.exitCode, null, printed);
    return (await ask(base, '/v2/').catch(() => undefined))?.status === 401;
  });

  /** The log up to an answer that came after all that went before. */
  const logged = async (): Promise<readonly RegistryRequest[]> => {
    const mark = `/v2/?mark=${randomUUID()}`;
    await ask(base, mark);
    await eventually(() => printed.includes(mark));
    return requestsIn(printed).filter(({ path }) => !path.startsWith('/v2/?mark='));
  };
  return {
    host,
    pushOverlaybdImage: (repository, tag) => pushImage(host, user, repository, tag),
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

async function pushImage(host: string, user: RegistryUser, repository: string, tag: string): Promise<PushedImage> {
  const base = `http://${host}`;
  const authorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const send = async (method: string, url: URL, type: string, body: Buffer = Buffer.alloc(0)) => {
    const headers = { authorization, 'content-type': type };
    const answer = await fetch(url, { method, headers, body: new Uint8Array(body) });
    assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const pushBlob = async (mediaType: string, body: Buffer) => {
    const digest = digestOf(body);
    const started = await send('POST', new URL(`/v2/${repository}/blobs/uploads/`, base), 'text/plain');
    const upload = new URL(started.headers.get('location') ?? '', base);
    upload.searchParams.set('digest', digest);
    await send('PUT', upload, 'application/octet-stream', body);
    return { mediaType, digest, size: body.length };
  };
  // Nobody reads layers here, so they may hold anything.
  const blobs = await Promise.all(['base', 'upper'].map((text) => pushBlob(LAYER, Buffer.from(`${text} of ${tag}`))));
  const layers = blobs.map((blob) => ({
    ...blob,
    annotations: { [`${ANNOTATION}/blob-digest`]: blob.digest, [`${ANNOTATION}/blob-size`]: String(blob.size) },
  }));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const image = { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux', config: {}, rootfs };
  const config = await pushBlob(CONFIG, Buffer.from(JSON.stringify(image)));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers }));
  await send('PUT', new URL(`/v2/${repository}/manifests/${tag}`, base), MANIFEST, manifest);
  return {
    ref: `${host}/${repository}:${tag}`,
    digest: digestOf(manifest),
    config: config.digest,
    layers: layers.map(({ digest }) => digest),
  };
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** Go's names for what Node.js calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };
