import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Abandoned } from '../../../src/butane/fair-queue.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import type { FileTree } from '../../../src/fragment/file-tree.ts';
import type { RenderRequest } from '../../../src/render/render.ts';
import { createRenderer, withDeadline } from '../../../src/render/renderer.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import { fileTree } from '../../support/nodes.ts';
import { machineOf, revisionOf } from '../site/parsed-site.ts';
import { refuseBad, standInButane, translated } from './stand-in-butane.ts';

const SITE = { 'profiles/w.yaml': 'butane: { variant: flatcar, version: 1.1.0, h: "{{ labels.rack }}" }' };

function setUp(maxBytes = 1_000_000) {
  const butane = standInButane(({ source }) =>
    translated({ ignition: { version: '3.4.0' }, source: source.toString() }),
  );
  const translator = createTranslator(butane, createCaches(maxBytes));
  let clock = 0;
  const now = () => {
    clock += 1;
    return clock;
  };
  const renderer = createRenderer({ translator, serviceUrl: 'http://x', now });
  const served = { revision: revisionOf(SITE), filesDir: '/files' };
  const render = async (rack: string) => {
    const { body } = await renderer.render(served, { machine: machineOf({ rack }), profileId: 'w' });
    return body.toString();
  };
  return { butane, renderer, served, render };
}

describe('a renderer', () => {
  test('gives a machine that it knows the same bytes without any work', async () => {
    const { butane, renderer, served } = setUp();
    const request = { machine: machineOf({ rack: 'r7' }), profileId: 'w' };
    const { timings: first, ...rendered } = await renderer.render(served, request);
    const { timings: again, ...remembered } = await renderer.render(served, request);
    assert.deepEqual(remembered, rendered);
    assert.equal(butane.asked.length, 1);
    assert.ok(first.selectMs > 0 && first.translateMs > 0);
    assert.deepEqual(again, { selectMs: 0, composeMs: 0, translateMs: 0 });
  });

  test('keeps nothing of a render that fails at once, such as one of a machine that nobody knows', async () => {
    const { renderer, served } = setUp();
    let looked = 0;
    const profiles = new Map(served.revision.profiles);
    profiles.get = (id) => {
      looked += 1;
      return served.revision.profiles.get(id);
    };
    const counted = { ...served, revision: { ...served.revision, profiles } };
    for (const times of [1, 2, 3]) {
      const asked = renderer.render(counted, { machine: machineOf({}), profileId: 'nowhere' });
      await assert.rejects(asked, { code: 'profile-not-found' });
      assert.equal(looked, times);
    }
  });

  test('does not mix up profiles, or clients that read other versions', async () => {
    const { butane, renderer } = setUp();
    const served = {
      revision: revisionOf({ ...SITE, 'profiles/v.yaml': SITE['profiles/w.yaml'], 'groups/a.yaml': 'profile: v' }),
      filesDir: '/files',
    };
    const machine = machineOf({ rack: 'r7' });
    const profileOf = async (request: Partial<RenderRequest>) =>
      (await renderer.render(served, { machine, ...request })).profile;
    assert.deepEqual(
      [await profileOf({ profileId: 'w' }), await profileOf({}), await profileOf({ profileId: 'w' })],
      ['w', 'v', 'w'],
    );
    const old = { machine, profileId: 'w', accepts: { major: 3, minor: 0, patch: 0 } };
    await assert.rejects(renderer.render(served, old), { code: 'spec-not-acceptable' });
    assert.equal(butane.asked.length, 1);
  });

  test('takes a hand-written config as it is, each time', async () => {
    const { renderer } = setUp();
    const text = '{"ignition": {"version": "3.4.0"}}';
    const served = { revision: revisionOf({ 'profiles/old.ign': text }), filesDir: '/files' };
    for (let times = 0; times < 2; times += 1) {
      const { body, specVersion } = await renderer.render(served, { machine: machineOf(), profileId: 'old' });
      assert.deepEqual([body.toString(), specVersion], [text, '3.4.0']);
    }
  });

  test('never gives a machine what another one got', async () => {
    const { render } = setUp();
    const bodies = [];
    for (const rack of ['r7', 'r8', 'r7']) bodies.push(await render(rack));
    assert.ok(bodies[0]?.includes('r7') && bodies[1]?.includes('r8'));
    assert.equal(bodies[2], bodies[0]);
  });

  test('renders again what its cache has lost', async () => {
    const { butane, render } = setUp(1000);
    await render('r7');
    await render('r8');
    await render('r7');
    assert.equal(butane.asked.length, 3);
  });

  test('does not mix up revisions', async () => {
    const { renderer, served } = setUp();
    const other = revisionOf({ 'profiles/w.yaml': SITE['profiles/w.yaml'].replace('h:', 'i:') });
    const request = { machine: machineOf({ rack: 'r7' }), profileId: 'w' };
    const one = await renderer.render(served, request);
    const two = await renderer.render({ revision: other, filesDir: '/files' }, request);
    assert.notEqual(one.sha512, two.sha512);
    assert.equal((await renderer.render(served, request)).sha512, one.sha512);
  });
});

