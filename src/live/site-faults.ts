import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';

/** A site with faults of the whole: what was found, and the text of its documents for code frames. */
export class SiteFaults extends ProvisioningError {
  readonly documents: ReadonlyMap<string, Buffer>;
  constructor(diagnostics: readonly Diagnostic[], documents: ReadonlyMap<string, Buffer>) {
    super('site-invalid', 'the site has faults that concern all of it', { diagnostics });
    this.documents = documents;
  }
}
