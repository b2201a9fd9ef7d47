import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Parsed } from '../../../src/diagnostic.ts';
import { parseSite } from '../../../src/site/load.ts';
import type { Revision } from '../../../src/site/revision.ts';
import { check } from '../live/live-sites.ts';
import type { Documents } from './parsed-site.ts';
import { inOneLine, PLAIN, sourceTree } from './parsed-site.ts';

const COMPOSED = [
  'layers: [fragments/base.bu, fragments/deep/more.bu.liquid]',
  'butane: { variant: fcos, version: 1.5.0 }',
  'parameters: { type: object, properties: { say: { type: string } } }',
].join('\n');

const SITE: Documents = {
  'site.yaml': 'parameters: { say: hi }',
  'profiles/web.yaml': COMPOSED,
  'profiles/plain.bu': PLAIN,
  'fragments/base.bu': PLAIN,
  'fragments/deep/more.bu.liquid': 'x: "{{ parameters.say }}"\n',
  'fragments/unused.bu': PLAIN,
  'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }',
  'groups/b.yaml': 'parameters: { say: rack }\nmatch: { rack: r7, zone: z }',
};

/** States of a site that follow each other; a text that is undefined removes the file. */
const EDITS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'as it is': {},
  'a fragment is edited': { 'fragments/base.bu': `${PLAIN}y: 1\n` },
  'a fragment is broken': { 'fragments/base.bu': 'y: [' },
  'a fragment has a broken template': { 'fragments/deep/more.bu.liquid': 'x: "{{ parameters. }}"' },
  'a fragment is gone': { 'fragments/base.bu': undefined },
  'a fragment that nobody uses is broken': { 'fragments/unused.bu': 'y: [' },
  'a fragment is of another kind': { 'fragments/deep/more.bu.liquid': undefined, 'fragments/deep/more.bu': 'x: 1' },
  'a profile is edited': { 'profiles/web.yaml': COMPOSED.replace('fragments/base.bu, ', '') },
  'a profile is broken': { 'profiles/web.yaml': 'layers: [' },
  'a profile names what is not there': { 'profiles/web.yaml': COMPOSED.replace('base', 'bsae') },
  'a profile is gone': { 'profiles/web.yaml': undefined },
  'a profile is written in TOML': {
    'profiles/web.yaml': undefined,
    'profiles/web.toml': 'layers = ["fragments/base.bu"]',
  },
  'a profile is there twice': { 'profiles/web.bu': PLAIN },
  'a plain profile is broken': { 'profiles/plain.bu': 'x: [' },
  'a group is edited': { 'groups/a.yaml': 'profile: plain\nmatch: { rack: r7 }' },
  'a group is broken': { 'groups/a.yaml': 'profile: [' },
  'a group is gone': { 'groups/a.yaml': undefined },
  'a group is there twice': { 'groups/a.toml': 'profile = "web"' },
  'a group has the selector of another': { 'groups/c.yaml': 'profile: plain\nmatch: { rack: r7 }' },
  'a group names no profile': { 'groups/a.yaml': 'profile: wbe\nmatch: { rack: r7 }' },
  'a group is renamed': { 'groups/a.yaml': undefined, 'groups/z.yaml': SITE['groups/a.yaml']?.toString() },
  'the settings are edited': { 'site.yaml': 'parameters: { say: other }\nstrict: false' },
  'the settings are broken': { 'site.yaml': 'parameters: [' },
};

function treeAfter(edit: Readonly<Record<string, string | undefined>>) {
  const documents = Object.entries({ ...SITE, ...edit });
  return sourceTree(
    Object.fromEntries(documents.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]))),
  );
}

/** All that can be seen of a parse from outside. */
async function seen({ value, diagnostics }: Parsed<Revision>) {
  const lines = diagnostics.map(inOneLine);
  if (value === undefined) return { lines };
  const { reports, outcomes } = await check(value);
  return {
    lines,
    id: value.id,
    profiles: [...value.profiles.values()].map(({ id, kind, file, digest, diagnostics: own }) => [
      id,
      kind,
      file,
      digest,
      own,
    ]),
    groups: [...value.groups.values()].map(({ id, file, digest, selector, profile }) => [
      id,
      file,
      digest,
      selector,
      profile,
    ]),
    reports,
    outcomes,
  };
}

describe('a site means the same, whatever was parsed of it before:', () => {
  for (const [later, edit] of Object.entries(EDITS)) {
    test(later, async () => {
      const fresh = await seen(parseSite(treeAfter(edit)));
      for (const [earlier, before] of Object.entries(EDITS)) {
        const parsed = parseSite(treeAfter(before)).value?.parsed;
        if (parsed === undefined) continue;
        assert.deepEqual(await seen(parseSite(treeAfter(edit), parsed)), fresh, `after: ${earlier}`);
      }
    });
  }

  test('also after a long row of edits, each upon the one before', async () => {
    let parsed = parseSite(treeAfter({})).value?.parsed;
    const states = Object.values(EDITS);
    for (let index = 0; index < 3 * states.length; index += 1) {
      const edit = states[(index * 7) % states.length] ?? {};
      const next = parseSite(treeAfter(edit), parsed);
      assert.deepEqual(await seen(next), await seen(parseSite(treeAfter(edit))));
      parsed = next.value?.parsed ?? parsed;
    }
  });
});

test('what did not change is taken over as it is', () => {
  const before = parseSite(treeAfter({})).value;
  const after = parseSite(treeAfter({ 'fragments/base.bu': `${PLAIN}y: 1\n` }), before?.parsed).value;
  assert.ok(before !== undefined && after !== undefined);
  const same = (path: string) => after.parsed.fragments.get(path) === before.parsed.fragments.get(path);
  assert.deepEqual(['fragments/base.bu', 'fragments/unused.bu'].map(same), [false, true]);
  assert.notEqual(after.profiles.get('web'), before.profiles.get('web'));
  assert.equal(after.profiles.get('plain'), before.profiles.get('plain'));
  assert.equal(after.groups.get('a'), before.groups.get('a'));
});
