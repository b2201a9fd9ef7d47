import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { RevisionRecord } from '../live/history.ts';
import type { KeptRevision } from '../live/kept-revisions.ts';
import type { Refusal, Reloaded } from '../live/reloaded.ts';
import type { Served } from '../render/served.ts';

/** What the service serves at the moment. Routes ask for it at each request, so that a new revision is one assignment. */
export interface SiteState {
  /** Throws `not-ready` while nothing can be served. */
  current(): Served;
  /** True once a revision is served. */
  readonly ready: boolean;
  /** When the served revision was loaded. */
  readonly loadedAt: Date | undefined;
  /** Where the served revision was read: the site, or what was kept of it across a restart. */
  readonly source: 'site' | 'state' | undefined;
  /** The newest revision, when it was not taken. */
  readonly refusal: Refusal | undefined;
  /** An edit is on its way, so what is not known yet may be known in a moment. */
  readonly pending: boolean;
  /** The last revisions, the newest first. */
  readonly records: readonly RevisionRecord[];
  /** A revision that can still be rendered, by its id. */
  find(id: string): KeptRevision | undefined;
  /** Reads the site again; throws `not-ready` while nothing can be served. */
  reload(options: { readonly force: boolean }): Promise<Reloaded>;
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
