import assert from 'node:assert/strict';
import { mkdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { SiteFaults } from '../../src/live/site-faults.ts';
import { lintSite, type WrittenReport } from '../support/lint.ts';
import type { LiveService, TestServiceOptions } from '../support/service.ts';
import { ask, eventually, startLiveService, startTestService } from '../support/service.ts';
import { addToSite, scratchDirectory } from '../support/site.ts';

const group = (name: string, profile: string) => JSON.stringify({ profile, selector: { name }, metadata: { name } });

const SITE: Readonly<Record<string, string>> = {
  'groups/a.json': group('a', 'p'),
  'groups/b.json': group('b', 'q'),
  'profiles/p.json': '{"id":"p","generic_id":"t","ignition_id":"i.yaml","boot":{"kernel":"one"}}',
  'profiles/q.json': '{"id":"q","generic_id":"t"}',
  'generic/t': 'hello {{.name}}',
  'ignition/i.yaml': 'variant: fcos\nversion: 1.5.0\nsystemd: {units: [{name: "{{.name}}.service", enabled: true}]}\n',
};

interface Live extends LiveService {
  readonly write: (path: string, text: string) => Promise<void>;
  readonly body: (path: string) => Promise<string>;
  readonly operator: (path: string) => Promise<Told>;
}

/** What the operator API says, as far as it matters here. */
interface Told {
  readonly reports: readonly WrittenReport[];
  readonly refused?: {
    readonly reason: string;
    readonly broken: readonly { readonly file?: string; readonly profile?: string; readonly group?: string }[];
    readonly reports: readonly WrittenReport[];
  };
}

async function live(
  t: TestContext,
  options: Partial<TestServiceOptions> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Live | undefined> {
  const { files = SITE, ...rest } = options;
  const started = await startLiveService(t, files, rest);
  if (started === undefined) return undefined;
  const { site, service } = started;
  return {
    site,
    service,
    write: (path, text) => writeFile(join(site, path), text),
    async body(path) {
      const { status, body } = await ask(service.machine, path);
      return status === 200 ? body.toString() : `${status}`;
    },
    async operator(path) {
      return JSON.parse((await ask(service.operator, path)).body.toString());
    },
  };
}

const FAULTS = ['json-syntax groups/bad.json:2:5', 'schema profiles/bad.json:1:1'];

const refusal = async (at: Live) => (await at.operator('/v1/revision')).refused;
const brokenIn = async (at: Live) =>
  ((await refusal(at))?.broken ?? []).map(({ file, profile, group: id }) =>
    [file, profile, id].filter(Boolean).join(' '),
  );

describe('A data directory of matchbox that is edited', { concurrency: true }, () => {
  test('may have a group that does not parse from the start: it is left out, and reported everywhere', async (t) => {
    const at = await live(t, {
      files: { ...SITE, 'groups/bad.json': '{"profile":\n "p",}', 'profiles/bad.json': '{}' },
    });
    if (at === undefined) return;
    assert.equal(await at.body('/generic?name=a'), 'hello a');
    const { reports } = await at.operator('/v1/reports');
    const places = reports.map((each) => `${each.severity} ${each.code} ${each.file}:${each.line}:${each.column}`);
    assert.deepEqual(
      places.sort(),
      FAULTS.map((fault) => `error ${fault}`),
    );
    const logged = at.service.log.filter(({ msg }) => msg === 'the site has a fault').map((line) => line.at);
    assert.deepEqual(
      logged.sort(),
      FAULTS.map((fault) => fault.split(' ')[1]),
    );
    const linted = await lintSite(at.site);
    const told = linted.reports.map((each) => `${each.code} ${each.file}:${each.line}:${each.column}`);
    assert.deepEqual([linted.code, told.sort()], [1, FAULTS]);
    assert.equal(JSON.stringify(await at.operator('/v1/groups')).includes('bad'), false);

    await at.write('generic/t', 'edited {{.name}}');
    await eventually(async () => (await at.body('/generic?name=a')) === 'edited a');
    await at.write('groups/bad.json', group('c', 'p'));
    await eventually(async () => (await at.body('/generic?name=c')) === 'edited c');
    assert.equal((await at.operator('/v1/reports')).reports.length, 1);
  });

  const breaking: readonly (readonly [title: string, edit: (at: Live) => Promise<void>, broken: readonly string[]])[] =
    [
      ['a group that does not parse any more', ({ write }) => write('groups/a.json', '{"profile":'), ['groups/a.json']],
      ['a group with a bad MAC', ({ write }) => write('groups/a.json', '{"selector":{"mac":"x"}}'), ['groups/a.json']],
      [
        'a profile that does not parse any more',
        ({ write }) => write('profiles/p.json', '{}'),
        ['p a', 'profiles/p.json'],
      ],
      ['a profile that is gone while a group names it', ({ site }) => unlink(join(site, 'profiles/p.json')), ['p a']],
      [
        'a group that names another profile, which is not there',
        ({ write }) => write('groups/a.json', group('a', 'x')),
        ['x a'],
      ],
      ['a document that is gone', ({ site }) => unlink(join(site, 'ignition/i.yaml')), ['p a']],
      ['a template that does not parse any more', ({ write }) => write('generic/t', '{{.name'), ['p a', 'q b']],
      ['a template that wants what is not there', ({ write }) => write('generic/t', '{{.nam}}'), ['p a', 'q b']],
      [
        'Butane that butane refuses',
        ({ write }) => write('ignition/i.yaml', 'variant: fcos\nversion: 9.9.9\n'),
        ['p a'],
      ],
      [
        'a boot with a line break',
        ({ write }) => write('profiles/p.json', '{"id":"p","boot":{"kernel":"a\\nb"}}'),
        ['p a'],
      ],
    ];
  for (const [title, edit, broken] of breaking) {
    test(`is not taken with ${title}`, async (t) => {
      const at = await live(t);
      if (at === undefined) return;
      await edit(at);
      await eventually(async () => (await refusal(at)) !== undefined);
      assert.deepEqual([(await refusal(at))?.reason, [...new Set(await brokenIn(at))].sort()], ['breaks', broken]);
      assert.equal(await at.body('/generic?name=a'), 'hello a');
      assert.match(await at.body('/ignition?name=a'), /"a\.service"/);
      assert.match(await at.body('/ipxe?name=a'), /kernel one/);
    });
  }

  test('is taken where a group and its profile go together', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    await unlink(join(at.site, 'groups/a.json'));
    await unlink(join(at.site, 'profiles/p.json'));
    await eventually(async () => (await at.body('/generic?name=a')) === '404');
    assert.equal(await refusal(at), undefined);
  });

  test('stays as it was across a restart, until it is mended or forced', async (t) => {
    const stateDir = await scratchDirectory(t);
    const first = await live(t, { stateDir });
    if (first === undefined) return;
    const { site } = first;
    await first.write('profiles/q.json', '{"id":"q","generic_id":"u"}');
    await first.write('groups/a.json', '{"profile":');
    await eventually(async () => (await refusal(first)) !== undefined);
    await first.service.close();

    const second = await live(t, { site, stateDir });
    if (second === undefined) return;
    assert.equal(await second.body('/generic?name=a'), 'hello a');
    await eventually(async () => (await refusal(second)) !== undefined);
    assert.deepEqual([...new Set(await brokenIn(second))].sort(), ['groups/a.json', 'q b']);
    assert.equal(await second.body('/generic?name=b'), 'hello b');
    const forced = await ask(second.service.operator, '/v1/reload?force=true', { method: 'POST' });
    assert.equal(forced.status, 200, forced.body.toString());
    assert.deepEqual([await second.body('/generic?name=a'), await second.body('/generic?name=b')], ['404', '404']);
    assert.equal(await refusal(second), undefined);
  });

  test('may be a ConfigMap of Kubernetes, and another one that takes its place', async (t) => {
    const site = await scratchDirectory(t);
    for (const folder of ['groups', 'profiles', 'generic', 'ignition']) {
      const mounted = join(site, folder);
      const files = Object.entries(SITE).filter(([path]) => path.startsWith(`${folder}/`));
      await addToSite(
        join(mounted, '..2026_1'),
        Object.fromEntries(files.map(([path, text]) => [path.slice(folder.length + 1), text])),
      );
      await symlink('..2026_1', join(mounted, '..data'));
      for (const [path] of files) await symlink(`..data/${path.slice(folder.length + 1)}`, join(site, path));
    }
    const at = await live(t, { site });
    if (at === undefined) return;
    assert.equal(await at.body('/generic?name=a'), 'hello a');
    assert.match(await at.body('/ignition?name=a'), /"a\.service"/);
    const generic = join(site, 'generic');
    await mkdir(join(generic, '..2026_2'));
    await writeFile(join(generic, '..2026_2/t'), 'swapped {{.name}}');
    await symlink('..2026_2', join(generic, '..data_tmp'));
    await rename(join(generic, '..data_tmp'), join(generic, '..data'));
    await rm(join(generic, '..2026_1'), { recursive: true });
    await eventually(async () => (await at.body('/generic?name=a')) === 'swapped a');
    assert.deepEqual((await at.operator('/v1/reports')).reports, []);
  });

  test('is not taken with a link that leads out of it, and is never started with one', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    const outside = join(await scratchDirectory(t), 'secret');
    await writeFile(outside, 'S3CRET');
    await symlink(outside, join(at.site, 'generic/u'));
    await eventually(async () => (await refusal(at))?.reason === 'invalid');
    assert.deepEqual(
      (await refusal(at))?.reports.map((each) => `${each.code} ${each.file}`),
      ['site-link generic/u'],
    );
    assert.equal(await at.body('/generic?name=a'), 'hello a');
    await assert.rejects(
      () => startTestService(t, { site: at.site }),
      (error) => error instanceof SiteFaults && error.diagnostics.map(({ code }) => code).join() === 'site-link',
    );
  });

  test('tells a new machine 404, or 503 while the edit is judged, and then gives it what it asks for', async (t) => {
    const at = await live(t);
    if (at === undefined) return;
    assert.equal(await at.body('/generic?name=new'), '404');
    await at.write('groups/new.json', group('new', 'p'));
    const seen = new Set<string>();
    await eventually(async () => {
      const body = await at.body('/generic?name=new');
      seen.add(body);
      return body === 'hello new';
    });
    assert.ok(
      [...seen].every((each) => ['404', '503', 'hello new'].includes(each)),
      [...seen].join(),
    );
  });

  test('may be empty at first', async (t) => {
    const at = await live(t, { files: {}, siteFormat: 'matchbox' });
    if (at === undefined) return;
    assert.equal(await at.body('/'), 'matchbox\n');
    assert.equal(await at.body('/generic?name=a'), '404');
    await addToSite(at.site, SITE);
    await eventually(async () => (await at.body('/generic?name=a')) === 'hello a');
    assert.equal(await readFile(join(at.site, 'generic/t'), 'utf8'), 'hello {{.name}}');
  });
});
