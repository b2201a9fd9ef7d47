import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { ProvisioningError } from '../../../src/errors.ts';
import { SiteFaults } from '../../../src/live/site-faults.ts';
import type { Decoded } from '../../../src/live/snapshot.ts';
import { digestTree } from '../../../src/site/source-tree.ts';
import { eventually } from '../../support/service.ts';
import type { Documents } from '../site/parsed-site.ts';
import { PLAIN, sourceTree } from '../site/parsed-site.ts';
import type { TestSite } from './live-sites.ts';
import { answer, liveSite } from './live-sites.ts';

const BAD = `${PLAIN}x: BAD\n`;
const CRASH = `${PLAIN}x: CRASH\n`;
const INVALID = 'profile: [';
const SITE = { 'profiles/web.bu': PLAIN, 'profiles/db.bu': PLAIN, 'groups/a.yaml': 'profile: web' };

function idOf(documents: Documents): string {
  return digestTree(sourceTree(documents));
}

/** A site that is open and checked; the events up to here are forgotten. */
async function opened(
  t: TestContext,
  documents: Documents = SITE,
  options: Parameters<typeof liveSite>[2] = {},
): Promise<TestSite> {
  const test = liveSite(t, documents, options);
  await test.site.open(undefined);
  await eventually(() => test.events.some((event) => event.startsWith('checked')));
  test.events.length = 0;
  return test;
}

/** What is kept of a revision in the state directory. */
function kept(documents: Documents, outcomes: ReadonlyMap<string, string | undefined> = new Map()): Decoded {
  const tree = sourceTree(documents);
  return { site: '/srv/site', revision: digestTree(tree), tree, outcomes, contents: [], reports: [] };
}

function servedId({ site }: TestSite): string | undefined {
  return site.current?.served.revision.id;
}

