import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ProvisioningError } from '../../../src/errors.ts';
import type { Difference } from '../../../src/live/difference.ts';
import { findDifference } from '../../../src/live/difference.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { afterTest } from '../../support/after-test.ts';
import type { Documents } from '../site/parsed-site.ts';
import { PLAIN, revisionOf } from '../site/parsed-site.ts';
import { check, createBench } from './live-sites.ts';

const BAD = `${PLAIN}x: BAD\n`;

interface Options {
  readonly renderer?: Renderer;
  /** The renderer of the comparison alone. */
  readonly comparedBy?: (renderer: Renderer) => Renderer;
}

async function differenceOf(from: Documents, to: Documents, options: Options = {}): Promise<Difference> {
  const { renderer = createBench().renderer, comparedBy = (each: Renderer) => each } = options;
  const side = async (documents: Documents) => {
    const revision = revisionOf(documents);
    return { served: { revision, filesDir: '/files' }, outcomes: (await check(revision, renderer)).outcomes };
  };
  return findDifference(await side(from), await side(to), comparedBy(renderer));
}

function changesOf({ machines }: Difference): readonly string[] {
  return machines.map(({ profile, group = '-', giving = '-', change, patch }) =>
    [`${profile}/${group}/${giving}`, change, patch ?? '-'].join(' '),
  );
}

/** The lines of a patch that say what changed. */
function linesOf(patch = ''): readonly string[] {
  return patch.split('\n').filter((line) => /^[+-](?![+-])/.test(line));
}

/** A config as butane would make it, with one file whose contents are these. */
function withContents(contents: object): string {
  return JSON.stringify({
    ignition: { version: '3.4.0' },
    storage: { files: [{ path: '/etc/motd', contents }] },
  });
}

/** Compares two configs that are served as they are. */
function differenceOfConfigs(from: string, to: string): Promise<Difference> {
  return differenceOf({ 'profiles/web.ign': from }, { 'profiles/web.ign': to });
}

describe('what becomes of a config is told:', () => {
  test('every kind of change, with its digests', async () => {
    const site = {
      'profiles/same.bu': PLAIN,
      'profiles/changes.bu': PLAIN,
      'profiles/breaks.bu': PLAIN,
      'profiles/repaired.bu': BAD,
      'profiles/stays.bu': BAD,
      'profiles/gone.bu': PLAIN,
      'profiles/gone-broken.bu': BAD,
    };
    const { 'profiles/gone.bu': _, 'profiles/gone-broken.bu': __, ...rest } = site;
    const difference = await differenceOf(site, {
      ...rest,
      'profiles/changes.bu': `${PLAIN}# other\n`,
      'profiles/breaks.bu': BAD,
      'profiles/repaired.bu': PLAIN,
      'profiles/new.bu': PLAIN,
    });
    assert.equal(difference.same, 1);
    assert.deepEqual(
      changesOf(difference)
        .map((line) => line.replace(/ \S+$/, ''))
        .sort(),
      [
        'breaks/-/- breaks',
        'changes/-/- changes',
        'gone-broken/-/- disappears',
        'gone/-/- disappears',
        'new/-/- appears',
        'repaired/-/- is-repaired',
        'stays/-/- stays-broken',
      ],
    );
    for (const { change, from, to, patch } of difference.machines) {
      const broken = from === undefined && to === undefined;
      assert.equal(from !== undefined, ['changes', 'breaks', 'disappears'].includes(change) && !broken, change);
      assert.equal(to !== undefined, ['changes', 'appears', 'is-repaired'].includes(change), change);
      assert.equal(patch === undefined, broken, change);
    }
  });

  test('for each group, and for those that only give parameters', async () => {
    const site = (say: string) => ({
      'profiles/web.yaml': [
        'butane: { variant: fcos, version: 1.5.0, x: "{{ parameters.say }}" }',
        'parameters: { type: object, properties: { say: { type: string } } }',
      ].join('\n'),
      'site.yaml': 'parameters: { say: hi }',
      'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }',
      'groups/zone.yaml': `parameters: { say: ${say} }\nmatch: { rack: r7, zone: z }`,
    });
    const difference = await differenceOf(site('one'), site('two'));
    assert.deepEqual(changesOf(difference), ['web/a/zone changes 0']);
    assert.equal(difference.same, 1);
    assert.deepEqual(difference.changes.groups.changed, ['zone']);
  });

  test('none between a revision and itself', async () => {
    const { machines, same, patches, patchesLeftOut } = await differenceOf(
      { 'profiles/web.bu': PLAIN },
      { 'profiles/web.bu': PLAIN },
    );
    assert.deepEqual([machines, same, patches, patchesLeftOut], [[], 1, [], 0]);
  });
});

