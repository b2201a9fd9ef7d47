import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import mime from 'mime/lite';
import { Type } from 'typebox';
import type { Asset } from '../../assets/asset.ts';
import type { AssetFolder } from '../../assets/asset-folder.ts';
import { ProvisioningError } from '../../errors.ts';
import { type Metrics, NO_METRICS } from '../../metrics/metrics.ts';
import type { App } from '../app.ts';
import { readByteRange } from '../byte-range.ts';
import type { Connections } from '../connections.ts';
import { createSender, type SendFile } from '../download.ts';
import { isRangeMeant, judgePreconditions } from '../preconditions.ts';
import { acceptAll } from './labels.ts';
import { problemResponse } from './schemas.ts';

/** What the route uses. */
export interface AssetRoutesOptions {
  readonly assets: AssetFolder;
  readonly metrics?: Metrics;
}

/** A download that stays below this rate for long is cut; a line of one megabit is just above it. */
const MIN_BYTES_PER_MS = (100 * 1024) / 1000;

/** Characters of an asked name that are logged. */
const LOGGED_NAME = 200;

const BYTES = { 'application/octet-stream': { schema: Type.String({ format: 'binary' }) } };

const HEADERS = {
  'Content-Length': { type: 'integer' },
  ETag: { type: 'string', description: 'Another one for each version of the file' },
  'Last-Modified': { type: 'string' },
  'Accept-Ranges': { type: 'string', enum: ['bytes'] },
};

/** `GET` and `HEAD /assets/{name}`: kernels, initrds and whatever else machines download. */
export function assetRoutes(app: App, { assets, metrics = NO_METRICS }: AssetRoutesOptions): void {
  const context: Context = { assets, metrics, connections: app.connections, sendFile: createSender() };
  for (const method of ['GET', 'HEAD'] as const) {
    app.route({
      method,
      url: '/assets/*',
      // The one that comes by itself knows no length without a body.
      exposeHeadRoute: false,
      schema: {
        operationId: method === 'GET' ? 'getAsset' : 'headAsset',
        summary: method === 'GET' ? 'A file of the folder of assets, or a part of it' : 'What GET says of a file',
        params: NAME,
        response: {
          200: { description: 'The whole file', headers: HEADERS, content: BYTES },
          ...(method === 'GET' ? PART : {}),
          304: Type.Null({ description: 'Still what the client has' }),
          400: problemResponse('No file can have this name'),
          404: problemResponse('There is no such file'),
          412: problemResponse('The file is not the one that the request is for'),
          503: problemResponse('The file cannot be read now'),
        },
      },
      serializerCompiler: () => String,
      validatorCompiler: acceptAll,
      handler: (request, reply) => answer(context, request.params['*'], request, reply),
    });
  }
}

/** Says what may stand between two slashes; OpenAPI has no words for a path with slashes in it. */
const NAME = Type.Object({
  '*': Type.String({
    description: 'The name of the file, with the folders it is in; its slashes are not encoded',
    pattern: String.raw`^[^/\\\u0000-\u001f\u007f-\u009f]+$`,
  }),
});

const PART = {
  206: {
    description: 'The part that the Range header asks for',
    headers: { ...HEADERS, 'Content-Range': { type: 'string' } },
    content: BYTES,
  },
  416: problemResponse('The file has no such part'),
};

interface Context {
  readonly assets: AssetFolder;
  readonly metrics: Metrics;
  readonly connections: Connections;
  readonly sendFile: SendFile;
}

async function answer(
  context: Context,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const audit: Record<string, unknown> = { asset: name.slice(0, LOGGED_NAME) };
  request.audit = audit;
  if (/^[^?#]*%2f/i.test(request.url)) {
    throw new ProvisioningError('request-invalid', 'the slashes in the name of an asset are written as they are');
  }
  await turnOf(request, reply);
  const asset = await context.assets.open(name);
  try {
    return await deliver(context, { name, asset, audit }, request, reply);
  } finally {
    await asset.close();
  }
}

/** Whoever sends many requests at once on one connection has one file open at a time. */
async function turnOf({ raw: request }: FastifyRequest, { raw: response }: FastifyReply): Promise<void> {
  if (response.socket !== null || request.destroyed) return;
  const left = new AbortController();
  const leave = () => left.abort();
  request.once('close', leave);
  await once(response, 'socket', { signal: left.signal }).catch(() => undefined);
  request.removeListener('close', leave);
}

interface Delivery {
  readonly name: string;
  readonly asset: Asset;
  readonly audit: Record<string, unknown>;
}

async function deliver(
  { assets, metrics, connections, sendFile }: Context,
  { name, asset, audit }: Delivery,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { size, modifiedAt } = asset;
  const validators = { etag: `"${asset.version}"`, modifiedAt };
  const verdict = judgePreconditions(request.headers, validators);
  if (verdict === 'failed') throw new ProvisioningError('precondition-failed', 'the file is another one by now');
  const headers = {
    ETag: validators.etag,
    'Last-Modified': modifiedAt.toUTCString(),
    'Cache-Control': 'no-cache',
    'Accept-Ranges': 'bytes',
  };
  if (verdict === 'not-modified') return reply.code(304).headers(headers).send();
  const about = {
    ...headers,
    'Content-Type': mime.getType(name) ?? 'application/octet-stream',
    // What somebody opens in a browser is a file, and no page of this service.
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
  if (request.method === 'HEAD') return reply.headers({ ...about, 'Content-Length': size }).send();
  const range = isRangeMeant(request.headers, validators) ? rangeOf(request, reply, size) : undefined;
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = end + 1 - start;
  audit.bytes = 0;
  let sent = 0;
  connections.allow(reply.raw, length / MIN_BYTES_PER_MS);
  reply.hijack();
  reply.raw.writeHead(range === undefined ? 200 : 206, {
    ...about,
    'Content-Length': length,
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` }),
  });
  assets.note(name, asset);
  try {
    const how = await sendFile(reply.raw, asset, { start, end }, (bytes) => {
      sent += bytes;
      audit.bytes = sent;
      metrics.observeAssetBytes(bytes);
    });
    if (how.startsWith('file-')) audit.cut = how;
  } catch (error) {
    audit.cut = error instanceof Error ? error.message : 'file-unreadable';
  }
  return reply;
}

function rangeOf(request: FastifyRequest, reply: FastifyReply, size: number) {
  try {
    return readByteRange(request.headers.range, size);
  } catch (error) {
    reply.header('Content-Range', `bytes */${size}`);
    throw error;
  }
}
