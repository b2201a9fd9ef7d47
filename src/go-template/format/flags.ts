import { type Bytes, countRunes } from '../bytes.ts';

/** What stands between `%` and the verb. `%+v` and `%#v` are formats of their own, and have their own flags. */
export interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  plusV: boolean;
  sharpV: boolean;
  width: number | undefined;
  precision: number | undefined;
}

/** The flags of a plain verb. */
export function noFlags(): Flags {
  return {
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
    width: undefined,
    precision: undefined,
  };
}

/** Fills a text up to the width: at its left, or at its right with `-`. */
export function pad(flags: Flags, text: Bytes): Bytes {
  const missing = (flags.width ?? 0) - countRunes(text);
  return flags.minus ? text + padding(flags, missing) : padding(flags, missing) + text;
}

/** Fills a text that no zeros may be put before. */
export function padWithSpaces(flags: Flags, text: Bytes): Bytes {
  return pad({ ...flags, zero: false }, text);
}

/** What fills up so many characters: zeros only where they are asked for, and at the left. */
export function padding({ zero, minus }: Flags, count: number): Bytes {
  return count > 0 ? (zero && !minus ? '0' : ' ').repeat(count) : '';
}
