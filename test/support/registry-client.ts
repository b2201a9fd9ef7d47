import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Who may use a registry. */
export interface RegistryUser {
  readonly username: string;
  readonly password: string;
}

/** How a user signs in with a password. */
export function basic({ username, password }: RegistryUser): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Where a registry is. */
export interface RegistryEndpoint {
  /** Its address and port, as images are named by. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** What those who talk to it have to trust, in PEM; absent over HTTP. */
  readonly certificate?: string;
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

interface Question {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

interface RegistryAnswer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const ANNOTATION = 'containerd.io/snapshot/overlaybd';

/** Sends one request and gives the answer, whatever its status is; rejects when there is none. */
export function askRegistry(
  { host, scheme, certificate }: RegistryEndpoint,
  { path, method = 'GET', headers = {}, body }: Question,
): Promise<RegistryAnswer> {
  const url = new URL(path, `${scheme}://${host}`);
  const options = { method, headers, agent: false as const };
  return new Promise((resolve, reject) => {
    const request = scheme === 'https' ? httpsRequest(url, { ...options, ca: certificate }) : httpRequest(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', text }),
      );
    });
    request.end(body);
  });
}

/**
 * Pushes an image whose layers say that they are OverlayBD blobs. Nobody reads them here, so they may hold anything.
 * `authorization` is what the registry wants in the header of that name.
 */
export async function pushOverlaybdImage(
  endpoint: RegistryEndpoint,
  authorization: string,
  repository: string,
  tag: string,
): Promise<PushedImage> {
  const send = async (method: string, path: string, type: string, body: Buffer) => {
    const headers = { authorization, 'content-type': type, 'content-length': String(body.length) };
    const answer = await askRegistry(endpoint, { method, path, headers, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  const pushBlob = async (mediaType: string, body: Buffer) => {
    const digest = digestOf(body);
    const { location } = await send('POST', `/v2/${repository}/blobs/uploads/`, 'text/plain', Buffer.alloc(0));
    const { pathname, searchParams } = new URL(location, 'http://registry');
    searchParams.set('digest', digest);
    await send('PUT', `${pathname}?${searchParams}`, 'application/octet-stream', body);
    return { mediaType, digest, size: body.length };
  };
  const blobs = await Promise.all(['base', 'upper'].map((text) => pushBlob(LAYER, Buffer.from(`${text} of ${tag}`))));
  const layers = blobs.map((blob) => ({
    ...blob,
    annotations: { [`${ANNOTATION}/blob-digest`]: blob.digest, [`${ANNOTATION}/blob-size`]: String(blob.size) },
  }));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const image = { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux', config: {}, rootfs };
  const config = await pushBlob(CONFIG, Buffer.from(JSON.stringify(image)));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers }));
  await send('PUT', `/v2/${repository}/manifests/${tag}`, MANIFEST, manifest);
  return {
    ref: `${endpoint.host}/${repository}:${tag}`,
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
