import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { Served } from '../render/served.ts';

/** What the service serves at the moment. Routes ask for it at each request, so that a new revision is one assignment. */
export interface SiteState {
  /** Throws `not-ready` while nothing can be served. */
  current(): Served;
  /** True once a revision is served. */
  readonly ready: boolean;
  /** When the served revision was loaded. */
  readonly loadedAt: Date | undefined;
  /** All reports of the served revision, and whether every profile has been looked at. */
  readonly reports: { readonly complete: boolean; readonly items: readonly SiteReport[] };
}

/** One report with the profile and group it came up for. */
export interface SiteReport {
  readonly profile?: string;
  readonly group?: string;
  readonly diagnostic: Diagnostic;
}

/** The error for a request that comes before the site is read. */
export function notReady(): ProvisioningError {
  return new ProvisioningError('not-ready', 'the service is starting; ask again');
}
