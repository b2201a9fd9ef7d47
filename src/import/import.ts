import { compareText } from '../diagnostic.ts';
import type { PlainPiece } from '../go-template/plain-template.ts';
import { fieldUses, plainPieces } from '../go-template/plain-template.ts';
import { machineOfQuery } from '../site/matchbox/query.ts';
import { templateData } from '../site/matchbox/template-data.ts';
import type { Group, MatchboxProfile, Revision } from '../site/revision.ts';
import type { ImportedGroup } from './groups.ts';
import { importGroups, uniqueIds } from './groups.ts';
import type { LiquidLayer } from './liquid-layer.ts';
import { toLiquidLayer } from './liquid-layer.ts';
import { raisedButane } from './raised-butane.ts';
import type { Documents, ProfileDraft, ProfileFrame } from './site-text.ts';
import { bootDraft, boots, composedDraft, groupText, ignitionDraft, plainDraft } from './site-text.ts';
import { parameterSchema } from './values.ts';

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
    const own = await takeSamples(kind, revision, tools, found);
    if (own.length === 0) continue;
    const draft = await firstThatHolds(kind, own, revision, tools);
    if (draft === undefined) {
      const why = queryUse(kind, revision).decides
        ? 'its template takes more from the query than a layer can'
        : 'nothing was found that gives the same here';
      found.push(`${kind.profile.file}: ${why}`);
      continue;
    }
    profiles += draft.profiles.length;
    const queried = queryUse(kind, revision).printed;
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
  found.push(
    ...(await differences(sorted, samples, tools)),
    ...(await bootNotes(sorted, [...samples, ...bootOnly.map(machineOfGroup)], tools)),
  );
  return { documents: sorted, groups: samples.length + bootOnly.length, profiles, notes: found };
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
    else if (profile.ignition === undefined && !boots(profile)) notes.push(`${profile.file}: it has no Ignition`);
    else return [{ profile, id: ids[index] ?? profile.id, groups: own }];
    return [];
  });
}

/** The text of the template of a profile. */
function sourceOf({ profile: { ignition } }: Kind, revision: Revision): string | undefined {
  return ignition?.kind === 'template' ? revision.documents.get(ignition.file)?.toString('utf8') : undefined;
}

/** What the template of a profile is made of, if it only fills in values. */
function piecesOf(kind: Kind, revision: Revision): readonly PlainPiece[] | undefined {
  const source = sourceOf(kind, revision);
  return source === undefined ? undefined : plainPieces(source);
}

/** Labels for a template that wants some of the query; those that are checked have to be what they say. */
const LABEL_SAMPLES: Readonly<Record<string, string>> = {
  mac: '52:54:00:00:00:01',
  uuid: '00000000-0000-4000-8000-000000000001',
};

async function takeSamples(kind: Kind, revision: Revision, tools: ImportTools, notes: string[]): Promise<Sample[]> {
  const queried = queryUse(kind, revision).printed;
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
  const { printed, decides } = queryUse(kind, revision);
  if (decides) return;
  const frames = samples.map((sample) => ({ sample, frame: { id: `${id}-${sample.group.id}`, profile } }));
  if (printed.length > 0) {
    yield* queryDrafts(kind, frames, printed);
    return;
  }
  const { butane, ignition } = first?.original ?? {};
  if (butane !== undefined && samples.every(({ original }) => original.butane === butane)) {
    yield shared(plainDraft(kind, raisedButane(butane)), samples, false);
  }
  if (ignition !== undefined && samples.every(({ original }) => original.ignition.equals(ignition))) {
    yield shared(ignitionDraft(kind, ignition), samples, false);
  }
  // A group of one profile gives its parameters to the others of it, so each has a profile of its own.
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

/** A sample, and the frame of a profile that is for its group alone. */
interface Framed {
  readonly sample: Sample;
  readonly frame: ProfileFrame;
}

/** How a profile may be written whose template prints labels of the query: as a layer that still does. */
function* queryDrafts(kind: Kind, frames: readonly Framed[], printed: readonly string[]): Iterable<Draft> {
  const layers = frames.map(({ sample }) => fillButQuery(kind, sample.group, printed)?.text);
  const [first] = layers;
  const texts = layers.filter((text) => text !== undefined).map(raisedButane);
  if (first === undefined || texts.length < layers.length) return;
  const samples = frames.map(({ sample }) => sample);
  if (layers.every((text) => text === first)) {
    yield shared(composedDraft(kind, { text: raisedButane(first), isTemplate: true }), samples, false);
  }
  yield apart(
    frames.map(({ sample, frame }, index) => [
      sample,
      composedDraft(frame, { text: texts[index] ?? '', isTemplate: true }),
    ]),
  );
}

/** How a template uses the query: the labels that it prints, and whether it does anything else with it. */
function queryUse(kind: Kind, revision: Revision): { readonly printed: readonly string[]; readonly decides: boolean } {
  const uses = fieldUses(sourceOf(kind, revision) ?? '');
  if (uses === undefined) return { printed: [], decides: false };
  const labels = uses.printed.filter(([root]) => root === 'request').map(labelOfQuery);
  const printed = labels.filter((label) => label !== undefined);
  const isElsewhere = uses.other.some(([root]) => root === 'request') || uses.texts.includes('request');
  return { printed: [...new Set(printed)], decides: isElsewhere || printed.length < labels.length };
}

/** The label that a path into the query names; undefined for the query as a whole. */
function labelOfQuery([, query, key, ...deeper]: readonly string[]): string | undefined {
  return query === 'query' && deeper.length === 0 ? key : undefined;
}

/** A template whose values are filled in for a group, but for the labels that it prints of the query. */
function fillButQuery(kind: Kind, { group }: ImportedGroup, labels: readonly string[]): LiquidLayer | undefined {
  const { ignition } = kind.profile;
  const template = ignition?.kind === 'template' ? ignition.template.value : undefined;
  if (template === undefined) return undefined;
  const marks = labels.map((label, index) => [`queryLabel${index}x`, label] as const);
  const query = Object.fromEntries(marks.map(([mark, label]) => [label, mark]));
  const data = { ...templateData(group, NOBODY), request: { query, raw_query: '' } };
  const filled = template.execute(data).value?.toString('utf8');
  if (filled === undefined) return undefined;
  const pieces = filled.split(/(queryLabel\d+x)/).map((text): PlainPiece => {
    const label = marks.find(([mark]) => mark === text)?.[1];
    return label === undefined ? text : { fields: ['request', 'query', label] };
  });
  return toLiquidLayer(pieces, [group]);
}

const NOBODY = machineOfQuery('');

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
async function bootNotes(
  documents: Documents,
  samples: readonly Pick<Sample, 'group' | 'labels'>[],
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

function machineOfGroup(group: ImportedGroup): Pick<Sample, 'group' | 'labels'> {
  return {
    group,
    labels: Object.fromEntries([...group.group.selector].map(([key, [value = '']]) => [key, value])),
  };
}
