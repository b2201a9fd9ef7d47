import assert from 'node:assert/strict';
import { runCommandLine } from '../../src/cli/command-line.ts';

/** One report, as lint and the operator API write it. */
export interface WrittenReport {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly profile?: string;
  readonly group?: string;
}

/** What `pilotlight lint` says of a site. */
export interface Linted {
  readonly code: number;
  readonly out: string;
  readonly reports: readonly WrittenReport[];
}

/** Runs `pilotlight lint` on a site without a process. */
export async function lintSite(site: string): Promise<Linted> {
  let out = '';
  const code = await runCommandLine(
    ['lint', '--site', site, '--format', 'json'],
    {
      out: async (text) => {
        out += String(text);
      },
      err: () => undefined,
      environment: {},
      onTerminal: false,
      outOnTerminal: false,
      colour: false,
      kill: () => assert.fail('a command does not end the process'),
      onHangUp: () => undefined,
    },
    '1.2.3',
  );
  return { code, out, reports: JSON.parse(out).reports };
}
