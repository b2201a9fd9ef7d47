import type { IncomingHttpHeaders } from 'node:http';

/** What a client may hold its request against: the strong ETag and the date of what is there. */
export interface Validators {
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** What becomes of a conditional request: it is done, there is nothing new, or what it was for is not there any more. */
export type Verdict = 'proceed' | 'not-modified' | 'failed';

/**
 * Judges the conditions of a `GET` or `HEAD` in the order of RFC 9110, 13.2.2. What is no date counts as absent (13.1.3,
 * 13.1.4), and a date does not matter beside tags.
 */
export function judgePreconditions(headers: IncomingHttpHeaders, validators: Validators): Verdict {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  const changedAt = seconds(validators.modifiedAt);
  if (match !== undefined) {
    if (!names(match, validators.etag, 'strong')) return 'failed';
  } else if (changedAt > (dateOf(headers['if-unmodified-since']) ?? Number.POSITIVE_INFINITY)) return 'failed';
  if (noneMatch !== undefined) return names(noneMatch, validators.etag, 'weak') ? 'not-modified' : 'proceed';
  return changedAt <= (dateOf(headers['if-modified-since']) ?? Number.NEGATIVE_INFINITY) ? 'not-modified' : 'proceed';
}

/**
 * Whether the `Range` of a request counts: always without an `If-Range`, and with one only where the file is still that
 * one (RFC 9110, 13.1.5). A date counts where it is exactly the file's.
 */
export function isRangeMeant(
  { 'if-range': condition }: IncomingHttpHeaders,
  { etag, modifiedAt }: Validators,
): boolean {
  if (condition === undefined) return true;
  if (typeof condition !== 'string') return false;
  return condition.includes('"') ? condition.trim() === etag : dateOf(condition) === seconds(modifiedAt);
}

/** Whether a list of tags names this one, which is strong. */
function names(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tags = list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag);
}

/** HTTP knows whole seconds. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function dateOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