describe('a patch', () => {
  test('is shared by machines that differ in the same way, also where their configs differ', async () => {
    const site = (fragment: string) => ({
      'profiles/web.yaml': [
        'layers: [fragments/a.bu]',
        'butane: { variant: fcos, version: 1.5.0, name: "{{ labels.rack }}" }',
      ].join('\n'),
      'fragments/a.bu': fragment,
      ...Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [`groups/g${index}.yaml`, `profile: web\nmatch: { rack: r${index} }`]),
      ),
    });
    // The stand-in puts the document into the config, so that each is another one.
    const bench = createBench(({ source }) => {
      const [, rest = ''] = /(edited|original)/.exec(source.toString()) ?? [];
      const [, rack = ''] = /name: "?(r\d+)/.exec(source.toString()) ?? [];
      const config = {
        ignition: { version: '3.4.0' },
        padding: ['a', 'b', 'c', 'd'],
        rest,
        more: ['a', 'b', 'c', 'd'],
        rack,
      };
      return { ok: true, ignition: `${JSON.stringify(config)}\n`, entries: [], durationMs: 0 };
    });
    const difference = await differenceOf(site('x: original'), site('x: edited'), bench);
    assert.equal(difference.machines.length, 20);
    assert.equal(new Set(difference.machines.map(({ to }) => to)).size, 20);
    assert.equal(difference.patches.length, 1);
    assert.deepEqual(linesOf(difference.patches[0]), ['-  "rest": "original",', '+  "rest": "edited",']);
  });

  test('shows the lines of a text that changed, however it is encoded', async () => {
    const [before, after] = ['one\ntwo\nthree\n', 'one\n2\nthree\n'];
    const encodings: readonly ((text: string) => object)[] = [
      (text) => ({ source: `data:,${encodeURIComponent(text)}` }),
      (text) => ({ source: `data:;base64,${Buffer.from(text).toString('base64')}` }),
      (text) => ({ compression: 'gzip', source: `data:;base64,${gzipSync(text).toString('base64')}` }),
    ];
    for (const encode of encodings) {
      const { patches } = await differenceOfConfigs(withContents(encode(before)), withContents(encode(after)));
      assert.deepEqual(patches.map(linesOf), [['-            "two",', '+            "2",']]);
    }
  });

  test('tells of a last line that is not ended', async () => {
    const { patches } = await differenceOfConfigs(
      withContents({ source: 'data:,one%0A' }),
      withContents({ source: 'data:,one' }),
    );
    assert.equal(patches.length, 1);
    assert.ok(linesOf(patches[0]).length > 0);
  });

  test('shows the encoding where nothing else differs', async () => {
    const { patches } = await differenceOfConfigs(
      withContents({ source: 'data:,one' }),
      withContents({ source: 'data:;base64,b25l' }),
    );
    assert.deepEqual(patches.map(linesOf), [
      ['-          "source": "data:,one"', '+          "source": "data:;base64,b25l"'],
    ]);
  });

  test('shows the bytes where nothing differs but blanks', async () => {
    const text = withContents({ source: 'data:,one' });
    const { machines, patches } = await differenceOfConfigs(text, `${text}\n`);
    assert.deepEqual(
      machines.map(({ patch }) => patch),
      [0],
    );
    assert.equal(linesOf(patches[0]).length, 2);
  });

  test('leaves what is no text as it is', async () => {
    const source = (byte: number) => `data:;base64,${Buffer.from([0xff, byte]).toString('base64')}`;
    const { patches } = await differenceOfConfigs(
      withContents({ source: source(1) }),
      withContents({ source: source(2) }),
    );
    assert.deepEqual(patches.map(linesOf), [
      [`-          "source": "${source(1)}"`, `+          "source": "${source(2)}"`],
    ]);
  });

  test('is left out when it is too long, and is told of', async () => {
    const lines = (name: string) =>
      encodeURIComponent(Array.from({ length: 5000 }, (_, at) => `${name} ${at}`).join('\n'));
    const { machines, patches, patchesLeftOut } = await differenceOfConfigs(
      withContents({ source: `data:,${lines('a')}` }),
      withContents({ source: `data:,${lines('b')}` }),
    );
    assert.deepEqual([machines.length, machines[0]?.patch, patches, patchesLeftOut], [1, undefined, [], 1]);
  });

  test('is left out beyond the first fifty, and the machines are told all the same', async () => {
    const site = (text: string) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`profiles/p${at}.bu`, `${PLAIN}x: ${text}${at}\n`]));
    const { machines, patches, patchesLeftOut } = await differenceOf(site('a'), site('b'));
    assert.deepEqual([machines.length, patches.length, patchesLeftOut], [60, 50, 10]);
    assert.equal(machines.filter(({ patch }) => patch !== undefined).length, 50);
  });

  test('never shows a config that cannot be had just now as one that is gone', async () => {
    const comparedBy = (renderer: Renderer): Renderer => ({
      ...renderer,
      render: () => Promise.reject(new ProvisioningError('queue-full', 'ask again')),
    });
    const difference = await differenceOf(
      { 'profiles/web.bu': PLAIN },
      { 'profiles/web.bu': `${PLAIN}# x\n` },
      { comparedBy },
    );
    assert.deepEqual(changesOf(difference), ['web/-/- changes -']);
    assert.deepEqual([difference.patches, difference.patchesLeftOut], [[], 1]);
  });

  test('that fails for another reason than the service being busy is a fault', async () => {
    const comparedBy = (renderer: Renderer): Renderer => ({
      ...renderer,
      render: () => Promise.reject(new TypeError('x')),
    });
    await assert.rejects(
      differenceOf({ 'profiles/web.bu': PLAIN }, { 'profiles/web.bu': `${PLAIN}# x\n` }, { comparedBy }),
      TypeError,
    );
  });
});

test('machines are answered while very many are compared', async (t) => {
  const site = (text: string) =>
    Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [
        `profiles/p${at}.bu`,
        `${PLAIN}x: ${text}${at}\n${'# line\n'.repeat(500)}`,
      ]),
    );
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 0);
  afterTest(t, () => clearInterval(timer));
  await differenceOf(site('a'), site('b'), {
    comparedBy(renderer) {
      turns = 0;
      return renderer;
    },
  });
  assert.ok(turns > 50, `${turns} turns`);
});
