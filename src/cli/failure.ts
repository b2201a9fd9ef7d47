import { ProvisioningError } from '../errors.ts';
import { SiteFaults } from '../live/site-faults.ts';
import { formatDiagnostic } from './code-frame.ts';
import type { Terminal } from './terminal.ts';

/** What a person typed wrongly, as opposed to what a site or a run has wrong. */
const USAGE_CODES: ReadonlySet<string> = new Set(['label-invalid', 'request-invalid']);

/** Prints why a command failed, with every report it left, and gives the exit code: 1, or 2 for wrong usage. */
export function failWith(error: unknown, terminal: Terminal, documents?: ReadonlyMap<string, Buffer>): number {
  if (!(error instanceof ProvisioningError)) {
    terminal.err(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
  const texts = error instanceof SiteFaults ? error.documents : (documents ?? new Map<string, Buffer>());
  for (const diagnostic of error.diagnostics) {
    terminal.err(
      `${formatDiagnostic(diagnostic, { documents: texts, colour: terminal.colour, frame: terminal.onTerminal })}\n`,
    );
  }
  terminal.err(`error: ${error.message}\n`);
  return USAGE_CODES.has(error.code) ? 2 : 1;
}
