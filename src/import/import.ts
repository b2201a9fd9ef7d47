import { compareText } from '../diagnostic.ts';
import type { Group, Revision } from '../site/revision.ts';
import type { Draft } from './drafts.ts';
import { documentsOf, drafts } from './drafts.ts';
import type { ImportedGroup } from './groups.ts';
import { importGroups } from './groups.ts';
import type { Kind } from './kinds.ts';
import { kindsOf } from './kinds.ts';
import type { Sample } from './samples.ts';
import { machineOfGroup, takeSamples } from './samples.ts';
import type { Documents } from './site-text.ts';
import { bootDraft, groupText } from './site-text.ts';
import type { ImportTools } from './tools.ts';
import { bootNotes, differences } from './trial.ts';

/** A site, and what of the data directory is not in it. */
export interface Imported {
  readonly documents: Documents;
  readonly groups: number;
  readonly profiles: number;
  /** Each names a file and what is to be known of it. */
  readonly notes: readonly string[];
}

/**
 * Turns a data directory into a site that gives every machine the same bytes. Each profile is written as readably as it
 * can be with that outcome, which is tried: as a layer with Liquid templates, as the Butane that all of its groups share,
 * as the Butane of each group, or as Ignition. `ordered` are its groups as matchbox would try them.
 */
export async function importMatchbox(
  revision: Revision,
  ordered: readonly Group[],
  tools: ImportTools,
): Promise<Imported> {
  const { groups, notes } = importGroups(ordered);
  const found: string[] = [...notes, ...revision.skipped.map((file) => `${file}: it does not parse`)];
  const documents = new Map<string, string | Buffer>();
  const samples: Sample[] = [];
  const bootOnly: ImportedGroup[] = [];
  let profiles = 0;
  const kinds = kindsOf(revision, groups, found);
  for (const [index, kind] of kinds.entries()) {
    tools.onProgress?.(index, kinds.length);
    if (kind.profile.ignition === undefined) {
      const draft = bootDraft(kind);
      profiles += 1;
      bootOnly.push(...kind.groups);
      for (const [path, text] of draft.documents) documents.set(path, text);
      for (const group of kind.groups) documents.set(...groupText(group, draft.id, false));
      continue;
    }
    const own = await takeSamples(kind, tools, found);
    if (own.length === 0) continue;
    const draft = await firstThatHolds(kind, own, tools);
    if (draft === undefined) {
      const why = kind.query.decides
        ? 'its template takes more from the query than a layer can'
        : 'nothing was found that gives the same here';
      const lost = own.map(({ group }) => group.group.file).join(', ');
      found.push(`${kind.profile.file}: ${why}, so the machines of ${lost} get nothing`);
      continue;
    }
    profiles += draft.profiles.length;
    const { printed } = kind.query;
    if (printed.length > 0) {
      const what = `it reads ${printed.join(', ')} from the query, so each machine has to say that, and lint wants --label`;
      found.push(`${kind.profile.file}: ${what}`);
    }
    samples.push(...own);
    for (const [path, text] of documentsOf(draft)) documents.set(path, text);
    if (!draft.takesParameters && own.some(({ group }) => group.group.metadata !== undefined)) {
      found.push(
        `${kind.profile.file}: the metadata of its groups is filled in already, and not carried over beside it`,
      );
    }
  }
  tools.onProgress?.(kinds.length, kinds.length);
  const sorted = new Map([...documents].sort(([a], [b]) => compareText(a, b)));
  found.push(
    ...(await differences(sorted, samples, tools)),
    ...(await bootNotes(sorted, [...samples, ...bootOnly.map(machineOfGroup)], tools)),
  );
  return { documents: sorted, groups: samples.length + bootOnly.length, profiles, notes: found };
}

async function firstThatHolds(kind: Kind, samples: readonly Sample[], tools: ImportTools): Promise<Draft | undefined> {
  for (const draft of drafts(kind, samples)) {
    if ((await differences(documentsOf(draft), samples, tools)).length === 0) return draft;
  }
  return undefined;
}
