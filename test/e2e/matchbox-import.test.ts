import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ask, startTestService } from '../support/service.ts';
import { scratchDirectory, writeSite } from '../support/site.ts';

const FIXTURES = resolve('test/matchbox');

interface Group {
  readonly profile?: string;
  readonly selector?: Readonly<Record<string, string>>;
}

/** Runs the import and gives what it said, with its notes in a list. */
function runImport(directory: string, out: string) {
  const args = ['dist/main.js', 'import', 'matchbox', directory, '--out', out];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr, notes: [...stderr.matchAll(/^note: (.*)$/gm)].map(([, note = '']) => note) };
}

/** The groups of a data directory that can be read, by their files. */
function readGroups(directory: string): readonly (readonly [file: string, group: Group])[] {
  return readdirSync(join(directory, 'groups')).flatMap((name) => {
    try {
      const group: Group = JSON.parse(readFileSync(join(directory, 'groups', name), 'utf8'));
      return [[`groups/${name}`, group] as const];
    } catch {
      return [];
    }
  });
}

/** Its machines get nothing from the data directory, or its profile could not be carried over. */
function isLeftOut(notes: readonly string[], file: string, profile: string): boolean {
  const reasons = /: (?:its template takes more|nothing was found|it has no Ignition|no group that is carried)/;
  return notes.some(
    (note) => note.startsWith(`${file}: `) || (note.startsWith(`profiles/${profile}.json`) && reasons.test(note)),
  );
}

const UUID = '4c4c4544-0035-4d10-8054-b4c04f4d3132';
const MAC = '52:54:00:00:00:77';

async function importInto(t: TestContext, directory: string) {
  const out = join(await scratchDirectory(t), 'site');
  const result = runImport(directory, out);
  assert.equal(result.status, 0, result.stderr);
  const before = await startTestService(t, { site: directory, siteFormat: 'matchbox' });
  const after = await startTestService(t, { site: out });
  return { out, ...result, before, after };
}

for (const name of readdirSync(FIXTURES)) {
  test(`the import of ${name} gives the same bytes`, async (t) => {
    const directory = join(FIXTURES, name);
    const { notes, before, after } = await importInto(t, directory);
    if (before === undefined || after === undefined) return;
    let compared = 0;
    for (const [file, { selector = {}, profile = '' }] of readGroups(directory)) {
      if (isLeftOut(notes, file, profile)) continue;
      const query = new URLSearchParams({ os: 'installed', uuid: UUID, mac: MAC, ...selector });
      for (const asked of [`/ignition?${query}`, `/ignition?${query}&domain=`]) {
        const old = await ask(before.machine, asked);
        const now = await ask(after.machine, asked);
        assert.equal(now.status, old.status, `${file}: ${now.body}`);
        if (old.status === 200) assert.equal(now.body.toString(), old.body.toString(), file);
      }
      compared += 1;
    }
    assert.ok(compared > 0, notes.join('\n'));
  });
}

test('what cannot be carried over is listed, each with its reason', async (t) => {
  const { notes, stdout, out } = await importInto(t, join(FIXTURES, 'templates'));
  assert.deepEqual([...notes].sort(), [
    'groups/broken.json: it does not parse',
    'groups/no-uuid.json: the value of uuid is not a UUID, such as 4c4c4544-0035-4d10-8054-b4c04f4d3132',
    'groups/optional.json: the empty value of opt matches machines without that label, which a site cannot say',
    'profiles/asks.json: its template takes more from the query than a layer can, so the machines of groups/asks.json get nothing',
    'profiles/k8s.json: the metadata of its groups is filled in already, and not carried over beside it',
    'profiles/large.json: the metadata of its groups is filled in already, and not carried over beside it',
    'profiles/worker.json: a site has no generic documents',
    'profiles/worker.json: it reads os from the query, so each machine has to say that, and lint wants --label',
  ]);
  assert.match(stdout, /: 9 profiles and 13 of 16 groups, each group with the config that it had\n$/);
  assert.deepEqual(await readdir(join(out, 'fragments')), [
    'k8s-k1.bu',
    'k8s-k2.bu',
    'new.bu.liquid',
    'tie.bu.liquid',
    'worker.bu.liquid',
  ]);
});

test('groups that compete are told apart as matchbox does', async (t) => {
  const { before, after } = await importInto(t, join(FIXTURES, 'templates'));
  if (before === undefined || after === undefined) return;
  for (const query of ['role=db', 'zone=z1', 'role=db&zone=z1', 'role=db&zone=z1&more=1', 'role=db&zone=z2', '']) {
    const asked = `/ignition?${query}`;
    const old = await ask(before.machine, asked);
    const now = await ask(after.machine, asked);
    assert.equal(now.body.toString(), old.body.toString(), query);
  }
});

test('a machine boots by the same kernel, initrds and arguments', async (t) => {
  const { before, after } = await importInto(t, join(FIXTURES, 'templates'));
  if (before === undefined || after === undefined) return;
  const words = (script: string) =>
    script.split(/\s+/).filter((word) => /^(?:\/assets|initrd=|flatcar|console|ignition)/.test(word));
  for (const query of ['serial=B4C0M12', 'mac=52-54-00-00-00-03']) {
    const asked = `/ipxe?${query}`;
    const old = await ask(before.machine, asked);
    const now = await ask(after.machine, asked);
    const wanted = words(old.body.toString());
    assert.ok(wanted.length > 2, query);
    assert.deepEqual(words(now.body.toString()), wanted, query);
  }
});

test('an import ends with a reason', async (t) => {
  const full = await writeSite(t, { 'site/x': '' });
  const templates = join(FIXTURES, 'templates');
  const none = join(full, 'none');
  await writeFile(join(full, 'file'), '');
  for (const [directory, out, reason] of [
    [templates, join(full, 'site'), /the directory is not empty; name one that does not exist yet/],
    [templates, join(full, 'file/site'), /cannot write .*: it exists already; name one that does not/],
    // Told before anything is read.
    [none, join(full, 'site'), /the directory is not empty; name one that does not exist yet/],
    [none, join(full, 'out'), /the site directory .* cannot be read: it does not exist/],
    [full, join(full, 'out'), /nothing of .* can be carried over/],
  ] as const) {
    const { status, stdout, stderr } = runImport(directory, out);
    assert.equal(status, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, reason);
  }
  assert.deepEqual((await readdir(full)).sort(), ['file', 'site']);
});
