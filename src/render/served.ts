import type { Revision } from '../site/revision.ts';

/** A revision together with the private copy of its files/. */
export interface Served {
  readonly revision: Revision;
  /** Absolute path of the copy. */
  readonly filesDir: string;
}