describe('an edit', () => {
  test('that breaks nothing is served, and what is wrong with it is told', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/new.bu': BAD });
    const reloaded = await live.site.reload();
    const id = idOf({ ...SITE, 'profiles/new.bu': BAD });
    assert.deepEqual(reloaded, { outcome: 'served', revision: id });
    assert.deepEqual(live.events, ['kept', 'served site', 'checked', 'reloaded served']);
    assert.equal(live.site.current?.check.reports.length, 1);
    assert.deepEqual([servedId(live), live.site.refusal], [id, undefined]);
    assert.deepEqual(live.site.records[0]?.changes?.profiles, { added: ['new'], removed: [], changed: [] });
  });

  test('that changes nothing is no new revision', async (t) => {
    const live = await opened(t);
    const before = live.site.current;
    assert.deepEqual(await live.site.reload(), { outcome: 'unchanged', revision: idOf(SITE) });
    assert.equal(live.site.current, before);
    assert.deepEqual(live.events, ['reloaded unchanged']);
    assert.equal(live.site.records.length, 1);
    assert.equal(live.copies.size, 1);
  });

  test('that breaks something is refused whole: what else it changes is not served either', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD, 'profiles/db.bu': `${PLAIN}# new\n` });
    const reloaded = await live.site.reload();
    assert.ok(reloaded.outcome === 'refused');
    const { refusal } = reloaded;
    assert.equal(live.site.refusal, refusal);
    assert.deepEqual(refusal.broken, [{ profile: 'web', group: 'a', reason: 'it does not render any more' }]);
    assert.deepEqual([refusal.reason, refusal.reports.length], ['breaks', 1]);
    assert.equal(refusal.id, idOf({ ...SITE, 'profiles/web.bu': BAD, 'profiles/db.bu': `${PLAIN}# new\n` }));
    assert.equal(servedId(live), idOf(SITE));
    assert.deepEqual(live.events, ['refused breaks', 'reloaded refused']);
    assert.ok(live.site.find(refusal.id ?? '') !== undefined, 'it can be compared');
  });

  test('that removes a profile and its groups is no breakage', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': undefined, 'groups/a.yaml': undefined });
    assert.equal((await live.site.reload()).outcome, 'served');
  });

  test('that lets a group name a profile that is gone is one', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': undefined });
    assert.equal((await live.site.reload({})).outcome, 'refused');
    live.edit({ 'profiles/web.bu': PLAIN, 'groups/a.yaml': 'profile: wbe' });
    assert.equal((await live.site.reload({})).outcome, 'refused');
    assert.equal(servedId(live), idOf(SITE));
  });

  test('that does not parse is never served, not even by force', async (t) => {
    const live = await opened(t);
    live.edit({ 'groups/b.yaml': INVALID });
    for (const force of [false, true]) {
      const reloaded = await live.site.reload({ force });
      assert.ok(reloaded.outcome === 'refused');
      assert.deepEqual([reloaded.refusal.reason, reloaded.refusal.id], ['invalid', undefined]);
      assert.deepEqual(reloaded.refusal.broken, []);
      assert.ok(reloaded.refusal.reports.length > 0);
    }
    assert.equal(servedId(live), idOf(SITE));
    assert.deepEqual(live.events, ['refused invalid', 'reloaded refused', 'reloaded refused']);
  });

  test('that only adds a link out of the site is refused, though no byte of the revision changed', async (t) => {
    const live = await opened(t);
    const diagnostic = { severity: 'error', code: 'site-link', message: 'the link leads out of the site' } as const;
    live.readsAs(async () => ({ ...sourceTree(SITE), diagnostics: [diagnostic] }));
    const reloaded = await live.site.reload();
    assert.ok(reloaded.outcome === 'refused');
    assert.deepEqual(reloaded.refusal.reports, [{ diagnostic }]);
    live.readsAs(undefined);
    assert.equal((await live.site.reload()).outcome, 'unchanged');
    assert.equal(live.site.refusal, undefined);
  });

  test('costs only the renders that it concerns', async (t) => {
    const composed = (name: string) => `layers: [fragments/${name}.bu]\nbutane: { variant: fcos, version: 1.5.0 }`;
    const groups = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [
        `groups/g${index}.yaml`,
        `profile: p${index}\nmatch: { rack: r${index} }`,
      ]),
    );
    const profiles = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`profiles/p${index}.yaml`, composed(index < 2 ? 'used' : 'other')]),
    );
    const live = await opened(t, { ...profiles, ...groups, 'fragments/used.bu': PLAIN, 'fragments/other.bu': PLAIN });
    const count = async (edit: Readonly<Record<string, string | undefined>>) => {
      const before = live.renders.length;
      live.edit(edit);
      assert.equal((await live.site.reload()).outcome, 'served');
      return live.renders.length - before;
    };
    assert.equal(live.renders.length, 10);
    assert.equal(await count({ 'fragments/used.bu': `${PLAIN}x: 1\n` }), 2);
    assert.equal(await count({ 'groups/g5.yaml': 'profile: p5\nmatch: { rack: other }' }), 1);
    assert.equal(await count({ 'fragments/unused.bu': PLAIN }), 0);
    assert.equal(await count({ 'groups/g9.yaml': undefined }), 1, 'the profile without its group');
    assert.equal(await count({ 'fragments/used.bu': PLAIN }), 0, 'back to what was known');
    assert.equal(await count({ 'site.yaml': 'strict: false' }), 10);
  });

  test('keeps what was parsed of everything else', async (t) => {
    const live = await opened(t, { ...SITE, 'fragments/a.bu': PLAIN });
    const before = live.site.current?.served.revision;
    live.edit({ 'profiles/db.bu': `${PLAIN}# edited\n` });
    await live.site.reload();
    const after = live.site.current?.served.revision;
    assert.notEqual(after, before);
    for (const path of ['web'] as const) assert.equal(after?.profiles.get(path), before?.profiles.get(path));
    assert.equal(after?.groups.get('a'), before?.groups.get('a'));
    assert.equal(after?.parsed.fragments.get('fragments/a.bu'), before?.parsed.fragments.get('fragments/a.bu'));
    assert.notEqual(after?.profiles.get('db'), before?.profiles.get('db'));
  });
});

