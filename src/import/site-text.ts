import { stringify } from 'yaml';
import type { MatchboxProfile } from '../site/revision.ts';
import type { ImportedGroup } from './groups.ts';

/** Documents of a site, by their paths. */
export type Documents = ReadonlyMap<string, string | Buffer>;

/** What of a profile is the same however its config is written. */
export interface ProfileFrame {
  readonly id: string;
  readonly profile: MatchboxProfile;
}

/** How a profile of matchbox is written here: its documents, without the groups. */
export interface ProfileDraft {
  readonly id: string;
  readonly documents: readonly (readonly [path: string, text: string | Buffer])[];
}

/** A composed profile over one layer. */
export function composedDraft(
  frame: ProfileFrame,
  layer: { readonly text: string; readonly isTemplate: boolean },
  parameters?: object,
): ProfileDraft {
  const file = `fragments/${frame.id}.bu${layer.isTemplate ? '.liquid' : ''}`;
  const body = { layers: [file], ...(parameters === undefined ? {} : { parameters }) };
  return { id: frame.id, documents: [[file, layer.text], definition(frame, body)] };
}

/** A profile that only boots machines. */
export function bootDraft(frame: ProfileFrame): ProfileDraft {
  return { id: frame.id, documents: [definition(frame, {})] };
}

/** True for a profile that says what to boot. */
export function boots(profile: MatchboxProfile): boolean {
  return bootOf(profile) !== undefined;
}

/** Butane that every machine of the profile gets. */
export function plainDraft(frame: ProfileFrame, butane: string): ProfileDraft {
  if (bootOf(frame.profile) !== undefined) return composedDraft(frame, { text: butane, isTemplate: false });
  return { id: frame.id, documents: [[`profiles/${frame.id}.bu`, butane]] };
}

/** Ignition that every machine of the profile gets. */
export function ignitionDraft(frame: ProfileFrame, ignition: Buffer): ProfileDraft {
  const { id, profile } = frame;
  if (bootOf(profile) === undefined) return { id, documents: [[`profiles/${id}.ign`, ignition]] };
  const name = `${id}.ign`;
  return { id, documents: [[`files/${name}`, ignition], definition(frame, { ignition: name })] };
}

function definition({ id, profile }: ProfileFrame, body: object): readonly [string, string] {
  const { title, file } = profile;
  const boot = bootOf(profile);
  const text = stringify(
    {
      ...(title === undefined ? {} : { title: title.slice(0, MAX_TITLE) }),
      ...body,
      ...(boot === undefined ? {} : { boot }),
    },
    { lineWidth: 0 },
  );
  return [`profiles/${id}.yaml`, `# Imported from ${file} of a data directory of matchbox.\n${text}`];
}

/** Characters of a title. */
const MAX_TITLE = 200;

/** What a profile boots; undefined for one without a kernel, as Terraform writes for machines that boot from a disk. */
function bootOf({ boot }: MatchboxProfile): object | undefined {
  if (boot === undefined || boot.kernel === '') return undefined;
  const { kernel, initrd, args } = boot;
  return {
    kernel,
    ...(initrd.length === 0 ? {} : { initrd }),
    // Here each argument is an item of its own.
    ...(args.length === 0 ? {} : { args: args.flatMap((each) => (each.includes('"') ? [each] : words(each))) }),
    // The arguments say where Ignition finds its config.
    ignition: 'none',
  };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** A group that gives its machines a profile, with the metadata as parameters where the profile takes any. */
export function groupText(
  { group, id, priority }: ImportedGroup,
  profile: string,
  takesParameters: boolean,
): readonly [path: string, text: string] {
  const { metadata = {} } = group;
  const match = Object.fromEntries([...group.selector].map(([key, [value = '']]) => [key, value]));
  const text = stringify(
    {
      profile,
      ...(group.selector.size === 0 ? {} : { match }),
      ...(priority === 0 ? {} : { priority }),
      ...(takesParameters && Object.keys(metadata).length > 0 ? { parameters: metadata } : {}),
    },
    { lineWidth: 0 },
  );
  return [`groups/${id}.yaml`, `# Imported from ${group.file} of a data directory of matchbox.\n${text}`];
}
