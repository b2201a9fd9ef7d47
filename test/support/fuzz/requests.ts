import fc from 'fast-check';
import { accept, anyText, headerText, id, label } from './words.ts';

/** Which listener a request goes to. */
export type Api = 'machine' | 'operator';

/** One well-formed request. */
export interface FuzzRequest {
  readonly method: string;
  /** What stands in the request line: path and query, percent-encoded in one way or another. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** The bytes of a request. */
export function encodeRequest({ method, target, headers, body }: FuzzRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`, 'latin1');
}

/** Ways to write a text into a URL that mean the text. */
const RIGHT: readonly ((text: string) => string)[] = [
  encode,
  (text) => encode(text).replace(/%../g, (code) => code.toLowerCase()),
  (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
];

/** Ways that mean something else, or nothing. */
const WRONG: readonly ((text: string) => string)[] = [
  (text) => encode(text).replaceAll('%20', '+'),
  (text) => encode(encode(text)),
  (text) => text.replace(/[^!-~]/g, '').replace(/[#?]/g, ''),
  (text) => `${encode(text)}%`,
  (text) => `${encode(text)}%zz`,
  (text) => `${encode(text)}%c0%af`,
  (text) => `%ff${encode(text)}`,
];

/** Percent-encodes any text; half a character becomes its replacement. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

const spelling = fc.oneof(
  { arbitrary: fc.constantFrom(...RIGHT), weight: 40 },
  { arbitrary: fc.constantFrom(...WRONG), weight: 1 },
);

/** Mostly the first of some texts. */
const mostly = (usual: string, ...others: readonly string[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 30 }, { arbitrary: fc.constantFrom(...others), weight: 1 });

const query = fc
  .array(fc.tuple(label, spelling, mostly('=', '', '==')), { maxLength: 5 })
  .chain((pairs) =>
    fc
      .tuple(mostly('&', ';', '&&'), mostly('?', '??', '?&'))
      .map(([separator, mark]) =>
        pairs.length === 0
          ? ''
          : mark + pairs.map(([[key, value], write, equals]) => write(key) + equals + write(value)).join(separator),
      ),
  );

const manyLabels = fc
  .integer({ min: 30, max: 400 })
  .map((count) => `?${Array.from({ length: count }, (_, index) => `k${index}=${index}`).join('&')}`);

const segment = fc.tuple(id, spelling).map(([text, write]) => write(text));

const anyPath = fc
  .array(fc.tuple(anyText, spelling), { maxLength: 4 })
  .map((parts) => `/${parts.map(([text, write]) => write(text)).join('/')}`);

const paths: Readonly<Record<Api, fc.Arbitrary<string>>> = {
  machine: fc.oneof(
    { arbitrary: segment.map((text) => `/ignition/${text}`), weight: 8 },
    { arbitrary: fc.constant('/ignition'), weight: 4 },
    { arbitrary: segment.map((text) => `/ipxe/${text}`), weight: 3 },
    { arbitrary: fc.constantFrom('/ipxe', '/grub'), weight: 4 },
    { arbitrary: fc.constantFrom('/boot.ipxe', '/boot.ipxe.0', '/boot.ipxe.1', '/grub/', '/ipxe/'), weight: 1 },
    {
      arbitrary: fc.constantFrom('/', '//', '/ignition/', '/Ignition/fcos', '/ignition//fcos', '/./ignition'),
      weight: 1,
    },
    { arbitrary: anyPath, weight: 1 },
  ),
  operator: fc.oneof(
    { arbitrary: segment.map((text) => `/v1/profiles/${text}`), weight: 2 },
    { arbitrary: segment.map((text) => `/v1/profiles/${text}/render`), weight: 2 },
    { arbitrary: segment.map((text) => `/v1/profiles/${text}/pointer`), weight: 2 },
    { arbitrary: segment.map((text) => `/v1/groups/${text}`), weight: 2 },
    {
      arbitrary: fc.constantFrom('/v1/select', '/v1/revision', '/v1/profiles', '/v1/groups', '/v1/reports', '/v1'),
      weight: 4,
    },
    {
      arbitrary: fc.constantFrom('/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/json'),
      weight: 2,
    },
    { arbitrary: segment.map((text) => `/docs/static/${text}`), weight: 1 },
    { arbitrary: fc.constantFrom('/docs/static/index.css', '/docs/static/../../package.json'), weight: 1 },
    { arbitrary: anyPath, weight: 1 },
  ),
};

const target = (api: Api) =>
  fc
    .tuple(paths[api], fc.oneof({ arbitrary: query, weight: 30 }, { arbitrary: manyLabels, weight: 1 }))
    .map(([path, search]) => path + search);

const method = fc.oneof(
  { arbitrary: fc.constant('GET'), weight: 16 },
  { arbitrary: fc.constant('HEAD'), weight: 3 },
  {
    arbitrary: fc.constantFrom('POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'M-SEARCH'),
    weight: 2,
  },
);

const agents = ['Ignition/2.0.1', 'Ignition/2.14.0', 'Ignition/2.26.0', 'curl/8.0', 'iPXE/1.21.1'];

const header = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<readonly [string, string]> =>
  value.map((text) => [name, text]);

const headers = fc.array(
  fc.oneof(
    { arbitrary: header('Accept', accept), weight: 6 },
    { arbitrary: header('User-Agent', fc.oneof(fc.constantFrom(...agents), headerText)), weight: 2 },
    {
      arbitrary: header('If-None-Match', fc.oneof(fc.constantFrom('*', '"sha512-0"', 'W/"x"'), headerText)),
      weight: 1,
    },
    {
      arbitrary: header('Range', fc.oneof(fc.constantFrom('bytes=0-1', 'bytes=-1', 'bytes=9-1'), headerText)),
      weight: 1,
    },
    { arbitrary: header('Accept-Encoding', fc.constantFrom('gzip', 'br;q=1, *;q=0', 'identity;q=0')), weight: 1 },
    {
      arbitrary: header('Authorization', fc.oneof(fc.constantFrom('Bearer x', 'Basic eDp5', 'Bearer'), headerText)),
      weight: 1,
    },
    { arbitrary: header('X-Forwarded-For', fc.oneof(fc.ipV4(), headerText)), weight: 1 },
    { arbitrary: header('Expect', fc.oneof(fc.constantFrom('100-continue', '200-ok'), headerText)), weight: 1 },
    { arbitrary: header('Connection', fc.constantFrom('close', 'keep-alive', 'upgrade', 'TE, close')), weight: 1 },
    { arbitrary: header('Upgrade', fc.constantFrom('websocket', 'h2c')), weight: 1 },
    {
      arbitrary: header('Content-Type', fc.oneof(fc.constantFrom('application/json', 'text/plain'), headerText)),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(
        fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/).filter((name) => !FRAMING.test(name)),
        headerText,
      ),
      weight: 2,
    },
  ),
  { maxLength: 4 },
);

/** Headers that say where a request ends, which a well-formed request has as they are. */
const FRAMING = /^(?:content-length|transfer-encoding|host|trailer)$/i;

const hosts: Readonly<Record<Api, fc.Arbitrary<string>>> = {
  machine: fc.oneof(
    fc.constant('boot.example'),
    headerText.filter((text) => /^[a-z0-9.]+$/i.test(text)),
  ),
  operator: fc.oneof(
    { arbitrary: fc.constantFrom('localhost:8081', '127.0.0.1', '[::1]:1'), weight: 12 },
    { arbitrary: fc.constantFrom('evil.example', 'localhost.evil.example', '127.0.0.1.evil.example'), weight: 1 },
  ),
};

const body = fc.oneof(
  { arbitrary: fc.constant(''), weight: 12 },
  { arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 40 }), weight: 1 },
  { arbitrary: fc.constantFrom('{}', '{"__proto__": 1}', 'x'.repeat(70_000)), weight: 1 },
);

const wellFormed = (api: Api): fc.Arbitrary<FuzzRequest> =>
  fc.tuple(method, target(api), hosts[api], headers, body).map(([verb, path, host, some, content]) => ({
    method: verb,
    target: path,
    headers: [
      ['Host', host],
      ...some,
      ...(content === '' ? [] : [['Content-Length', String(content.length)] as const]),
    ],
    body: content,
  }));

/** Well-formed requests that look as if they were meant, with something odd in most of them. */
export const requests: Readonly<Record<Api, fc.Arbitrary<FuzzRequest>>> = {
  machine: wellFormed('machine'),
  operator: wellFormed('operator'),
};
