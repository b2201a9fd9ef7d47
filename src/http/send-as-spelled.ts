import type { FastifyReply } from 'fastify';

/** A body with its headers. */
export interface Spelled {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
}

/**
 * Sends a document with its headers as they are spelled. GRUB compares names with their case (`parse_line` in its
 * `grub-core/net/http.c`) and takes a document for empty without `Content-Length`, which Fastify would write small.
 */
export function sendAsSpelled(reply: FastifyReply, { headers, body }: Spelled): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, headers).end(body);
  return reply;
}
