import assert from 'node:assert/strict';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command line came to. */
export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs one command line in this process, as version 1.2.3: as a script would, with nothing in its environment, unless
 * something else of the terminal is given. Only for commands that end by themselves.
 */
export async function runCommand(
  argv: readonly string[],
  given: Partial<Omit<Terminal, 'out' | 'err'>> = {},
): Promise<CommandOutcome> {
  const out: Buffer[] = [];
  let err = '';
  const code = await runCommandLine(
    argv,
    {
      out: async (data) => void out.push(Buffer.from(data)),
      err: (text) => {
        err += text;
      },
      environment: {},
      onTerminal: false,
      outOnTerminal: false,
      colour: false,
      kill: () => assert.fail('a command does not end the process'),
      onHangUp: () => undefined,
      ...given,
    },
    '1.2.3',
  );
  return { code, out: Buffer.concat(out).toString('utf8'), err };
}
