import type { MatchboxProfile, Revision } from '../site/revision.ts';
import type { ImportedGroup } from './groups.ts';
import { uniqueIds } from './groups.ts';
import type { QueryUse } from './query-use.ts';
import { queryUse } from './query-use.ts';
import type { ProfileFrame } from './site-text.ts';
import { boots } from './site-text.ts';

/** A profile of a data directory with the groups that name it. */
export interface Kind extends ProfileFrame {
  readonly groups: readonly ImportedGroup[];
  /** The text of its template; empty where it has none. */
  readonly source: string;
  readonly query: QueryUse;
}

/** The profiles that can be carried over, with their new ids; what cannot, and why, is added to the notes. */
export function kindsOf(revision: Revision, groups: readonly ImportedGroup[], notes: string[]): readonly Kind[] {
  const profiles = [...revision.profiles.values()].filter((profile) => profile.kind === 'matchbox');
  const ids = uniqueIds(profiles.map(({ id }) => id));
  return profiles.flatMap((profile, index) => {
    const own = groups.filter(({ group }) => group.profile?.id === profile.id);
    for (const kind of ['generic', 'cloud'] as const) {
      if (profile[kind] !== undefined) notes.push(`${profile.file}: a site has no ${kind} documents`);
    }
    if (own.length === 0) notes.push(`${profile.file}: no group that is carried over names it`);
    else if (profile.ignition === undefined && !boots(profile)) notes.push(`${profile.file}: it has no Ignition`);
    else return [{ profile, id: ids[index] ?? profile.id, groups: own, ...templateOf(profile, revision) }];
    return [];
  });
}

function templateOf({ ignition }: MatchboxProfile, { documents }: Revision): Pick<Kind, 'source' | 'query'> {
  const source = ignition?.kind === 'template' ? (documents.get(ignition.file)?.toString('utf8') ?? '') : '';
  return { source, query: queryUse(source) };
}
