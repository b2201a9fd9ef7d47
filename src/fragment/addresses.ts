import ipaddr from 'ipaddr.js';

interface Network {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

/** The address number `index` of a network, `10.7.0.0/24` and 5 giving `10.7.0.5`; negative counts from the end. */
export function hostAddress(cidr: string, index: bigint): string {
  const { bytes, prefix } = parseNetwork(cidr);
  const size = 1n << BigInt(bytes.length * 8 - prefix);
  const offset = index < 0n ? size + index : index;
  if (offset < 0n || offset >= size) throw new Error('cidr_host: the network has no address of that number');
  return formatAddress(toNumber(networkBytes(bytes, prefix)) + offset, bytes.length);
}

/** The network's own address, `10.7.0.9/24` giving `10.7.0.0`. */
export function networkAddress(cidr: string): string {
  const { bytes, prefix } = parseNetwork(cidr);
  return formatAddress(toNumber(networkBytes(bytes, prefix)), bytes.length);
}

/** The mask of a network as an address, `10.7.0.0/24` giving `255.255.255.0`. */
export function netmask(cidr: string): string {
  const { bytes, prefix } = parseNetwork(cidr);
  return formatAddress(mask(bytes.length, prefix), bytes.length);
}

/** The prefix length of a network as a number, `10.7.0.0/24` giving 24. */
export function prefixLength(cidr: string): number {
  return parseNetwork(cidr).prefix;
}

/** Network number `index` after lengthening the prefix by `bits`: `10.0.0.0/8`, 8, 7 giving `10.7.0.0/16`. */
export function subnet(cidr: string, bits: number, index: bigint): string {
  const { bytes, prefix } = parseNetwork(cidr);
  const length = prefix + bits;
  const width = bytes.length * 8;
  if (length > width) throw new Error('cidr_subnet: the prefix becomes longer than an address');
  if (index < 0n || index >= 1n << BigInt(bits)) throw new Error('cidr_subnet: there is no network of that number');
  const address = toNumber(networkBytes(bytes, prefix)) + (index << BigInt(width - length));
  return `${formatAddress(address, bytes.length)}/${length}`;
}

/** The address `count` further on. */
export function addAddress(address: string, count: bigint): string {
  if (!isAddress(address)) throw new Error('ip_add needs an address');
  const bytes = ipaddr.parse(address).toByteArray();
  return formatAddress(toNumber(bytes) + count, bytes.length);
}

function parseNetwork(cidr: string): Network {
  if (!ipaddr.isValidCIDR(cidr) || !isAddress(cidr.replace(/\/\d+$/, '')))
    throw new Error('the filter needs a network such as "10.7.0.0/24"');
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  return { bytes: address.toByteArray(), prefix };
}

/** The library also reads what only C's `inet_aton` takes for an address: `1`, `010.7.0.0`. */
function isAddress(text: string): boolean {
  return text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
}

function networkBytes(bytes: readonly number[], prefix: number): number[] {
  const number = toNumber(bytes) & mask(bytes.length, prefix);
  return toBytes(number, bytes.length);
}

function mask(length: number, prefix: number): bigint {
  const width = BigInt(length * 8);
  return ((1n << BigInt(prefix)) - 1n) << (width - BigInt(prefix));
}

function toNumber(bytes: readonly number[]): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function toBytes(number: bigint, length: number): number[] {
  return Array.from({ length }, (_, at) => Number((number >> BigInt((length - 1 - at) * 8)) & 0xffn));
}

function formatAddress(number: bigint, length: number): string {
  if (number < 0n || number >= 1n << BigInt(length * 8)) throw new Error('the result is no address');
  return ipaddr.fromByteArray(toBytes(number, length)).toString();
}
