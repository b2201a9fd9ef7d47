import { ProvisioningError } from '../errors.ts';
import type { ImportTools } from '../import/import.ts';
import { parseSite } from '../site/load.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Revision } from '../site/revision.ts';
import { sourceTreeOf } from '../site/source-tree.ts';
import { openWorkshop } from './workshop-process.ts';

/** A data directory of matchbox, and what tells what its machines get and would get. */
export interface ImportWorkshop {
  readonly revision: Revision;
  readonly tools: Pick<ImportTools, 'original' | 'imported'>;
  close(): Promise<void>;
}

/** Opens a data directory. Throws what `openWorkshop` does. */
export async function openImport(
  directory: string,
  options: { readonly butane?: string; readonly publicUrl: string },
): Promise<ImportWorkshop> {
  const { butane, publicUrl } = options;
  const workshop = await openWorkshop({
    site: directory,
    siteFormat: 'matchbox',
    publicUrl,
    ...(butane === undefined ? {} : { butane }),
  });
  const { served, renderer } = workshop;
  const { revision } = served;
  return {
    revision,
    close: () => workshop.close(),
    tools: {
      async original({ profile }, labels) {
        const machine = describedMachine(revision.format, labels);
        try {
          const request = { machine, ...(profile === undefined ? {} : { profileId: profile.id }) };
          const rendered = await renderer.renderInFull(served, request);
          const { body: ignition, butane: source } = rendered;
          return { ignition, ...(source === undefined ? {} : { butane: source }) };
        } catch (error) {
          return reasonOf(error);
        }
      },
      async imported(documents, machines) {
        const { value } = parseSite(sourceTreeOf(documents));
        if (value === undefined) return machines.map(() => undefined);
        const site = await workshop.serve(value);
        const configs: (Buffer | undefined)[] = [];
        for (const labels of machines) {
          const machine = describedMachine(value.format, labels);
          configs.push(await renderer.render(site, { machine }).then(({ body }) => body, absent));
        }
        return configs;
      },
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ProvisioningError)) throw error;
  const [first] = error.diagnostics;
  const at = first?.origin === undefined ? '' : ` (${first.origin.file}:${first.origin.line})`;
  return `${first?.message ?? error.message}${at}`;
}

/** A site that does not render does not give the same. */
function absent(error: unknown): undefined {
  if (error instanceof ProvisioningError && error.code !== 'butane-failed') return undefined;
  throw error;
}
