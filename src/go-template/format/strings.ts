import { type Bytes, truncateRunes } from '../bytes.ts';
import { type Flags, pad, padding } from './flags.ts';
import { canBackquote, quoteString } from './quote.ts';

/** `%s`: the precision says how many characters are left. */
export function formatString(flags: Flags, text: Bytes): Bytes {
  return pad(flags, truncate(flags, text));
}

/** `%q`: a literal; with `#` between backquotes where that can be, with `+` in ASCII. */
export function formatQuoted(flags: Flags, text: Bytes): Bytes {
  const cut = truncate(flags, text);
  return pad(flags, flags.sharp && canBackquote(cut) ? `\`${cut}\`` : quoteString(cut, flags.plus));
}

/** `%x` and `%X`: each byte in hexadecimal; with a space between them, and with `#` a `0x` before each. */
export function formatHexString(flags: Flags, text: Bytes, upper: boolean): Bytes {
  const { sharp, space, width = 0, minus, precision = text.length } = flags;
  const shown = text.slice(0, precision);
  if (shown === '') return padding(flags, width);
  const prefix = sharp ? '0x' : '';
  const bytes = Array.from(shown, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
  const joined = space ? bytes.map((byte) => prefix + byte).join(' ') : prefix + bytes.join('');
  const result = upper ? joined.toUpperCase() : joined;
  const filling = padding(flags, width - result.length);
  return minus ? result + filling : filling + result;
}

function truncate({ precision }: Flags, text: Bytes): Bytes {
  return precision === undefined ? text : truncateRunes(text, precision);
}
