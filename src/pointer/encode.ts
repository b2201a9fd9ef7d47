import { gzipSync } from 'node:zlib';

/** The forms in which platforms take user data. */
export const ENCODINGS = ['plain', 'base64', 'gzip+base64'] as const;

/** A form in which platforms take user data. */
export type Encoding = (typeof ENCODINGS)[number];

/** The characters of a line of wrapped base64, as RFC 2045, 6.8, and `base64` of coreutils have it. */
const LINE = 76;

const ENCODERS: Readonly<Record<Encoding, (config: Buffer) => Buffer>> = {
  plain: (config) => config,
  base64: (config) => Buffer.from(config.toString('base64')),
  'gzip+base64': (config) => Buffer.from(gzipSync(config, { level: 9 }).toString('base64')),
};

/**
 * A config in the form in which a platform takes it. Base64 is one line without an end, or, wrapped, lines of 76
 * characters that each end with a line feed; Go's decoder, and so Ignition, reads both. What is plain is never wrapped.
 */
export function encodeUserData(config: Buffer, encoding: Encoding, wrap = false): Buffer {
  const encoded = ENCODERS[encoding](config);
  if (!wrap || encoding === 'plain') return encoded;
  return Buffer.from(encoded.toString('latin1').replace(new RegExp(`.{1,${LINE}}`, 'g'), '$&\n'));
}
