import { ProvisioningError } from '../errors.ts';

/** First and last byte of a part, both counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges of one header; whoever asks for more of them has something else in mind than a file. */
const MAX_RANGES = 16;

const SPEC = String.raw`[ \t]*(?:\d+-\d*|-\d+)[ \t]*`;
const RANGES = new RegExp(`^bytes=${SPEC}(?:,${SPEC})*$`, 'i');

/**
 * The part of a file that a `Range` header asks for; undefined where all of it is the answer: without the header, with
 * another unit than bytes, and with several ranges, which RFC 9110, 14.2 allows. Throws `range-not-satisfiable` for one
 * that lies behind the end, for what is no range, and for very many.
 */
export function readByteRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined || !/^bytes\s*=/i.test(header)) return undefined;
  if (!RANGES.test(header)) throw refused('the Range header holds no range of bytes');
  if (header.split(',').length > MAX_RANGES) throw refused(`the Range header asks for more than ${MAX_RANGES} parts`);
  const ranges = header
    .slice(header.indexOf('=') + 1)
    .split(',')
    .map((spec) => withinFile(spec.trim(), size))
    .filter(({ start, end }) => start <= end);
  if (ranges.length === 0) throw refused(`the file has ${size} bytes, and none where the Range header wants some`);
  return ranges.length === 1 ? ranges[0] : undefined;
}

/** What of a file a range covers; one that covers nothing ends before it starts. */
function withinFile(spec: string, size: number): ByteRange {
  const [first = '', last = ''] = spec.split('-');
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size - 1 };
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function refused(detail: string): ProvisioningError {
  return new ProvisioningError('range-not-satisfiable', detail);
}
