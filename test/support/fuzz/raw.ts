import fc from 'fast-check';
import type { Api, FuzzRequest } from './requests.ts';
import { encodeRequest, requests } from './requests.ts';

/** Lines that change how a request is framed, or are no headers at all. */
const NOISE: readonly string[] = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 18446744073709551616',
  'Content-Length: 1, 2',
  'Content-Length : 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding:\x0bchunked',
  'Host: a\r\nHost: b',
  ' folded: line',
  'no colon',
  ': no name',
  'Bad Name: x',
  'X: \u0000',
  'X: \u007f',
  'X: \u00ff',
  `X: ${'y'.repeat(20_000)}`,
  Array.from({ length: 2100 }, (_, index) => `X${index}: y`).join('\r\n'),
  'Connection: close',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
];

const CHUNKS: readonly string[] = [
  '0\r\n\r\n',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;ext="\r\n"\r\nabc\r\n0\r\n\r\n',
  'ffffffffffffffff\r\nx',
  '-1\r\n',
  'g\r\n',
  '3\r\nabcd\r\n0\r\n\r\n',
  '0\r\nTrailer: x\r\n\r\n',
];

/** What other protocols, and other versions of this one, begin with. */
const STRANGERS: readonly Buffer[] = [
  'GET /\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/2.0\r\n\r\n',
  'GET http://evil.example/ignition HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: x\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n',
  'SSH-2.0-OpenSSH_9.9\r\n',
  'get / http/1.1\r\n\r\n',
  '\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
].map((text) => Buffer.from(text, 'latin1'));

/** One change of a request's bytes; places are shares of its length. */
type Mutation = (bytes: Buffer) => Buffer;

const share = fc.double({ min: 0, max: 1, noNaN: true });
const at = (bytes: Buffer, where: number) => Math.floor(where * bytes.length);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  share.map(
    (where): Mutation =>
      (bytes) =>
        bytes.subarray(0, at(bytes, where)),
  ),
  fc.tuple(share, fc.integer({ min: 0, max: 255 })).map(
    ([where, byte]): Mutation =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        if (bytes.length > 0) changed[Math.min(at(bytes, where), bytes.length - 1)] = byte;
        return changed;
      },
  ),
  fc.tuple(share, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([where, more]): Mutation =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, where)), more, bytes.subarray(at(bytes, where))]),
  ),
  fc.tuple(share, fc.integer({ min: 1, max: 20 })).map(
    ([where, length]): Mutation =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + length)]),
  ),
  fc.constantFrom<Mutation>(
    (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
    (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\r'), 'latin1'),
    (bytes) => Buffer.concat([bytes, bytes]),
    (bytes) => Buffer.from(bytes.toString('latin1').replace(' HTTP/1.1', ''), 'latin1'),
  ),
  fc.constantFrom(...NOISE).map(
    (line): Mutation =>
      (bytes) =>
        Buffer.from(bytes.toString('latin1').replace('\r\n', `\r\n${line}\r\n`), 'latin1'),
  ),
  fc.constantFrom(...CHUNKS).map(
    (chunks): Mutation =>
      (bytes) =>
        Buffer.from(
          `${bytes.toString('latin1').replace('\r\n', '\r\nTransfer-Encoding: chunked\r\n')}${chunks}`,
          'latin1',
        ),
  ),
);

/** A request of a method whose answers have bodies, so that a reader need not know what was asked. */
function withBody(request: FuzzRequest): FuzzRequest {
  return request.method === 'HEAD' ? { ...request, method: 'GET' } : request;
}

const damaged = (api: Api) =>
  fc
    .tuple(requests[api], fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([request, changes]) => changes.reduce((bytes, change) => change(bytes), encodeRequest(withBody(request))));

const blast = (api: Api): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { arbitrary: damaged(api), weight: 12 },
    { arbitrary: fc.tuple(damaged(api), damaged(api)).map((parts) => Buffer.concat(parts)), weight: 2 },
    { arbitrary: fc.constantFrom(...STRANGERS), weight: 1 },
    { arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  );

/** Bytes that are nearly, or not at all, HTTP. */
export const blasts: Readonly<Record<Api, fc.Arbitrary<Buffer>>> = {
  machine: blast('machine'),
  operator: blast('operator'),
};
