import type { FastifyReply } from 'fastify';

/** A body with its headers. */
export interface Spelled {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
}

/** Bytes up to which a copy of a body costs less than a second piece to write. */
const SMALL_BYTES = 16 * 1024;

/**
 * Sends a document with its headers as they are spelled. GRUB compares names with their case (`parse_line` in its
 * `grub-core/net/http.c`) and takes a document for empty without `Content-Length`, which Fastify would write small.
 */
export function sendAsSpelled(reply: FastifyReply, { headers, body }: Spelled): FastifyReply {
  reply.hijack();
  const answer = reply.raw.writeHead(200, headers);
  // Node.js writes a string together with its headers, and bytes after them; Latin-1 has one letter for each byte.
  if (body.length <= SMALL_BYTES) answer.end(body.toString('latin1'), 'latin1');
  else answer.end(body);
  return reply;
}
