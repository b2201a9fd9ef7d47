import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { ImportTools, Outcome } from '../import/tools.ts';
import { checkBoot, hasBoot } from '../render/check-boot.ts';
import type { RenderRequest } from '../render/render.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import { parseSite } from '../site/load.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Profile, Revision } from '../site/revision.ts';
import { select } from '../site/selection.ts';
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
        if (value === undefined) return machines.map(() => ({ bootFaults: [] }));
        const site = await workshop.serve(value);
        const outcomes: Outcome[] = [];
        for (const labels of machines) {
          const machine = describedMachine(value.format, labels);
          const ignition = await renderer.render(site, { machine }).then(({ body }) => body, absent);
          const bootFaults = bootFaultsOf(site, { machine }, renderer);
          outcomes.push({ ...(ignition === undefined ? {} : { ignition }), bootFaults });
        }
        await workshop.release(site);
        return outcomes;
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

function bootFaultsOf(site: Served, request: RenderRequest, renderer: Renderer): readonly string[] {
  let profile: Profile;
  try {
    ({ profile } = select(site.revision, request.machine));
  } catch (error) {
    absent(error);
    return [];
  }
  if (!hasBoot(profile)) return [];
  const { diagnostics = [] } = checkBoot(site, request, renderer) ?? {};
  return diagnostics.filter((each) => hasErrors([each])).map(({ path, message }) => `${path ?? '$.boot'} ${message}`);
}

/** A site that does not render does not give the same. */
function absent(error: unknown): undefined {
  if (error instanceof ProvisioningError && error.code !== 'butane-failed') return undefined;
  throw error;
}