describe('a refused revision', () => {
  test('is told of once, however often it is read, and keeps its time', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    const since = live.site.refusal?.since;
    await delay(5);
    await live.site.reload();
    await live.site.reload();
    assert.equal(live.site.refusal?.since, since);
    assert.equal(live.events.filter((event) => event === 'refused breaks').length, 1);
    assert.deepEqual(
      live.site.records.map(({ outcome }) => outcome),
      ['refused', 'served'],
    );
  });

  test('is told of anew when something else is wrong with it', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    const since = live.site.refusal?.since;
    await delay(5);
    live.edit({ 'profiles/db.bu': BAD });
    await live.site.reload();
    assert.equal(live.site.refusal?.broken.length, 2);
    assert.notEqual(live.site.refusal?.since, since);
    live.edit({ 'groups/b.yaml': INVALID });
    await live.site.reload();
    const told = live.events.filter((event) => event.startsWith('refused'));
    assert.deepEqual(told, ['refused breaks', 'refused breaks', 'refused invalid']);
  });

  test('that is repaired is served', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    live.edit({ 'profiles/web.bu': `${PLAIN}x: GOOD\n` });
    assert.equal((await live.site.reload()).outcome, 'served');
    assert.equal(live.site.refusal, undefined);
  });

  test('is forgotten once the site is again what is served', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    live.edit(SITE);
    assert.equal((await live.site.reload()).outcome, 'unchanged');
    assert.equal(live.site.refusal, undefined);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    assert.equal(live.events.filter((event) => event === 'refused breaks').length, 2, 'it is news again');
  });

  test('is served by force, and the next one is compared with it', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    assert.equal((await live.site.reload({ force: true })).outcome, 'served');
    assert.ok(live.events.includes('served site forced'));
    assert.deepEqual([live.site.refusal, live.site.records[0]?.forced], [undefined, true]);
    live.edit({ 'profiles/web.bu': `${BAD}# still\n` });
    assert.equal((await live.site.reload()).outcome, 'served', 'what is broken already cannot break');
    live.edit({ 'profiles/db.bu': BAD });
    assert.equal((await live.site.reload()).outcome, 'refused');
  });

  test('force that was not needed is not written down', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/new.bu': PLAIN });
    await live.site.reload({ force: true });
    assert.equal(live.site.records[0]?.forced, false);
  });
});

describe('a site directory that cannot be read', () => {
  test('is refused with the reason, once, and is taken when it is back', async (t) => {
    const live = await opened(t);
    live.readsAs(() => Promise.reject(new ProvisioningError('site-invalid', 'it does not exist')));
    for (let times = 0; times < 3; times += 1) assert.equal((await live.site.reload()).outcome, 'refused');
    assert.equal(live.site.refusal?.reports[0]?.diagnostic.message, 'it does not exist');
    assert.equal(live.events.filter((event) => event === 'refused invalid').length, 1);
    assert.equal(servedId(live), idOf(SITE));
    live.readsAs(undefined);
    assert.equal((await live.site.reload()).outcome, 'unchanged');
    assert.equal(live.site.refusal, undefined);
  });

  test('also when it throws what is no error', async (t) => {
    const live = await opened(t);
    live.readsAs(() => Promise.reject('a text'));
    assert.equal((await live.site.reload()).outcome, 'refused');
    assert.equal(live.site.refusal?.reports[0]?.diagnostic.message, 'a text');
  });
});

/** A butane that crashes for a document as long as it is told to. */
function moody() {
  const mood = { crashes: true };
  const respond: typeof answer = (request) =>
    answer({ ...request, source: mood.crashes ? request.source : request.source.toString().replaceAll('CRASH', '') });
  return { mood, respond };
}

describe('a butane that fails', { concurrency: true }, () => {
  test('is no fault of an edit: it fails, is tried again, and is served when butane works', async (t) => {
    const { mood, respond } = moody();
    const live = await opened(t, SITE, { respond });
    live.edit({ 'profiles/web.bu': CRASH });
    const reloaded = await live.site.reload();
    assert.ok(reloaded.outcome === 'failed');
    assert.match(reloaded.reason, /butane failed/);
    assert.deepEqual([live.site.refusal, servedId(live)], [undefined, idOf(SITE)]);
    assert.equal(live.copies.size, 1, 'the copy that was made for it is gone');
    mood.crashes = false;
    await eventually(() => servedId(live) === idOf({ ...SITE, 'profiles/web.bu': CRASH }));
    assert.ok(!live.events.some((event) => event.startsWith('refused')));
    assert.deepEqual(live.events.slice(0, 2), ['failed', 'reloaded failed']);
  });

  test('does not hide what it failed for at the start', async (t) => {
    const { mood, respond } = moody();
    const live = await opened(t, { ...SITE, 'profiles/web.bu': CRASH }, { respond });
    assert.equal(live.site.current?.check.complete, false);
    mood.crashes = false;
    live.edit({ 'profiles/web.bu': BAD });
    assert.equal((await live.site.reload()).outcome, 'refused', 'machines have their config by now');
    assert.equal(live.site.current?.check.complete, true);
  });

  test('does not take away what is known from before a restart', async (t) => {
    const { respond } = moody();
    const site = { ...SITE, 'profiles/web.bu': CRASH };
    const live = liveSite(t, site, { respond });
    await live.site.open(kept(site, new Map([['web/a/', 'digest']])));
    await eventually(() => live.events.includes('checked in part'));
    assert.equal(live.site.current?.check.outcomes.get('web/a/'), 'digest');
    assert.ok(live.site.current?.check.outcomes.get('db//') !== undefined);
  });
});

