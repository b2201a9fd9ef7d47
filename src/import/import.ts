import { compareText } from '../diagnostic.ts';
import type { PlainPiece } from '../go-template/plain-template.ts';
import { plainPieces } from '../go-template/plain-template.ts';
import type { Group, MatchboxProfile, Revision } from '../site/revision.ts';
import type { ImportedGroup } from './groups.ts';
import { importGroups, uniqueIds } from './groups.ts';
import { toLiquidLayer } from './liquid-layer.ts';
import { raisedButane } from './raised-butane.ts';
import type { Documents, ProfileDraft } from './site-text.ts';
import { composedDraft, groupText, ignitionDraft, plainDraft } from './site-text.ts';
import { parameterSchema, queriedLabels } from './values.ts';

/** What the machine of a group says when it asks. */
export type Labels = Readonly<Record<string, string>>;

/** A config that a data directory gives: the Ignition, and the Butane that it comes from if it does. */
export interface Original {
  readonly ignition: Buffer;
  readonly butane?: string;
}

/** What a machine gets from a site. */
export interface Outcome {
  /** Absent where it gets nothing. */
  readonly ignition?: Buffer;
  /** What is wrong with its boot. */
  readonly bootFaults: readonly string[];
}

/** What an import asks for what is rendered. */
export interface ImportTools {
  /** What the machine of a group gets from the data directory; the reason when it gets nothing. */
  readonly original: (group: Group, labels: Labels) => Promise<Original | string>;
  /** What machines get from a site of these documents. */
  readonly imported: (documents: Documents, machines: readonly Labels[]) => Promise<readonly Outcome[]>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A site, and what of the data directory is not in it. */
export interface Imported {
  readonly documents: Documents;
  readonly groups: number;
  readonly profiles: number;
  /** Each names a file and what is to be known of it. */
  readonly notes: readonly string[];
}

/** A profile with the groups that name it. */
interface Kind {
  readonly profile: MatchboxProfile;
  readonly id: string;
  readonly groups: readonly ImportedGroup[];
}

/** A machine of a group and what it gets. */
interface Sample {
  readonly group: ImportedGroup;
  readonly labels: Labels;
  readonly original: Original;
}

/** A profile as it is written, with the groups of its machines. */
interface Draft {
  readonly profiles: readonly ProfileDraft[];
  /** The id of the profile of each group. */
  readonly profileOf: ReadonlyMap<ImportedGroup, string>;
  readonly takesParameters: boolean;
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
  let profiles = 0;
  const kinds = kindsOf(revision, groups, found);
  for (const [index, kind] of kinds.entries()) {
    tools.onProgress?.(index, kinds.length);
    const own = await takeSamples(kind, revision, tools, found);
    if (own.length === 0) continue;
    const draft = await firstThatHolds(kind, own, revision, tools);
    if (draft === undefined) {
      const why = readsQuery(kind, revision)
        ? 'its template takes more from the query than a layer can'
        : 'nothing was found that gives the same here';
      found.push(`${kind.profile.file}: ${why}`);
      continue;
    }
    profiles += draft.profiles.length;
    const queried = queriedLabels(piecesOf(kind, revision) ?? []);
    if (queried.length > 0) {
      const what = `it reads ${queried.join(', ')} from the query, so each machine has to say that, and lint wants it`;
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
  found.push(...(await differences(sorted, samples, tools)), ...(await bootNotes(sorted, samples, tools)));
  return { documents: sorted, groups: samples.length, profiles, notes: found };
}

function kindsOf(revision: Revision, groups: readonly ImportedGroup[], notes: string[]): readonly Kind[] {
  const profiles = [...revision.profiles.values()].filter((profile) => profile.kind === 'matchbox');
  const ids = uniqueIds(profiles.map(({ id }) => id));
  return profiles.flatMap((profile, index) => {
    const own = groups.filter(({ group }) => group.profile?.id === profile.id);
    for (const kind of ['generic', 'cloud'] as const) {
      if (profile[kind] !== undefined) notes.push(`${profile.file}: a site has no ${kind} documents`);
    }
    if (own.length === 0) notes.push(`${profile.file}: no group that is carried over names it`);
    else if (profile.ignition === undefined) notes.push(`${profile.file}: it has no Ignition`);
    else return [{ profile, id: ids[index] ?? profile.id, groups: own }];
    return [];
  });
}

/** What the template of a profile is made of, if it only fills in values. */
function piecesOf({ profile }: Kind, revision: Revision): readonly PlainPiece[] | undefined {
  const { ignition } = profile;
  const source = ignition?.kind === 'template' ? revision.documents.get(ignition.file) : undefined;
  return source === undefined ? undefined : plainPieces(source.toString('utf8'));
}

/** Labels for a template that wants some of the query; those that are checked have to be what they say. */
const LABEL_SAMPLES: Readonly<Record<string, string>> = {
  mac: '52:54:00:00:00:01',
  uuid: '00000000-0000-4000-8000-000000000001',
};

async function takeSamples(kind: Kind, revision: Revision, tools: ImportTools, notes: string[]): Promise<Sample[]> {
  const queried = queriedLabels(piecesOf(kind, revision) ?? []);
  const samples: Sample[] = [];
  for (const group of kind.groups) {
    const labels: Record<string, string> = Object.create(null);
    for (const key of queried) labels[key] = LABEL_SAMPLES[key] ?? `some-${key}`;
    for (const [key, [value = '']] of group.group.selector) labels[key] = value;
    const original = await tools.original(group.group, labels);
    if (typeof original === 'string') notes.push(`${group.group.file}: its machines get nothing: ${original}`);
    else samples.push({ group, labels, original });
  }
  return samples;
}

async function firstThatHolds(
  kind: Kind,
  samples: readonly Sample[],
  revision: Revision,
  tools: ImportTools,
): Promise<Draft | undefined> {
  for (const draft of drafts(kind, samples, revision)) {
    if ((await differences(documentsOf(draft), samples, tools)).length === 0) return draft;
  }
  return undefined;
}

/** How a profile may be written, the most readable first. */
function* drafts(kind: Kind, samples: readonly Sample[], revision: Revision): Iterable<Draft> {
  const { id, profile } = kind;
  const pieces = piecesOf(kind, revision) ?? [];
  const groups = samples.map(({ group }) => group.group);
  const layer = pieces.some((piece) => typeof piece !== 'string') ? toLiquidLayer(pieces, groups) : undefined;
  if (layer !== undefined) {
    const text = raisedButane(layer.text);
    const schema = parameterSchema(groups, layer.parameters);
    yield shared(composedDraft(kind, { text, isTemplate: true }, schema), samples, true);
  }
  const [first] = samples;
  if (readsQuery(kind, revision)) return;
  const { butane, ignition } = first?.original ?? {};
  if (butane !== undefined && samples.every(({ original }) => original.butane === butane)) {
    yield shared(plainDraft(kind, raisedButane(butane)), samples, false);
  }
  if (ignition !== undefined && samples.every(({ original }) => original.ignition.equals(ignition))) {
    yield shared(ignitionDraft(kind, ignition), samples, false);
  }
  // A group of one profile gives its parameters to the others of it, so each has a profile of its own.
  const frames = samples.map((sample) => ({ sample, frame: { id: `${id}-${sample.group.id}`, profile } }));
  yield apart(
    frames.map(({ sample, frame }) => [
      sample,
      sample.original.butane === undefined
        ? ignitionDraft(frame, sample.original.ignition)
        : plainDraft(frame, raisedButane(sample.original.butane)),
    ]),
  );
  yield apart(frames.map(({ sample, frame }) => [sample, ignitionDraft(frame, sample.original.ignition)]));
}

/** True for a template that says `request` in an action: what it gives is not that of its group alone. */
function readsQuery({ profile }: Kind, revision: Revision): boolean {
  const { ignition } = profile;
  const source = ignition?.kind === 'template' ? revision.documents.get(ignition.file)?.toString('utf8') : undefined;
  return [...(source ?? '').matchAll(/\{\{.*?\}\}/gs)].some(([action]) => /\brequest\b/.test(action));
}

function shared(profile: ProfileDraft, samples: readonly Sample[], takesParameters: boolean): Draft {
  return {
    profiles: [profile],
    profileOf: new Map(samples.map(({ group }) => [group, profile.id])),
    takesParameters,
  };
}

function apart(profiles: readonly (readonly [Sample, ProfileDraft])[]): Draft {
  return {
    profiles: profiles.map(([, profile]) => profile),
    profileOf: new Map(profiles.map(([{ group }, { id }]) => [group, id])),
    takesParameters: false,
  };
}

function documentsOf({ profiles, profileOf, takesParameters }: Draft): Documents {
  return new Map([
    ...profiles.flatMap(({ documents }) => documents),
    ...[...profileOf].map(([group, profile]) => groupText(group, profile, takesParameters)),
  ]);
}

/** The groups whose machines do not get the same bytes from a site. */
async function differences(documents: Documents, samples: readonly Sample[], tools: ImportTools): Promise<string[]> {
  const got = await tools.imported(
    documents,
    samples.map(({ labels }) => labels),
  );
  return samples
    .filter(({ original }, index) => !(got[index]?.ignition?.equals(original.ignition) ?? false))
    .map(({ group }) => `${group.group.file}: its machines would get another config`);
}

/** Boots that no script can be written of; matchbox quotes nothing, and looks at nothing. */
async function bootNotes(documents: Documents, samples: readonly Sample[], tools: ImportTools): Promise<string[]> {
  const got = await tools.imported(
    documents,
    samples.map(({ labels }) => labels),
  );
  const notes = samples.flatMap(({ group }, index) =>
    (got[index]?.bootFaults ?? []).map((fault) => `profiles/${group.group.profile?.id}.json: its boot: ${fault}`),
  );
  return [...new Set(notes)];
}