describe('a profile whose templates take too long', () => {
  test('is not tried again for a while, since each try holds up all machines', async () => {
    const slow = '{% for i in (1..100000000) %}x{% endfor %}';
    const text = `butane: { variant: flatcar, version: 1.1.0, h: "{{ labels.rack }}${slow}" }`;
    const served = { revision: revisionOf({ ...SITE, 'profiles/slow.yaml': text }), filesDir: '/files' };
    const translator = createTranslator(
      standInButane(() => translated({ ignition: { version: '3.4.0' } })),
      createCaches(1_000_000),
    );
    let clock = 0;
    const renderer = createRenderer({ translator, serviceUrl: 'http://x', now: () => clock });
    const errorOf = (rack: string) =>
      renderer.render(served, { machine: machineOf({ rack }), profileId: 'slow' }).then(
        () => assert.fail('it cannot be rendered'),
        (error: unknown) => error,
      );
    const first = await errorOf('r7');
    assert.ok(first instanceof ProvisioningError);
    assert.deepEqual(
      first.diagnostics.map(({ code }) => code),
      ['template-limit'],
    );
    clock = 5000;
    assert.equal(await errorOf('r8'), first);
    clock = 60_000;
    assert.notEqual(await errorOf('r8'), first);
    assert.ok(await renderer.render(served, { machine: machineOf({ rack: 'r7' }), profileId: 'w' }));
  });
});

describe('machines that ask the same at the same time', () => {
  test('wait for one render', async () => {
    const { renderer, served, butane } = setUp();
    const request = { machine: machineOf({ rack: 'r7' }), profileId: 'w' };
    const [one, other] = await Promise.all([renderer.render(served, request), renderer.render(served, request)]);
    assert.equal(one.body, other.body);
    assert.equal(butane.asked.length, 1);
  });
});

describe('a render that nobody waits for any more', () => {
  /** A renderer whose butane is busy: what it is asked for waits until it is let through. */
  function busy() {
    const waiting: (() => void)[] = [];
    const butane = standInButane(async ({ source, wanted }) => {
      await new Promise<void>((fulfil) => waiting.push(fulfil));
      if (wanted?.() === false) throw new Abandoned();
      translatedSources.push(source.toString());
      return translated({ ignition: { version: '3.4.0' }, source: source.toString() });
    });
    const translatedSources: string[] = [];
    const renderer = createRenderer({
      translator: createTranslator(butane, createCaches(1_000_000)),
      serviceUrl: 'http://x',
      now: () => 0,
    });
    const served = { revision: revisionOf(SITE), filesDir: '/files' };
    const ask = (labels: Readonly<Record<string, string>>, signal?: AbortSignal) =>
      renderer.render(served, { machine: machineOf(labels), profileId: 'w' }, signal === undefined ? {} : { signal });
    const letThrough = async () => {
      await setImmediate();
      for (const go of waiting.splice(0)) go();
      await setImmediate();
    };
    return { ask, letThrough, translatedSources };
  }

  test('is not begun', async () => {
    const { ask, letThrough, translatedSources } = busy();
    const gone = new AbortController();
    const render = assert.rejects(ask({ rack: 'r7' }, gone.signal), { code: 'not-ready' });
    gone.abort();
    await letThrough();
    await render;
    assert.equal(translatedSources.length, 0);
  });

  test('is made all the same while another machine waits for the same', async () => {
    const { ask, letThrough, translatedSources } = busy();
    const gone = new AbortController();
    const renders = [
      ask({ rack: 'r7' }, gone.signal),
      ask({ rack: 'r7' }),
      ask({ rack: 'r7', mac: '52:54:00:00:00:01' }),
    ];
    gone.abort();
    await letThrough();
    const bodies = (await Promise.all(renders)).map(({ body }) => body.toString());
    assert.equal(new Set(bodies).size, 1);
    assert.equal(translatedSources.length, 1);
  });

  test('is made for a machine that comes just as it is given up', async () => {
    const { ask, letThrough, translatedSources } = busy();
    const gone = new AbortController();
    const first = ask({ rack: 'r7' }, gone.signal).catch(() => 'given up');
    gone.abort();
    const late = new AbortController();
    const second = ask({ rack: 'r7', mac: '52:54:00:00:00:01' }, late.signal);
    await letThrough();
    await letThrough();
    assert.ok((await second).body.includes('r7'));
    await first;
    assert.equal(translatedSources.length, 1);
  });

  test('is no lasting outcome: the next machine that asks gets its config', async () => {
    const { ask, letThrough } = busy();
    const gone = new AbortController();
    const render = ask({ rack: 'r7' }, gone.signal).catch(() => 'given up');
    gone.abort();
    await letThrough();
    assert.equal(await render, 'given up');
    const again = ask({ rack: 'r7' });
    await letThrough();
    assert.ok((await again).body.includes('r7'));
  });
});