describe('a copy of files/ that cannot be made', () => {
  test('is tried again, and the served revision stays', async (t) => {
    let fails = false;
    const live = await opened(t, SITE, {
      copyFiles: async () => {
        if (fails) throw new ProvisioningError('internal', 'no disk takes the copy');
        return { directory: '/copy', fallback: false, remove: async () => undefined };
      },
    });
    fails = true;
    const files = new Map([['a', { kind: 'directory' }]] as const);
    live.readsAs(async () => sourceTree(SITE, files));
    assert.deepEqual(await live.site.reload(), { outcome: 'failed', reason: 'no disk takes the copy' });
    assert.equal(servedId(live), idOf(SITE));
    fails = false;
    await eventually(() => servedId(live) === digestTree(sourceTree(SITE, files)));
  });
});

/** A reload that has begun to read the site as it is now. */
async function reloading(live: TestSite) {
  live.readsAs(async () => {
    await delay(20);
    return sourceTree(SITE);
  });
  const reload = live.site.reload();
  await setImmediate();
  live.readsAs(undefined);
  return { reload };
}

describe('reloads at the same time', () => {
  test('are one that goes on and one that begins after it, however many ask', async (t) => {
    const live = await opened(t);
    const first = await reloading(live);
    const others = Array.from({ length: 20 }, () => live.site.reload());
    live.edit({ 'profiles/new.bu': PLAIN });
    const reads = live.reads();
    assert.equal((await first.reload).outcome, 'unchanged');
    for (const each of await Promise.all(others)) assert.equal(each.outcome, 'served');
    assert.equal(live.reads() - reads, 1);
  });

  test('take a revision by force when any of those that wait says so', async (t) => {
    const live = await opened(t);
    const first = await reloading(live);
    live.edit({ 'profiles/web.bu': BAD });
    const [one, forced, other] = [live.site.reload(), live.site.reload({ force: true }), live.site.reload()];
    assert.equal((await first.reload).outcome, 'unchanged');
    for (const each of await Promise.all([one, forced, other])) assert.equal(each.outcome, 'served');
    live.edit({ 'profiles/db.bu': BAD });
    assert.equal((await live.site.reload()).outcome, 'refused', 'it was for once');
  });

  test('never go on side by side, also when one is asked for as another ends', async (t) => {
    let running = 0;
    let most = 0;
    const live = await opened(t);
    live.readsAs(async () => {
      running += 1;
      most = Math.max(most, running);
      await setImmediate();
      running -= 1;
      return sourceTree(SITE);
    });
    const chains = Array.from({ length: 5 }, () => {
      const chain = live.site.reload().then(() => live.site.reload());
      void live.site.reload();
      return chain;
    });
    await Promise.all(chains);
    assert.equal(most, 1);
  });
});

