import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { adopt } from '../../src/adopt/adopt.ts';
import { whatChanged } from '../../src/adopt/differences.ts';
import { meaningOf } from '../../src/adopt/meaning.ts';
import { readSource } from '../../src/adopt/source.ts';
import { runCommand } from '../support/command.ts';
import { fetchAndApply } from '../support/ignition-client.ts';
import { startTestService } from '../support/service.ts';
import { writeSite } from '../support/site.ts';

const FOLDER = 'test/golden/adopt';
const CASES = readdirSync(FOLDER).sort();

/** Secrets of the hand-written files, as they stand there and as they are encoded there. */
const SECRETS = /hub-secret|team-secret|example-secret|rpull-secret|cm9ib3Q6/;

test('the published examples are among the cases', () => {
  assert.ok(CASES.includes('published-list') && CASES.includes('published-containerd'));
  assert.ok(CASES.length >= 8);
});

for (const name of CASES) {
  suite(`adopt ${name}`, { concurrency: false }, () => {
    const file = join(FOLDER, name, 'config.bu');

    test('prints the profile and what was wrong, and no secret', async () => {
      const { code, out, err } = await runCommand(['adopt', file]);
      assert.equal(code, 0, err);
      assert.doesNotMatch(out + err, SECRETS);
      await assertGolden(join(FOLDER, name, 'profile.yaml'), out);
      await assertGolden(join(FOLDER, name, 'reports.txt'), err);
    });

    test('tells exactly what Ignition writes otherwise', async (t) => {
      const trees = await bootBoth(t, file);
      if (trees === undefined) return;
      const listed = readListed(await readFile(join(FOLDER, name, 'profile.yaml'), 'utf8'));
      assert.deepEqual(compareTrees(trees.before, trees.after, listed.moved), listed.changed);
      for (const path of listed.same) assert.ok(trees.before.has(path) && trees.after.has(path), path);
    });
  });
}

async function assertGolden(path: string, text: string): Promise<void> {
  if (process.env.UPDATE_GOLDEN && !process.env.CI) await writeFile(path, text);
  assert.equal(text, await readFile(path, 'utf8'), path);
}

/** One thing that stands below a root: a file or link with its mode, or a line of the presets. */
interface Entry {
  readonly mode: number;
  readonly text: string;
}
type Tree = ReadonlyMap<string, Entry>;

/** What both machines become: that of the hand-written file, set right where butane cannot read it, and the adopted one. */
async function bootBoth(
  t: TestContext,
  file: string,
): Promise<{ readonly before: Tree; readonly after: Tree } | undefined> {
  const text = readFileSync(file, 'utf8');
  const lines = readSource(text, file).value?.lines ?? [];
  const adopted = adopt(text, file, { now: () => performance.now() }).value;
  assert.ok(adopted !== undefined);
  const parameters = Object.fromEntries(adopted.secrets.map((secret) => [secret.name, secret.value]));
  const site = await writeSite(t, {
    'profiles/before.bu': lines.join('\n'),
    'profiles/after.yaml': adopted.profile,
    'site.yaml': JSON.stringify({ parameters }),
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return undefined;
  const before = await fetchAndApply(t, 'module-2.27', { url: `${service.machine}/ignition/before` });
  const after = await fetchAndApply(t, 'module-2.27', { url: `${service.machine}/ignition/after` });
  if (before === undefined || after === undefined) return undefined;
  assert.equal(before.exitCode, 0, before.output);
  assert.equal(after.exitCode, 0, after.output);
  return { before: await readTree(before.root), after: await readTree(after.root) };
}

const PRESETS = 'etc/systemd/system-preset/20-ignition.preset';
/** What Ignition writes about its run. */
const ABOUT_THE_RUN = /^etc\/\.ignition-result\.json$|\.ignition/;

async function readTree(root: string): Promise<Tree> {
  const tree = new Map<string, Entry>();
  for (const path of (await readdir(root, { recursive: true })).sort()) {
    const status = await lstat(join(root, path));
    if (status.isDirectory() || ABOUT_THE_RUN.test(path)) continue;
    if (status.isSymbolicLink()) {
      tree.set(`link /${path}`, { mode: 0, text: await readlink(join(root, path)) });
      continue;
    }
    const text = await readFile(join(root, path), 'utf8');
    if (path === PRESETS) {
      for (const line of text.split('\n').filter((each) => each !== '')) {
        const [verb, unit] = line.split(' ');
        tree.set(`unit enabled ${unit}`, { mode: 0, text: verb ?? '' });
      }
    } else tree.set(`file /${path}`, { mode: status.mode & 0o7777, text });
  }
  return tree;
}

/** The differences of two trees, in the words of the list at the top of a profile. */
function compareTrees(before: Tree, after: Tree, moved: ReadonlyMap<string, string>): readonly string[] {
  const meaning = (tree: Tree, key: string, readAs = key) => {
    const { mode = 0, text = '' } = tree.get(key) ?? {};
    const read = (path: string) => tree.get(`file ${path}`)?.text;
    return { mode, content: meaningOf(readAs.replace(/^file /, ''), text, { read, bakery: false, mayBeOld: false }) };
  };
  const found = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    if (one === undefined) {
      const from = moved.get(key);
      const changed = from === undefined ? [] : whatChanged(meaning(before, from, key), meaning(after, key));
      return [from === undefined ? `+ ${key}` : `+ ${key}: ${changed.join(', ')}`];
    }
    if (other === undefined) return [`- ${key}`];
    if (one.text === other.text && one.mode === other.mode) return [];
    const changed = whatChanged(meaning(before, key), meaning(after, key));
    return changed.length === 0 ? [] : [`~ ${key}: ${changed.join(', ')}`];
  });
  return found;
}

/** The list at the top of a profile. What is said of the files that the extension ships is no matter of the trees. */
function readListed(profile: string) {
  const changed: string[] = [];
  const same: string[] = [];
  const moved = new Map<string, string>();
  for (const [, mark, item = '', rest = ''] of profile.matchAll(
    /^# {3}([=+~-]) ((?:file \/|link \/|unit enabled )[^:\n]+)(?:: (.*))?$/gm,
  )) {
    if (mark === '=') same.push(item);
    else {
      const from = /^as (\/\S+)(?: but for (.*))?$/.exec(rest);
      if (from !== null) moved.set(item, `file ${from[1]}`);
      const details = mark === '~' ? rest : (from?.[2] ?? '');
      changed.push(details === '' && from === null ? `${mark} ${item}` : `${mark} ${item}: ${details}`);
    }
  }
  const byItem = (a: string, b: string) => (a.slice(2) < b.slice(2) ? -1 : 1);
  return { changed: changed.sort(byItem), same, moved };
}
