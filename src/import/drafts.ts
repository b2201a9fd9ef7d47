import { plainPieces } from '../go-template/plain-template.ts';
import type { ImportedGroup } from './groups.ts';
import type { Kind } from './kinds.ts';
import { toLiquidLayer } from './liquid-layer.ts';
import { fillButQuery } from './query-use.ts';
import { raisedButane } from './raised-butane.ts';
import type { Sample } from './samples.ts';
import type { Documents, ProfileDraft, ProfileFrame } from './site-text.ts';
import { composedDraft, groupText, ignitionDraft, plainDraft } from './site-text.ts';
import { parameterSchema } from './values.ts';

/** A profile as it is written, with the groups of its machines. */
export interface Draft {
  readonly profiles: readonly ProfileDraft[];
  /** The id of the profile of each group. */
  readonly profileOf: ReadonlyMap<ImportedGroup, string>;
  readonly takesParameters: boolean;
}

/** How a profile may be written, the most readable first. */
export function* drafts(kind: Kind, samples: readonly Sample[]): Iterable<Draft> {
  const { id, profile } = kind;
  const pieces = plainPieces(kind.source) ?? [];
  const groups = samples.map(({ group }) => group.group);
  const layer = pieces.some((piece) => typeof piece !== 'string') ? toLiquidLayer(pieces, groups) : undefined;
  if (layer !== undefined) {
    const text = raisedButane(layer.text);
    const schema = parameterSchema(groups, layer.parameters);
    yield shared(composedDraft(kind, { text, isTemplate: true }, schema), samples, true);
  }
  const [first] = samples;
  const { printed, decides } = kind.query;
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
  const layers = frames.map(({ sample }) => fillButQuery(kind.profile, sample.group, printed)?.text);
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

/** The documents of a profile and of its groups. */
export function documentsOf({ profiles, profileOf, takesParameters }: Draft): Documents {
  return new Map([
    ...profiles.flatMap(({ documents }) => documents),
    ...[...profileOf].map(([group, profile]) => groupText(group, profile, takesParameters)),
  ]);
}
