import type { Diagnostic, Severity } from '../diagnostic.ts';
import { formatDiagnostic } from './code-frame.ts';
import { printable } from './terminal.ts';

/** One report with what it came up for. */
export interface CliReport {
  readonly diagnostic: Diagnostic;
  readonly profile?: string;
  readonly group?: string;
}

/** What the formats need. */
export interface FormatOptions {
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly colour: boolean;
  readonly version: string;
  /** The site directory as it was given, so that tools find the files from where they run. */
  readonly site: string;
}

/** The formats of `lint`, by name. */
export const REPORT_FORMATS: Readonly<
  Record<string, (reports: readonly CliReport[], options: FormatOptions) => string>
> = {
  text: (reports, options) =>
    reports
      .map((report) => formatDiagnostic(report.diagnostic, { ...options, frame: true, ...aboutOf(report) }))
      .join('\n'),
  json: (reports) => jsonText({ reports: reports.map(jsonOf) }),
  github: (reports, options) => reports.map((report) => githubLine(report.diagnostic, options.site)).join(''),
  sarif: (reports, options) => jsonText(sarifOf(reports, options)),
};

/** JSON with whatever could act on a terminal as escapes, which mean the same. */
function jsonText(value: unknown): string {
  const units = (text: string) =>
    text.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const text = JSON.stringify(value, null, 2).replace(ACTING, (character) => units(character).join(''));
  return `${text}\n`;
}

const ACTING = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu;

function aboutOf({ profile, group }: CliReport): { about?: string } {
  const parts = [
    profile === undefined ? undefined : `profile ${profile}`,
    group === undefined ? undefined : `group ${group}`,
  ];
  const about = parts.filter((part) => part !== undefined).join(', ');
  return about === '' ? {} : { about };
}

function jsonOf({ diagnostic, profile, group }: CliReport): Readonly<Record<string, unknown>> {
  const { origin, ...rest } = diagnostic;
  return { ...rest, file: origin?.file, line: origin?.line, column: origin?.column, profile, group };
}

const GITHUB_COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' };

/** A workflow command of GitHub Actions; its values and its properties have their own escapes. */
function githubLine(diagnostic: Diagnostic, site: string): string {
  const { severity, message, origin, hint } = diagnostic;
  const data = (text: string) => printable(text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const place =
    origin === undefined ? '' : ` file=${property(`${site}/${origin.file}`)},line=${origin.line},col=${origin.column}`;
  return `::${GITHUB_COMMANDS[severity]}${place}::${data(hint === undefined ? message : `${message} (${hint})`)}\n`;
}

const SARIF_LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** SARIF 2.1.0, as code scanning services read it. */
function sarifOf(reports: readonly CliReport[], options: FormatOptions): unknown {
  const rules = [...new Set(reports.map(({ diagnostic }) => diagnostic.code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pilotlight', version: options.version, rules: rules.map((id) => ({ id })) } },
        columnKind: 'unicodeCodePoints',
        results: reports.map(({ diagnostic }) => ({
          ruleId: diagnostic.code,
          level: SARIF_LEVELS[diagnostic.severity],
          message: {
            text: diagnostic.hint === undefined ? diagnostic.message : `${diagnostic.message} (${diagnostic.hint})`,
          },
          locations: diagnostic.origin === undefined ? [] : [sarifLocation(diagnostic.origin, options.site)],
        })),
      },
    ],
  };
}

function sarifLocation(origin: NonNullable<Diagnostic['origin']>, site: string): unknown {
  const uri = `${site}/${origin.file}`.split('/').map(encodeURIComponent).join('/');
  return {
    physicalLocation: { artifactLocation: { uri }, region: { startLine: origin.line, startColumn: origin.column } },
  };
}
