/** One whole answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name; a repeated header is joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Bytes that are no HTTP answer. */
export class WireFault extends Error {
  override readonly name = 'WireFault';
}

/** An answer and how many bytes it took. */
export interface ReadAnswer {
  readonly answer: WireAnswer;
  readonly used: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Reads the first final answer in `bytes`; interim ones before it are skipped. Undefined while more bytes are needed;
 * with `ended` no more will come, and a body without a length is then whole. Stricter than clients are: throws a
 * {@link WireFault} for everything that RFC 9112 does not have.
 */
export function readAnswer(bytes: Buffer, toHead: boolean, ended: boolean): ReadAnswer | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (bytes.length > MAX_HEAD_BYTES) throw new WireFault('the header section has no end');
    if (ended && bytes.length > 0) throw new WireFault('the connection ended inside a header section');
    return undefined;
  }
  const { status, headers } = readHead(bytes.toString('latin1', 0, headEnd));
  const start = headEnd + HEAD_END.length;
  if (status < 200) {
    const next = readAnswer(bytes.subarray(start), toHead, ended);
    return next === undefined ? undefined : { answer: next.answer, used: next.used + start };
  }
  const body = toHead || status === 204 || status === 304 ? NO_BODY : readBody(bytes.subarray(start), headers, ended);
  if (body === undefined) {
    if (ended) throw new WireFault('the connection ended inside a body');
    return undefined;
  }
  return { answer: { status, headers, body: body.content }, used: start + body.used };
}

interface ReadBody {
  readonly content: Buffer;
  readonly used: number;
}

const NO_BODY: ReadBody = { content: Buffer.alloc(0), used: 0 };

function readHead(text: string): { readonly status: number; readonly headers: ReadonlyMap<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/.exec(first)?.[1];
  if (status === undefined) throw new WireFault('the first line is no status line');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (match === null) throw new WireFault('a line is no header');
    const [, name = '', value = ''] = match;
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers };
}

function readBody(bytes: Buffer, headers: ReadonlyMap<string, string>, ended: boolean): ReadBody | undefined {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (length !== undefined && coding !== undefined) throw new WireFault('a length and a transfer coding');
  if (length !== undefined) {
    if (!/^\d{1,9}$/.test(length)) throw new WireFault('a length that is none');
    const size = Number(length);
    return bytes.length < size ? undefined : { content: bytes.subarray(0, size), used: size };
  }
  if (coding === undefined) return ended ? { content: bytes, used: bytes.length } : undefined;
  if (coding.toLowerCase() !== 'chunked') throw new WireFault('an unknown transfer coding');
  return readChunks(bytes);
}

function readChunks(bytes: Buffer): ReadBody | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const digits = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-fA-F]{1,8}$/.test(digits)) throw new WireFault('a chunk without a size');
    const size = Number.parseInt(digits, 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') throw new WireFault('a chunk without end');
    if (size === 0) return { content: Buffer.concat(chunks), used: start + 2 };
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
