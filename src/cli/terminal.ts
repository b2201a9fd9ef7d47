/** What a command is given instead of the process: streams, environment and what the terminal can do. */
export interface Terminal {
  /** Writes to standard output; resolves when it is taken. A reader that went away is no fault. */
  readonly out: (data: string | Buffer) => Promise<void>;
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard error is a terminal. */
  readonly onTerminal: boolean;
  /** Standard output is a terminal. */
  readonly outOnTerminal: boolean;
  /** Colours are wanted on standard error. */
  readonly colour: boolean;
  /** Ends the process at once, for when it cannot end in order. */
  readonly kill: () => void;
  /** From now on SIGHUP calls this instead of ending the process. */
  readonly onHangUp: (handle: () => void) => void;
}

const STYLES = { red: 31, yellow: 33, blue: 34, cyan: 36, bold: 1, dim: 2 } as const;

/** Wraps text in a style where colours are wanted. */
export function styled(text: string, style: keyof typeof STYLES, colour: boolean): string {
  return colour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}

/** Text from a site, with whatever could act on a terminal made visible. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === '\t' ? '  ' : character === '\n' ? '\n' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
