/** How much a diagnostic weighs: an `error` keeps a profile from being served, a `warning` of butane or Ignition does so when the site is strict. */
export type Severity = 'error' | 'warning' | 'info';

/**
 * A place in a file of the site.
 * `file` is relative to the site's root, with `/`; `line` and `column` start at 1, and columns count Unicode code points
 * (the way butane counts them).
 */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The closed set of things a diagnostic can be about; stable, for people who filter reports by machine. */
export type DiagnosticCode =
  | 'yaml-syntax'
  | 'toml-syntax'
  | 'json-syntax'
  | 'encoding'
  | 'too-large'
  | 'complex-key'
  | 'anchor-expansion'
  | 'schema'
  | 'site-file'
  | 'site-id'
  | 'site-link'
  | 'duplicate'
  | 'reference'
  | 'variant'
  | 'template-syntax'
  | 'template-value'
  | 'template-limit'
  | 'parameter-missing'
  | 'parameter-invalid'
  | 'selection'
  | 'feature'
  | 'butane'
  | 'ignition'
  | 'boot'
  | 'internal';

/**
 * One thing that is wrong, or doubtful, in what an author wrote. A fault in a config is a value, never an exception.
 * `path` is where in the document it is, in butane's spelling (`$.storage.files.0.path`).
 */
export interface Diagnostic {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly path?: string;
  readonly origin?: Origin;
  /** What to do about it, one sentence. */
  readonly hint?: string;
}

/** A value together with everything that was found wrong on the way to it; `value` is absent when an error prevents it. */
export interface Parsed<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** True when at least one of the diagnostics is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/**
 * Sorts by file, line, column, severity, message and what else there is, and drops exact repeats, so that two runs report alike
 * (butane's own order of unused-key warnings differs from run to run).
 */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return [...diagnostics]
    .sort(
      (a, b) =>
        compareText(a.origin?.file ?? '', b.origin?.file ?? '') ||
        (a.origin?.line ?? 0) - (b.origin?.line ?? 0) ||
        (a.origin?.column ?? 0) - (b.origin?.column ?? 0) ||
        SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
        compareText(a.message, b.message) ||
        compareText(a.path ?? '', b.path ?? '') ||
        compareText(a.code, b.code) ||
        compareText(a.hint ?? '', b.hint ?? ''),
    )
    .filter(({ severity, code, message, path, origin, hint }) => {
      const key = JSON.stringify([severity, code, message, path, origin?.file, origin?.line, origin?.column, hint]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

/** Orders two texts by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
