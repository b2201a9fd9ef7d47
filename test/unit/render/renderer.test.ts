import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import type { RenderRequest } from '../../../src/render/render.ts';
import { createRenderer, withDeadline } from '../../../src/render/renderer.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import { machineOf, revisionOf } from '../site/parsed-site.ts';
import { standInButane, translated } from './stand-in-butane.ts';

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
