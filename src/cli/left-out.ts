import type { Revision } from '../site/revision.ts';
import { formatDiagnostic } from './code-frame.ts';
import type { Terminal } from './terminal.ts';

/** Tells which groups and profiles took no part since they do not parse: one of them may be what the machine was meant to get. */
export function tellLeftOut({ skipped, diagnostics, documents }: Revision, terminal: Terminal): void {
  for (const file of skipped) {
    const faults = diagnostics.filter(({ severity, origin }) => severity === 'error' && origin?.file === file);
    for (const fault of faults) {
      const frame = { documents, colour: terminal.colour, frame: terminal.onTerminal };
      terminal.err(`${formatDiagnostic(fault, frame)}\n`);
    }
    terminal.err(`note: ${file} is left out, since it does not parse\n`);
  }
}
