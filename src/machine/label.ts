import ipaddr from 'ipaddr.js';

/** The labels that every machine may have and that pilotlight understands; all others are free. */
export const MACHINE_KEYS = ['mac', 'uuid', 'serial', 'hostname', 'arch', 'ip'] as const;

/** One of the labels that pilotlight understands. */
export type MachineKey = (typeof MACHINE_KEYS)[number];

/** A label's value in its one spelling, or what was expected instead; `problem` never quotes the value. */
export type LabelValue =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly problem: string };

/** Bounds on what one request may say: labels, characters of a key, characters of a value. */
export const LABEL_LIMITS = { count: 32, keyLength: 64, valueLength: 256 };

const NORMALISERS: Readonly<Record<MachineKey, (text: string) => string | undefined>> = {
  mac: normaliseMac,
  uuid: normaliseUuid,
  serial: (text) => text.trim() || undefined,
  hostname: (text) => text.toLowerCase(),
  arch: (text) => ARCHITECTURES.get(text.toLowerCase()) ?? text.toLowerCase(),
  ip: normaliseIp,
};

const EXPECTED: Readonly<Record<MachineKey, string>> = {
  mac: 'a MAC address of 6, 8 or 20 octets, such as 52:54:00:a1:9c:ae',
  uuid: 'a UUID, such as 4c4c4544-0035-4d10-8054-b4c04f4d3132',
  serial: 'a serial number',
  hostname: 'a host name',
  arch: 'an architecture, such as amd64 or arm64',
  ip: 'an IPv4 or IPv6 address',
};

/** The kernel's, iPXE's and the distributions' names for one architecture, by Go's (and the images') name for it. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['x64', 'amd64'],
  ['aarch64', 'arm64'],
]);

/** True for a label that pilotlight understands. */
export function isMachineKey(key: string): key is MachineKey {
  return (MACHINE_KEYS as readonly string[]).includes(key);
}

/** True for a text that can be a label's key. */
export function isLabelKey(key: string): boolean {
  return key.length <= LABEL_LIMITS.keyLength && /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(key);
}

/**
 * Brings a label's value into the one spelling in which it is compared: MAC and UUID in lower case with their usual
 * separators, whatever they came with (iPXE's `hexhyp`, bare digits, Cisco's dots), host names and architectures in
 * lower case, free labels as they are.
 */
export function normaliseLabel(key: string, text: string): LabelValue {
  if (text.length > LABEL_LIMITS.valueLength) {
    return { ok: false, problem: `is longer than ${LABEL_LIMITS.valueLength} characters` };
  }
  if (/[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u.test(text))
    return { ok: false, problem: 'holds control or undecodable characters' };
  if (!isMachineKey(key)) return { ok: true, value: text };
  const value = NORMALISERS[key](text);
  return value === undefined ? { ok: false, problem: `is not ${EXPECTED[key]}` } : { ok: true, value };
}

/** Ethernet has 6 octets, EUI-64 8, InfiniBand 20. */
const MAC_LENGTHS: readonly number[] = [6, 8, 20];

function normaliseMac(text: string): string | undefined {
  const octets = splitMac(text.toLowerCase());
  return octets !== undefined && MAC_LENGTHS.includes(octets.length) ? octets.join(':') : undefined;
}

function splitMac(text: string): readonly string[] | undefined {
  if (/^[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2})(?:\1[0-9a-f]{1,2})*$/.test(text)) {
    return text.split(/[:-]/).map((octet) => octet.padStart(2, '0'));
  }
  if (/^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/.test(text) || /^(?:[0-9a-f]{2})+$/.test(text)) {
    return text.replaceAll('.', '').match(/../g) ?? undefined;
  }
  return undefined;
}

function normaliseUuid(text: string): string | undefined {
  const match = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i.exec(text);
  return match?.slice(1).join('-').toLowerCase();
}

/** An IPv4 address that has no other spelling, as nearly every address that is ever looked at. */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const SHORT_IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);

/** An address in its short form; an IPv4 address that came through an IPv6 socket is the IPv4 address. */
function normaliseIp(text: string): string | undefined {
  if (SHORT_IPV4.test(text)) return text;
  const bare = text.replace(/%.*$/, '');
  return ipaddr.isValid(bare) && (bare.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(bare))
    ? ipaddr.process(bare).toString()
    : undefined;
}
