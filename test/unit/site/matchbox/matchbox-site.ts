import assert from 'node:assert/strict';
import type { Parsed } from '../../../../src/diagnostic.ts';
import { parseSite } from '../../../../src/site/load.ts';
import { parseMatchboxGroup } from '../../../../src/site/matchbox/group.ts';
import { parseMatchboxProfile } from '../../../../src/site/matchbox/profile.ts';
import type { Group, MatchboxProfile, Revision } from '../../../../src/site/revision.ts';
import type { Documents } from '../parsed-site.ts';
import { inOneLine, sourceTree } from '../parsed-site.ts';

/** A data directory that is parsed without a disk. */
export function matchboxRevision(documents: Documents): Revision {
  const { value, diagnostics } = parseSite({ ...sourceTree(documents), format: 'matchbox' });
  assert.ok(value, diagnostics.map(inOneLine).join('\n'));
  return value;
}

/** What a revision has to say of itself and its profiles, in the words of people. */
export function remarks(documents: Documents): readonly string[] {
  return matchboxRevision(documents).diagnostics.map(inOneLine);
}

/** A group out of the text of its file. */
export function parsedGroup(text: string | Buffer): Parsed<Group> {
  return parseMatchboxGroup('g', Buffer.from(text), 'groups/g.json');
}

/** A profile out of the text of its file, in a directory without documents. */
export function parsedProfile(text: string | Buffer): Parsed<MatchboxProfile> {
  const context = { documents: new Map(), contents: new Map() };
  return parseMatchboxProfile('p', Buffer.from(text), 'profiles/p.json', context);
}
