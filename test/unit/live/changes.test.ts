import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Changes } from '../../../src/live/changes.ts';
import { findChanges, shareFiles } from '../../../src/live/changes.ts';
import { fileTree } from '../../support/nodes.ts';
import type { Documents } from '../site/parsed-site.ts';
import { PLAIN, revisionOf } from '../site/parsed-site.ts';

const NOTHING = { added: [], removed: [], changed: [] };
const SITE = {
  'profiles/web.yaml': 'layers: [fragments/base.bu]\nbutane: { variant: fcos, version: 1.5.0 }\n',
  'profiles/db.bu': PLAIN,
  'fragments/base.bu': PLAIN,
  'groups/a.yaml': 'profile: web\n',
};
const FILES = fileTree({ etc: null, 'etc/motd': 'hi', 'etc/run': { run: '' }, 'etc/link': { link: 'motd' } });

/** What an edit of the site changes, without what it does not. */
function changesOf(edit: Documents, files = FILES): Partial<Changes> {
  const documents = Object.fromEntries(Object.entries({ ...SITE, ...edit }).filter(([, text]) => text !== ''));
  const changes = findChanges(revisionOf(SITE, FILES), revisionOf(documents, files));
  return Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== false && JSON.stringify(value) !== JSON.stringify(NOTHING)),
  );
}

describe('what differs between two revisions is named:', () => {
  test('nothing, where nothing does', () => assert.deepEqual(changesOf({}), {}));

  test('a fragment, with every profile that uses it', () => {
    assert.deepEqual(changesOf({ 'fragments/base.bu': `${PLAIN}# edited\n` }), {
      fragments: { ...NOTHING, changed: ['fragments/base.bu'] },
      profiles: { ...NOTHING, changed: ['web'] },
    });
  });

  test('profiles and groups that come, go and change, in the order of their names', () => {
    assert.deepEqual(
      changesOf({
        'profiles/z.bu': PLAIN,
        'profiles/b.bu': PLAIN,
        'profiles/db.bu': '',
        'groups/a.yaml': 'profile: b',
      }),
      {
        profiles: { ...NOTHING, added: ['b', 'z'], removed: ['db'] },
        groups: { ...NOTHING, changed: ['a'] },
      },
    );
  });

  test('a profile that is written another way, though it means the same', () => {
    assert.deepEqual(changesOf({ 'profiles/db.bu': `${PLAIN}\n` }), { profiles: { ...NOTHING, changed: ['db'] } });
  });

  test('site.yaml', () => {
    assert.deepEqual(changesOf({ 'site.yaml': 'strict: false' }), { settings: true });
    assert.deepEqual(changesOf({ 'site.yaml': '# nothing' }), { settings: true });
  });

  test('files by their content, kind, target and whether they can be run', () => {
    const files = fileTree({
      'etc/motd': { run: 'hi' },
      'etc/run': { run: 'x' },
      'etc/link': { link: 'run' },
      'etc/new': '',
      opt: null,
    });
    assert.deepEqual(changesOf({}, files), {
      files: { added: ['etc/new', 'opt'], removed: ['etc'], changed: ['etc/link', 'etc/motd', 'etc/run'] },
    });
    const kinds = fileTree({ etc: null, 'etc/motd': { link: 'run' }, 'etc/run': null, 'etc/link': 'motd' });
    assert.deepEqual(changesOf({}, kinds), { files: { ...NOTHING, changed: ['etc/link', 'etc/motd', 'etc/run'] } });
  });

  test('also where names are those that objects have by themselves', () => {
    assert.deepEqual(changesOf({ 'fragments/__proto__.bu': PLAIN, 'profiles/constructor.bu': PLAIN }), {
      fragments: { ...NOTHING, added: ['fragments/__proto__.bu'] },
      profiles: { ...NOTHING, added: ['constructor'] },
    });
  });
});

test('equal files are shared, and others are not', () => {
  const later = fileTree({ etc: null, 'etc/motd': 'hi', 'etc/run': '', 'etc/link': { link: 'motd' }, 'etc/new': 'x' });
  const shared = shareFiles(later, FILES);
  assert.deepEqual(shared, later);
  const same = [...shared].filter(([path, entry]) => FILES.get(path) === entry).map(([path]) => path);
  assert.deepEqual(same, ['etc', 'etc/motd', 'etc/link']);
});