describe('a restart', () => {
  const OLD = { ...SITE, 'profiles/web.bu': `${PLAIN}# old\n` };

  test('serves what was served last at once, and then the site', async (t) => {
    const live = liveSite(t, SITE);
    await live.site.open(kept(OLD));
    assert.deepEqual([servedId(live), live.site.current?.source], [idOf(OLD), 'state']);
    await eventually(() => servedId(live) === idOf(SITE));
    assert.equal(live.site.current?.source, 'site');
    assert.deepEqual(
      live.events.filter((event) => event.startsWith('served')),
      ['served state', 'served site'],
    );
  });

  test('with the same site serves it, and says that it is the site', async (t) => {
    const live = liveSite(t, SITE);
    await live.site.open(kept(SITE));
    await eventually(() => live.events.includes('checked') && live.events.includes('reloaded unchanged'));
    assert.deepEqual([servedId(live), live.site.current?.source], [idOf(SITE), 'site']);
    assert.equal(live.site.current?.check.complete, true);
  });

  test('keeps what is served from a site that breaks it', async (t) => {
    const live = liveSite(t, { ...SITE, 'profiles/web.bu': BAD });
    await live.site.open(kept(OLD));
    await eventually(() => live.site.refusal !== undefined);
    assert.deepEqual([servedId(live), live.site.current?.source], [idOf(OLD), 'state']);
    assert.equal(live.site.refusal?.reason, 'breaks');
  });

  test('keeps what is served from a site that does not parse, and from one that is not there', async (t) => {
    for (const read of [
      async () => sourceTree({ ...SITE, 'groups/a.yaml': INVALID }),
      () => Promise.reject(new Error('no')),
    ]) {
      const live = liveSite(t, SITE);
      live.readsAs(read);
      await live.site.open(kept(OLD));
      await eventually(() => live.site.refusal !== undefined);
      assert.deepEqual([servedId(live), live.site.refusal?.reason], [idOf(OLD), 'invalid']);
      live.readsAs(undefined);
      await live.site.reload();
      assert.equal(servedId(live), idOf(SITE));
    }
  });

  test('goes on with the site when what was kept does not parse any more', async (t) => {
    const live = liveSite(t, SITE);
    await live.site.open(kept({ 'profiles/web.bu': PLAIN, 'groups/a.yaml': INVALID }));
    assert.deepEqual([servedId(live), live.site.current?.source], [idOf(SITE), 'site']);
  });

  test('with nothing that can be served ends with every report', async (t) => {
    const live = liveSite(t, { 'profiles/web.bu': PLAIN, 'groups/a.yaml': INVALID });
    const error: unknown = await live.site.open(kept({ 'groups/a.yaml': INVALID })).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SiteFaults);
    assert.equal(error.code, 'site-invalid');
    assert.ok(error.diagnostics.length > 0 && error.documents.has('groups/a.yaml'));
    assert.equal(live.site.current, undefined);
  });

  test('with a site that cannot be read, and nothing kept, ends with the reason', async (t) => {
    const live = liveSite(t, SITE);
    live.readsAs(() => Promise.reject(new ProvisioningError('site-invalid', 'it does not exist')));
    await assert.rejects(live.site.open(undefined), { code: 'site-invalid' });
  });

  test('compares the site with what the kept revision gives now, not with what it gave', async (t) => {
    const live = liveSite(t, { ...SITE, 'profiles/web.bu': BAD });
    // Another butane is there after the restart, and takes nothing of it.
    await live.site.open(kept({ ...SITE, 'profiles/web.bu': `${BAD}# old\n` }, new Map([['web/a/', 'digest']])));
    await eventually(() => live.site.current?.source === 'site');
    assert.equal(live.site.refusal, undefined);
  });
});

describe('a first start', () => {
  test('takes an edit that comes before it is done', async (t) => {
    const live = liveSite(t, SITE);
    live.readsAs(async () => {
      const tree = sourceTree(SITE);
      await delay(20);
      return tree;
    });
    const opening = live.site.open(undefined);
    const early = live.site.reload();
    await opening;
    assert.equal((await early).outcome, 'unchanged');
    assert.ok(!live.events.includes('failed'));
  });

  test('that fails lets nothing be reloaded', async (t) => {
    const live = liveSite(t, { 'groups/a.yaml': INVALID });
    const opening = live.site.open(undefined);
    const early = live.site.reload();
    await assert.rejects(opening);
    assert.equal((await early).outcome, 'failed');
  });

  test('serves a site with a profile that does not render, and reports it', async (t) => {
    const live = await opened(t, { ...SITE, 'profiles/old.bu': BAD });
    assert.equal(live.site.current?.check.reports.length, 1);
    assert.equal(live.site.current?.source, 'site');
  });
});

describe('an end', () => {
  test('during a reload waits for it, tells nobody of a failure and tries nothing again', async (t) => {
    const live = await opened(t, SITE, {
      respond: async (request) => {
        await delay(20);
        return answer(request);
      },
    });
    live.edit({ 'profiles/web.bu': `${PLAIN}# new\n` });
    const reloading = live.site.reload();
    const next = live.site.reload();
    await setImmediate();
    await live.site.close();
    assert.equal((await reloading).outcome, 'failed');
    assert.equal((await next).outcome, 'failed');
    const reads = live.reads();
    await delay(100);
    assert.equal(live.reads(), reads);
    assert.ok(!live.events.includes('failed'));
    assert.equal(servedId(live), idOf(SITE));
  });

  test('leaves no copy of files/ behind', async (t) => {
    const live = await opened(t);
    live.edit({ 'profiles/web.bu': BAD });
    await live.site.reload();
    live.readsAs(async () => sourceTree(SITE, new Map([['a', { kind: 'directory' }]] as const)));
    await live.site.reload();
    assert.equal(live.copies.size, 2);
    await live.site.close();
    await live.site.dispose();
    assert.equal(live.copies.size, 0);
  });
});