describe('a revision that shares with an earlier one', () => {
  const files = (say: string) => ({
    ...SITE,
    'profiles/other.yaml': `butane: { variant: flatcar, version: 1.1.0, say: ${say} }`,
    'groups/a.yaml': 'profile: w\nmatch: { rack: r7 }',
  });

  test('gives the same without a render, and its own where it is another one', async () => {
    const renders: string[] = [];
    const butane = standInButane(({ source }) =>
      translated({ ignition: { version: '3.4.0' }, source: source.toString() }),
    );
    const renderer = createRenderer({
      translator: createTranslator(butane, createCaches(1_000_000)),
      now: () => 0,
      onRender: (outcome) => void renders.push(outcome),
    });
    const bodyOf = async (say: string, profileId: string) => {
      const served = { revision: revisionOf(files(say)), filesDir: '/files' };
      return (await renderer.render(served, { machine: machineOf({ rack: 'r7' }), profileId })).body.toString();
    };
    const first = [await bodyOf('one', 'w'), await bodyOf('one', 'other')];
    assert.equal(renders.length, 2);
    assert.equal(await bodyOf('two', 'w'), first[0]);
    assert.equal(renders.length, 2);
    assert.notEqual(await bodyOf('two', 'other'), first[1]);
    assert.equal(renders.length, 3);
    assert.equal(await bodyOf('one', 'other'), first[1]);
    assert.equal(renders.length, 3);
  });

  test('renders anew when the parameters of a group, the settings or the files are others', async () => {
    let renders = 0;
    const butane = standInButane(() => translated({ ignition: { version: '3.4.0' } }));
    const renderer = createRenderer({
      translator: createTranslator(butane, createCaches(1_000_000)),
      now: () => 0,
      onRender: () => {
        renders += 1;
      },
    });
    const edits: readonly (readonly [Readonly<Record<string, string>>, FileTree])[] = [
      [{}, fileTree({})],
      [{ 'groups/a.yaml': 'profile: w\nmatch: { rack: r7 }\n# edited' }, fileTree({})],
      [{ 'groups/b.yaml': 'parameters: {}\nmatch: { rack: r7, kind: k }' }, fileTree({})],
      [{ 'site.yaml': 'strict: false' }, fileTree({})],
      [{}, fileTree({ a: '' })],
      [{}, fileTree({ a: { run: '' } })],
      [{}, fileTree({})],
    ];
    const counts: number[] = [];
    for (const [edit, tree] of edits) {
      const served = { revision: revisionOf({ ...files('one'), ...edit }, tree), filesDir: '/files' };
      await renderer.render(served, { machine: machineOf({ rack: 'r7', kind: 'k' }), profileId: 'w' });
      counts.push(renders);
    }
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 6]);
  });

  test('remembers a lasting failure too, and forgets it with its cause', async () => {
    let renders = 0;
    const butane = standInButane(refuseBad);
    const renderer = createRenderer({
      translator: createTranslator(butane, createCaches(1_000_000)),
      now: () => 0,
      onRender: () => {
        renders += 1;
      },
    });
    const ask = (fragment: string, unrelated: string) => {
      const revision = revisionOf({
        'profiles/w.yaml': 'layers: [fragments/a.bu]\nbutane: { variant: fcos, version: 1.5.0 }',
        'fragments/a.bu': fragment,
        'fragments/b.bu': unrelated,
      });
      return renderer.render({ revision, filesDir: '/files' }, { machine: machineOf(), profileId: 'w' });
    };
    for (const unrelated of ['a: 1', 'a: 2'])
      await assert.rejects(ask('x: BAD', unrelated), { code: 'profile-broken' });
    assert.equal(renders, 1);
    assert.ok(await ask('x: GOOD', 'a: 1'));
  });
});

describe('a deadline', () => {
  test('leaves work that is in time alone', async () => {
    assert.equal(await withDeadline(Promise.resolve(5), 1000), 5);
    await assert.rejects(withDeadline(Promise.reject(new Error('own fault')), 1000), /own fault/);
  });

  test('ends the wait, and not the work', async () => {
    let finish: (value: number) => void = () => undefined;
    const work = new Promise<number>((fulfil) => {
      finish = fulfil;
    });
    await assert.rejects(
      withDeadline(work, 10),
      (error) => error instanceof ProvisioningError && error.code === 'render-timeout',
    );
    finish(7);
    assert.equal(await work, 7);
  });
});
