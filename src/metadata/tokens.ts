import { createHmac, timingSafeEqual } from 'node:crypto';

/** Makes and reads session tokens. They hold all that is known of them, so every replica with the key takes them. */
export interface SessionTokens {
  /** A token for machines of one address and one dialect, which ends after some seconds. */
  issue(holder: string, seconds: number): string;
  /** True for a token that was issued for this holder and has not ended. */
  accepts(token: string, holder: string): boolean;
}

/** Bytes of a signature that are kept: 128 bits cannot be guessed. */
const SIGNATURE_BYTES = 16;

/** Longest token that is looked at, in characters. */
const MAX_TOKEN = 64;

/** Tokens that are signed with a key; `now` gives seconds since 1970. */
export function createSessionTokens(key: Buffer, now: () => number): SessionTokens {
  const sign = (end: string, holder: string) =>
    createHmac('sha256', key).update(`session\n${end}\n${holder}`).digest().subarray(0, SIGNATURE_BYTES);
  return {
    issue(holder, seconds) {
      const end = Math.floor(now() + seconds).toString(36);
      return `${end}.${sign(end, holder).toString('base64url')}`;
    },
    accepts(token, holder) {
      if (token.length > MAX_TOKEN) return false;
      const [, end, signature] = /^([0-9a-z]{1,10})\.([\w-]{22})$/.exec(token) ?? [];
      if (end === undefined || signature === undefined || Number.parseInt(end, 36) <= now()) return false;
      return timingSafeEqual(sign(end, holder), Buffer.from(signature, 'base64url'));
    },
  };
}

/** An id that nobody can guess, under which the machines of a group are known wherever they come from. */
export function instanceToken(key: Buffer, group: string): string {
  return createHmac('sha256', key)
    .update(`instance\n${group}`)
    .digest()
    .subarray(0, SIGNATURE_BYTES)
    .toString('base64url');
}

/** What stands before a path of a metadata service that is asked by such an id. */
export function instancePath(key: Buffer, group: string): string {
  return `/i/${instanceToken(key, group)}`;
}
