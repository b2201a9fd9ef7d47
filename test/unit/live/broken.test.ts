import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findBroken } from '../../../src/live/broken.ts';
import { PLAIN, revisionOf } from '../site/parsed-site.ts';
import { check, createBench } from './live-sites.ts';

const COMPOSED = [
  'butane: { variant: fcos, version: 1.5.0, x: "{{ parameters.say }}" }',
  'parameters: { type: object, properties: { say: { type: string }, ntp: { type: string } } }',
].join('\n');
const NEEDS_NAME = [
  'butane: { variant: fcos, version: 1.5.0, x: "{{ parameters.name }}" }',
  'parameters: { type: object, required: [name], properties: { name: { type: string } } }',
].join('\n');
const BAD = `${PLAIN}x: BAD\n`;

type Edit = Readonly<Record<string, string | undefined>>;

/** What an edit breaks, one line for each. */
async function brokenBy(site: Readonly<Record<string, string>>, edit: Edit): Promise<readonly string[]> {
  const { renderer } = createBench();
  const later = Object.entries({ ...site, ...edit }).flatMap(([path, text]) =>
    text === undefined ? [] : [[path, text]],
  );
  const [served, next] = [revisionOf(site), revisionOf(Object.fromEntries(later))];
  const broken = findBroken(
    { revision: served, outcomes: (await check(served, renderer)).outcomes },
    { revision: next, outcomes: (await check(next, renderer)).outcomes },
  );
  return broken.map(({ profile, group = '-', giving = '-', reason }) => `${profile}/${group}/${giving}: ${reason}`);
}

const SITE = {
  'profiles/web.yaml': COMPOSED,
  'profiles/db.bu': PLAIN,
  'profiles/alone.bu': PLAIN,
  'profiles/old.bu': BAD,
  'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }\nparameters: { say: hi }',
  'groups/b.yaml': 'profile: db\nmatch: { rack: r8 }',
  'groups/c.yaml': 'profile: old\nmatch: { rack: r9 }',
  'groups/zone.yaml': 'parameters: { ntp: x }\nmatch: { rack: r7, zone: z }',
};

describe('an edit breaks nothing', () => {
  const edits: Readonly<Record<string, Edit>> = {
    'that changes what machines get': { 'profiles/db.bu': `${PLAIN}# other\n`, 'site.yaml': 'parameters: { say: x }' },
    'that adds a profile with a fault, and a group for it': {
      'profiles/new.bu': BAD,
      'groups/new.yaml': 'profile: new\nmatch: { rack: new }',
    },
    'that removes a profile and its group': { 'profiles/db.bu': undefined, 'groups/b.yaml': undefined },
    'that removes a profile without a group': { 'profiles/alone.bu': undefined },
    'that removes a group': { 'groups/a.yaml': undefined },
    'that removes a group that gave parameters': { 'groups/zone.yaml': undefined },
    'that takes the profile from a group': { 'groups/a.yaml': 'parameters: { say: x }\nmatch: { rack: r7 }' },
    'that leaves broken what was broken': { 'profiles/old.bu': `${BAD}# still\n` },
    'that repairs what was broken': { 'profiles/old.bu': PLAIN },
    'that removes what was broken': { 'profiles/old.bu': undefined },
    'that lets a group name another profile': { 'groups/a.yaml': 'profile: db\nmatch: { rack: r7 }' },
    'that lets a broken group name another broken profile': {
      'profiles/new.bu': BAD,
      'groups/c.yaml': 'profile: new\nmatch: { rack: r9 }',
    },
    'that renames a group': { 'groups/a.yaml': undefined, 'groups/z.yaml': SITE['groups/a.yaml'] },
    'that adds a group whose machines nobody knew': { 'groups/new.yaml': 'profile: gone\nmatch: { rack: new }' },
    'that adds a rack whose machines get their names from groups of their own': {
      'profiles/needs.yaml': NEEDS_NAME,
      'groups/rack.yaml': 'profile: needs\nmatch: { rack: new }',
      'groups/node.yaml': 'profile: needs\nmatch: { rack: new, mac: 52:54:00:00:00:01 }\nparameters: { name: n }',
    },
  };
  for (const [title, edit] of Object.entries(edits)) {
    test(title, async () => assert.deepEqual(await brokenBy(SITE, edit), []));
  }

  test('that adds such a rack to a site with a group for everybody', async () => {
    const edit = {
      'profiles/needs.yaml': NEEDS_NAME,
      'groups/rack.yaml': 'profile: needs\nmatch: { rack: new }',
      'groups/node.yaml': 'profile: needs\nmatch: { rack: new, mac: 52:54:00:00:00:01 }\nparameters: { name: n }',
    };
    assert.deepEqual(await brokenBy({ ...SITE, 'groups/all.yaml': 'profile: db' }, edit), []);
  });
});

