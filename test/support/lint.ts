import { runCommand } from './command.ts';

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
  const { code, out } = await runCommand(['lint', '--site', site, '--format', 'json']);
  return { code, out, reports: JSON.parse(out).reports };
}
