import { performance } from 'node:perf_hooks';
import { adopt } from '../adopt/adopt.ts';
import { readButaneFile } from '../adopt/butane-file.ts';
import { hasErrors } from '../diagnostic.ts';
import { formatDiagnostic } from './code-frame.ts';
import { EXIT } from './exit.ts';
import { failWith } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `adopt`. */
export interface AdoptFlags {
  readonly release?: string;
}

/**
 * Prints the composed profile that a hand-written Butane file comes to; what was wrong goes to standard error, without the
 * lines of the file, which may hold secrets.
 */
export async function adoptCommand(file: string, flags: AdoptFlags, terminal: Terminal): Promise<number> {
  let text: string;
  try {
    text = await readButaneFile(file);
  } catch (error) {
    return failWith(error, terminal);
  }
  const { value, diagnostics } = adopt(text, file, { ...flags, now: () => performance.now() });
  for (const diagnostic of diagnostics) {
    terminal.err(`${formatDiagnostic(diagnostic, { documents: new Map(), colour: terminal.colour, frame: false })}\n`);
  }
  if (value === undefined) return EXIT.faults;
  await terminal.out(value.profile);
  return hasErrors(diagnostics) ? EXIT.faults : EXIT.fine;
}