describe('an edit breaks', () => {
  test('a profile for every group, and for those that only give parameters', async () => {
    const broken = await brokenBy(SITE, { 'profiles/web.yaml': COMPOSED.replace('x:', 'BAD:') });
    assert.deepEqual(broken, ['web/a/-: it does not render any more', 'web/a/zone: it does not render any more']);
  });

  test('a profile that no group names', async () => {
    const broken = await brokenBy(SITE, { 'profiles/alone.bu': BAD });
    assert.deepEqual(broken, ['alone/-/-: it does not render any more']);
  });

  test('a profile that no group named, and that a new group names from now on', async () => {
    const edit = { 'profiles/alone.bu': BAD, 'groups/new.yaml': 'profile: alone\nmatch: { rack: new }' };
    assert.deepEqual(await brokenBy(SITE, edit), ['alone/new/-: it does not render any more']);
  });

  test('one group by its parameters', async () => {
    const broken = await brokenBy(SITE, { 'groups/a.yaml': SITE['groups/a.yaml'].replace('hi', '[1]') });
    assert.deepEqual(broken, ['web/a/-: it does not render any more', 'web/a/zone: it does not render any more']);
  });

  test('machines that match a second group, which is new', async () => {
    const broken = await brokenBy(SITE, {
      'groups/new.yaml': 'parameters: { say: [1] }\nmatch: { rack: r7, kind: k }',
    });
    assert.deepEqual(broken, ['web/a/new: it does not render any more']);
  });

  test('machines that match a second group, which contradicts the first', async () => {
    const broken = await brokenBy(SITE, { 'groups/new.yaml': 'parameters: { say: y }\nmatch: { kind: k }' });
    assert.deepEqual(broken, ['web/a/new: it does not render any more']);
  });

  test('a group whose profile is gone', async () => {
    const broken = await brokenBy(SITE, { 'profiles/db.bu': undefined });
    assert.deepEqual(broken, ['db/b/-: the group names a profile that does not exist']);
  });

  test('a group whose profile is misspelt', async () => {
    const broken = await brokenBy(SITE, { 'groups/b.yaml': 'profile: bd\nmatch: { rack: r8 }' });
    assert.deepEqual(broken, ['bd/b/-: the group names a profile that does not exist']);
  });

  test('machines of a group by a more specific one whose profile is misspelt', async () => {
    const broken = await brokenBy(SITE, { 'groups/new.yaml': 'profile: bd\nmatch: { rack: r8, kind: k }' });
    assert.deepEqual(broken, ['bd/new/-: the group names a profile that does not exist']);
  });

  test('a group that names another profile now, which does not render', async () => {
    const broken = await brokenBy(SITE, { 'groups/b.yaml': 'profile: old\nmatch: { rack: r8 }' });
    assert.deepEqual(broken, ['old/b/-: it does not render any more']);
  });

  test('a group that names another profile now, which wants more of it', async () => {
    const edit = { 'profiles/needs.yaml': NEEDS_NAME, 'groups/b.yaml': 'profile: needs\nmatch: { rack: r8 }' };
    assert.deepEqual(await brokenBy(SITE, edit), ['needs/b/-: it does not render any more']);
  });

  test('a group that is renamed at the same time', async () => {
    const edit = { 'groups/b.yaml': undefined, 'groups/z.yaml': SITE['groups/b.yaml'], 'profiles/db.bu': BAD };
    assert.deepEqual(await brokenBy(SITE, edit), ['db/z/-: it does not render any more']);
  });

  test('a group by another one that is just as specific', async () => {
    const edit = { 'groups/new.yaml': 'profile: web\nmatch: { rack: [r6, r8] }' };
    assert.deepEqual(await brokenBy(SITE, edit), ['db/b/-: another group contradicts it']);
  });

  test('by a strictness that it did not have before', async () => {
    const bench = createBench(({ strict }) => ({
      ok: !strict,
      ignition: '{"ignition":{"version":"3.4.0"}}\n',
      failure: 'warnings',
      entries: [{ severity: 'warning', message: 'a doubt' }],
      yamlFaults: [],
      durationMs: 0,
    }));
    const site = { 'profiles/web.bu': PLAIN };
    const lenient = revisionOf({ ...site, 'site.yaml': 'strict: false' });
    const strict = revisionOf(site);
    const checked = async (revision: typeof strict) => ({
      revision,
      outcomes: (await check(revision, bench.renderer)).outcomes,
    });
    assert.equal(findBroken(await checked(lenient), await checked(strict)).length, 1);
    assert.equal(findBroken(await checked(strict), await checked(lenient)).length, 0);
  });
});

test('nothing is broken where nothing was ever known to work', async () => {
  const revision = revisionOf({ 'profiles/web.bu': BAD });
  const { outcomes } = await check(revision);
  assert.deepEqual(findBroken({ revision, outcomes: new Map() }, { revision, outcomes }), []);
});
