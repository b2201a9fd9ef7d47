import type { Diagnostic } from './diagnostic.ts';

/**
 * Everything that can keep a request or a command from its result. The set is closed: `http/problems.ts` holds one row
 * for each, and the compiler demands it.
 */
export type ErrorCode =
  | 'request-invalid'
  | 'request-timeout'
  | 'label-invalid'
  | 'route-not-found'
  | 'profile-not-found'
  | 'group-not-found'
  | 'machine-unknown'
  | 'machine-waits'
  | 'metadata-refused'
  | 'metadata-token'
  | 'document-not-found'
  | 'parameter-missing'
  | 'spec-not-acceptable'
  | 'pointer-too-large'
  | 'unauthorized'
  | 'selection-ambiguous'
  | 'profile-broken'
  | 'boot-missing'
  | 'boot-broken'
  | 'site-invalid'
  | 'revision-not-found'
  | 'revision-refused'
  | 'asset-not-found'
  | 'asset-unreadable'
  | 'range-not-satisfiable'
  | 'precondition-failed'
  | 'not-ready'
  | 'queue-full'
  | 'render-timeout'
  | 'butane-failed'
  | 'butane-missing'
  | 'config-invalid'
  | 'internal';

/** What may travel with a {@link ProvisioningError}. */
export interface ProvisioningErrorOptions extends ErrorOptions {
  readonly diagnostics?: readonly Diagnostic[];
}

/**
 * The one error the core throws. `message` never contains rendered content, parameter values or tokens, so it may be
 * shown to a machine and logged; `diagnostics` may quote the author's text and is for operators only.
 */
export class ProvisioningError extends Error {
  override readonly name = 'ProvisioningError';
  readonly code: ErrorCode;
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ErrorCode, message: string, options: ProvisioningErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.diagnostics = options.diagnostics ?? [];
  }
}

/** Why a file cannot be used, in words that name no path; for messages that name it themselves. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message.split(',')[0] ?? code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'its links go round in a circle',
};
