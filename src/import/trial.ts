import type { Sample, SampleMachine } from './samples.ts';
import type { Documents } from './site-text.ts';
import type { ImportTools } from './tools.ts';

/** The groups whose machines do not get the same bytes from a site. */
export async function differences(
  documents: Documents,
  samples: readonly Sample[],
  tools: ImportTools,
): Promise<string[]> {
  const got = await tools.imported(
    documents,
    samples.map(({ labels }) => labels),
  );
  return samples
    .filter(({ original }, index) => !(got[index]?.ignition?.equals(original.ignition) ?? false))
    .map(({ group }) => `${group.group.file}: its machines would get another config`);
}

/** Boots that no script can be written of; matchbox quotes nothing, and looks at nothing. */
export async function bootNotes(
  documents: Documents,
  samples: readonly SampleMachine[],
  tools: ImportTools,
): Promise<string[]> {
  const got = await tools.imported(
    documents,
    samples.map(({ labels }) => labels),
  );
  const notes = samples.flatMap(({ group }, index) =>
    (got[index]?.bootFaults ?? []).map((fault) => `profiles/${group.group.profile?.id}.json: its boot: ${fault}`),
  );
  return [...new Set(notes)];
}
