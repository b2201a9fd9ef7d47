import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** Addresses of one family from the first to the last, as numbers. */
interface Span {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * A network (`10.7.0.0/16`, `2001:db8::/48`) or a range (`10.7.0.10-10.7.0.19`) in its one spelling; undefined for
 * anything else, also for a network whose address is not its first, since nobody knows which of the two was meant.
 */
export function normaliseNetwork(text: string): string | undefined {
  const [from = '', to, ...more] = text.split('-').map((part) => part.trim());
  if (to !== undefined) {
    const [first, last] = [addressOf(from), addressOf(to)];
    if (more.length > 0 || first === undefined || last === undefined || first.bits !== last.bits) return undefined;
    return first.value <= last.value ? `${first.text}-${last.text}` : undefined;
  }
  const [address = '', prefix = ''] = text.split('/');
  const base = addressOf(address);
  if (base === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > base.bits) return undefined;
  const size = 1n << BigInt(base.bits - Number(prefix));
  return base.value % size === 0n ? `${base.text}/${Number(prefix)}` : undefined;
}

/** True for what {@link normaliseNetwork} gives: a value of a selector that stands for many addresses. */
export function isNetwork(value: string): boolean {
  return value.includes('/') || value.includes('-');
}

/** True when an address is one of those that a value of a selector stands for. */
export function holdsAddress(value: string, address: string): boolean {
  if (value === address) return true;
  if (!isNetwork(value)) return false;
  const [span, found] = [spanOf(value), spanOf(address)];
  return span !== undefined && found !== undefined && span.bits === found.bits && within(span, found.first);
}

/** The lowest address that each of some lists of values stands for; undefined when there is none. */
export function commonAddress(lists: readonly (readonly string[])[]): string | undefined {
  const spans = lists.map((values) => values.map(spanOf).filter((span) => span !== undefined));
  const starts = spans.flat().toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : 1));
  const common = starts.find(({ bits, first }) =>
    spans.every((list) => list.some((span) => span.bits === bits && within(span, first))),
  );
  return common === undefined ? undefined : format(common.first, common.bits);
}

function within({ first, last }: Span, value: bigint): boolean {
  return first <= value && value <= last;
}

/** What values stand for; the same few are looked at for each request. */
const SPANS = new LRUCache<string, Span>({ max: 10_000 });

function spanOf(value: string): Span | undefined {
  const known = SPANS.get(value);
  if (known !== undefined) return known;
  const span = readSpan(value);
  if (span !== undefined) SPANS.set(value, span);
  return span;
}

function readSpan(value: string): Span | undefined {
  const [from = '', to = from] = value.split('-');
  const [address = '', prefix] = from.split('/');
  const [first, last] = [addressOf(address), addressOf(to.split('/')[0] ?? '')];
  if (first === undefined || last === undefined) return undefined;
  const size = prefix === undefined ? 1n : 1n << BigInt(first.bits - Number(prefix));
  return { bits: first.bits, first: first.value, last: last.value + size - 1n };
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
  readonly text: string;
}

function addressOf(text: string): Address | undefined {
  if (!ipaddr.isValid(text) || !(text.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(text))) return undefined;
  const address = ipaddr.process(text);
  const value = address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { bits: address.kind() === 'ipv4' ? 32 : 128, value, text: address.toString() };
}

function format(value: bigint, bits: 32 | 128): string {
  const bytes = Array.from({ length: bits / 8 }, (_byte, index) =>
    Number((value >> BigInt(bits - 8 - 8 * index)) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
