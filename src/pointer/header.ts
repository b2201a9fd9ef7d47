import { ProvisioningError } from '../errors.ts';

/** A header that the machine sends when it asks for its config. */
export interface Header {
  readonly name: string;
  readonly value: string;
}

/** A token of RFC 9110, 5.6.2. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** What a field's value may be made of (RFC 9110, 5.5), without bytes above ASCII, and without blanks around it. */
const VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Bytes of a value: the service itself takes 16 KiB of headers in all. */
const MAX_VALUE_BYTES = 8 * 1024;

/** Headers that cannot be replaced, or whose replacement breaks what is between Ignition and the service. */
const TAKEN: Readonly<Record<string, string>> = {
  host: 'Ignition takes it from the URL, whatever is set',
  accept: 'it tells the service which spec versions the client reads',
  'accept-encoding': 'Ignition decodes nothing',
  connection: "it is the connection's own",
  'content-length': "it is the connection's own",
  'transfer-encoding': "it is the connection's own",
};

/** Reads the name of a header. Throws `request-invalid` for one that is none, or that must not be set. */
export function readHeaderName(name: string): string {
  if (!NAME.test(name)) {
    throw new ProvisioningError('request-invalid', '--header needs NAME=FILE, with the name of an HTTP header');
  }
  const key = name.toLowerCase();
  const reason = Object.hasOwn(TAKEN, key) ? TAKEN[key] : undefined;
  if (reason !== undefined) {
    throw new ProvisioningError('request-invalid', `the header ${name} cannot be set: ${reason}`);
  }
  return name;
}

/**
 * Reads the value of a header out of the contents of a file, without the line feed at its end. Throws `config-invalid`
 * with a message that never quotes it.
 */
export function readHeaderValue(content: Buffer, file: string): string {
  const value = content.toString('latin1').replace(/\r?\n$/, '');
  const problem =
    value === ''
      ? 'is empty'
      : content.length > MAX_VALUE_BYTES
        ? `is larger than ${MAX_VALUE_BYTES} bytes`
        : VALUE.test(value)
          ? undefined
          : 'is no value of a header: it has to be one line of ASCII text without blanks around it';
  if (problem !== undefined) throw new ProvisioningError('config-invalid', `${file} ${problem}`);
  return value;
}
