import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { requireProgram } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { addToSite, scratchDirectory } from '../support/site.ts';
import { startSteadyClients } from '../support/steady-clients.ts';

const execute = promisify(execFile);

const EDITS = 200;
const LASTING_MS = 60_000;
const MACHINES = ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03'];

/** The two files of one edit; a config that shows different numbers in them is of no revision that anybody wrote. */
function pair(name: string, edit: number): Readonly<Record<string, string>> {
  const file = (part: string, text: string) =>
    `storage:\n  files:\n    - path: /etc/${name}-${part}\n      mode: 0644\n      contents:\n        inline: "${text}"\n`;
  return {
    [`${name}-a.bu.liquid`]: file('a', `{{ parameters.hostname }} ${name}=${edit};`),
    [`${name}-b.bu`]: file('b', `${name}=${edit};`),
  };
}

/** A site whose profile has a pair of plain files, which are edited in place, and one that Kubernetes would mount. */
async function writeEditedSite(site: string): Promise<void> {
  const layers = ['plain-a.bu.liquid', 'plain-b.bu', 'mounted/swapped-a.bu.liquid', 'mounted/swapped-b.bu'];
  const schema = 'parameters: { type: object, required: [hostname], properties: { hostname: { type: string } } }';
  const groups = MACHINES.map((mac, index) => [
    `groups/m${index}.yaml`,
    `profile: node\nmatch: { mac: "${mac}" }\nparameters: { hostname: m${index} }\n`,
  ]);
  await addToSite(site, {
    'profiles/node.yaml': [
      'layers:',
      ...layers.map((layer) => `  - fragments/${layer}`),
      'butane: { variant: flatcar, version: 1.1.0 }',
      schema,
      '',
    ].join('\n'),
    ...Object.fromEntries(groups),
    ...prefixed('fragments/', pair('plain', 0)),
    ...prefixed('fragments/mounted/..0/', pair('swapped', 0)),
  });
  const mounted = join(site, 'fragments/mounted');
  await symlink('..0', join(mounted, '..data'));
  for (const name of Object.keys(pair('swapped', 0))) await symlink(`..data/${name}`, join(mounted, name));
}

function prefixed(prefix: string, files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [prefix + name, text]));
}

/** What makes the files of an edit bad, each in its own way. */
const FAULTS: readonly ((files: Readonly<Record<string, string>>) => Readonly<Record<string, string>>)[] = [
  (files) => mapValues(files, (text) => text.replace('storage:', 'storag:')),
  (files) => mapValues(files, (text) => text.replace('mode: 0644', 'mode: [0644')),
  (files) => mapValues(files, (text) => text.replace('      contents:', '     contents:')),
  (files) => mapValues(files, (text) => text.replace('hostname }}', 'hostnam }}').replace('path: /etc', 'path: etc')),
  (files) => mapValues(files, (text) => text.replace('mode: 0644', 'mode: 99999999')),
];

function mapValues(
  files: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, change(text)]));
}

interface Edited {
  readonly site: string;
  /** Somewhere on the same file system to prepare things. */
  readonly scratch: string;
  readonly service: ServiceProcess;
  readonly edit: number;
}

interface Way {
  /** Which pair of files it edits. */
  readonly name: 'plain' | 'swapped';
  readonly apply: (files: Readonly<Record<string, string>>, edited: Edited) => Promise<void>;
}

async function writeInPlace(files: Readonly<Record<string, string>>, { site }: Edited): Promise<void> {
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(site, 'fragments', name), text)));
}

/** All the ways in which a site is edited out there. */
const WAYS: Readonly<Record<string, Way>> = {
  'written in place': { name: 'plain', apply: writeInPlace },
  'renamed into place': {
    name: 'plain',
    async apply(files, { site }) {
      const folder = join(site, 'fragments');
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `.${name}.swp`), text);
      await Promise.all(Object.keys(files).map((name) => rename(join(folder, `.${name}.swp`), join(folder, name))));
    },
  },
  'checked out with git': {
    name: 'plain',
    async apply(files, { site, scratch, edit }) {
      const clone = join(scratch, 'clone');
      for (const [name, text] of Object.entries(files)) await writeFile(join(clone, 'fragments', name), text);
      await git(clone, 'commit', '--quiet', '--allow-empty', '--all', '--message', `edit ${edit}`);
      await git(site, 'fetch', '--quiet', clone, 'HEAD');
      await git(site, 'checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD');
    },
  },
  'copied with rsync': {
    name: 'plain',
    async apply(files, { site, scratch }) {
      const source = join(scratch, 'rsync');
      await rm(source, { recursive: true, force: true });
      await mkdir(source);
      for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
      await execute('rsync', ['--archive', '--checksum', '--delay-updates', `${source}/`, join(site, 'fragments')]);
    },
  },
  'swapped as Kubernetes does': {
    name: 'swapped',
    async apply(files, { site, edit }) {
      const mounted = join(site, 'fragments/mounted');
      await addToSite(join(mounted, `..${edit}`), files);
      await symlink(`..${edit}`, join(mounted, '..data_tmp'));
      const before = await readFile(join(mounted, 'swapped-b.bu'), 'utf8').catch(() => '');
      await rename(join(mounted, '..data_tmp'), join(mounted, '..data'));
      const old = /swapped=(\d+);/.exec(before)?.[1];
      if (old !== undefined && Number(old) !== edit) {
        await rm(join(mounted, `..${old}`), { recursive: true, force: true });
      }
    },
  },
  'written, and told with SIGHUP': {
    name: 'plain',
    async apply(files, edited) {
      await writeInPlace(files, edited);
      process.kill(edited.service.pid, 'SIGHUP');
    },
  },
  'written, and told with POST /v1/reload': {
    name: 'plain',
    async apply(files, edited) {
      await writeInPlace(files, edited);
      const { status } = await ask(edited.service.operator, '/v1/reload', { method: 'POST' });
      assert.ok(status === 200 || status === 409, String(status));
    },
  },
};

async function git(directory: string, ...args: readonly string[]): Promise<void> {
  const who = ['-c', 'user.name=an operator', '-c', 'user.email=operator@example.invalid', '-c', 'gc.auto=0'];
  await execute('git', ['-C', directory, ...who, ...args]);
}

/** The site as a git repository, and a clone of it in which new commits are made. */
async function putUnderGit(site: string, scratch: string): Promise<void> {
  await writeFile(join(site, '.gitignore'), 'fragments/mounted\n.*.swp\n');
  await git(site, 'init', '--quiet');
  await git(site, 'add', '--all');
  await git(site, 'commit', '--quiet', '--message', 'a site');
  await execute('git', ['clone', '--quiet', site, join(scratch, 'clone')]);
}

/** The number of the edit that each pair of a config shows; fails on a config that shows two of one pair. */
function editsIn(body: string): { readonly plain: number; readonly swapped: number } {
  const numbers = (name: string) => {
    const found = [...decodeURIComponent(body).matchAll(new RegExp(`${name}=(\\d+);`, 'g'))].map(([, edit]) =>
      Number(edit),
    );
    assert.equal(found.length, 2, body);
    assert.equal(found[0], found[1], `a config of two revisions: ${body}`);
    return found[0] ?? -1;
  };
  return { plain: numbers('plain'), swapped: numbers('swapped') };
}

async function setUp(t: TestContext) {
  for (const program of ['git', 'rsync'] as const) if (requireProgram(t, program) === undefined) return undefined;
  const root = await scratchDirectory(t);
  const site = join(root, 'site');
  const scratch = join(root, 'scratch');
  await mkdir(scratch, { recursive: true });
  await writeEditedSite(site);
  await putUnderGit(site, scratch);
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return undefined;
  return { site, scratch, service };
}

test('A site that is edited all the time, badly half of the time, fails no request and mixes no revisions', async (t) => {
  const started = await setUp(t);
  if (started === undefined) return;
  const { service } = started;
  const paths = MACHINES.flatMap((mac) => [`/ignition?mac=${mac}`, `/ignition/node?mac=${mac}`]);
  const urls = paths.map((path) => service.machine + path);
  await eventually(async () => (await ask(service.machine, paths[0] ?? '')).status === 200);
  const clients = startSteadyClients({ urls, clients: 64, pauseMs: 20 });

  const ways = Object.entries(WAYS);
  const good = { plain: new Set([0]), swapped: new Set([0]) };
  const startedAt = performance.now();
  for (let edit = 1; edit <= EDITS; edit += 1) {
    const [title, way] = ways[edit % ways.length] ?? [];
    assert.ok(way !== undefined && title !== undefined);
    const isBad = edit % 2 === 0;
    const fault = isBad ? FAULTS[(edit / 2) % FAULTS.length] : undefined;
    const files = pair(way.name, edit);
    await t.test(`edit ${edit}, ${isBad ? 'bad' : 'good'}, ${title}`, () =>
      way.apply(fault?.(files) ?? files, { ...started, edit }),
    );
    if (!isBad) good[way.name].add(edit);
    await delay(startedAt + (edit / EDITS) * LASTING_MS - performance.now());
  }

  // The last edit was bad; this repairs both pairs.
  const last = EDITS + 1;
  const repairedAt = performance.now();
  for (const title of ['swapped as Kubernetes does', 'written in place']) {
    const way = WAYS[title];
    if (way !== undefined) await way.apply(pair(way.name, last), { ...started, edit: last });
  }
  good.plain.add(last);
  good.swapped.add(last);
  await eventually(async () => {
    const { plain, swapped } = editsIn((await ask(service.machine, paths[0] ?? '')).body.toString());
    return plain === last && swapped === last;
  });
  t.diagnostic(`live ${Math.round(performance.now() - repairedAt)} ms after the last repair`);
  await delay(200);
  const seen = await clients.stop();

  assert.deepEqual(seen.failures, []);
  const shown = new Set<number>();
  for (const url of urls) {
    for (const body of seen.bodies[url] ?? []) {
      const { plain, swapped } = editsIn(body);
      assert.ok(good.plain.has(plain) && good.swapped.has(swapped), `a bad edit was served: ${plain}, ${swapped}`);
      shown.add(plain).add(swapped);
    }
    assert.equal((seen.bodies[url] ?? []).length > 1, true, 'edits went live');
  }
  t.diagnostic(`${seen.requests} requests, ${shown.size} edits seen by machines`);
  const { revisions } = JSON.parse((await ask(service.operator, '/v1/revisions')).body.toString());
  assert.ok(revisions.some(({ outcome }: { outcome: string }) => outcome === 'refused'));
  const revision = JSON.parse((await ask(service.operator, '/v1/revision')).body.toString());
  assert.equal(revision.refused, undefined);
});

test('What is edited is live, whatever the way', async (t) => {
  const started = await setUp(t);
  if (started === undefined) return;
  let edit = 1000;
  for (const [title, way] of Object.entries(WAYS)) {
    await t.test(title, async () => {
      edit += 1;
      await way.apply(pair(way.name, edit), { ...started, edit });
      const path = `/ignition?mac=${MACHINES[0]}`;
      await eventually(
        async () => editsIn((await ask(started.service.machine, path)).body.toString())[way.name] === edit,
      );
    });
  }
  await t.test('moved away whole, and back', async () => {
    const { site, scratch, service } = started;
    await rename(site, join(scratch, 'away'));
    await eventually(
      async () =>
        JSON.parse((await ask(service.operator, '/v1/revision')).body.toString()).refused?.reason === 'invalid',
    );
    assert.equal((await ask(service.machine, `/ignition?mac=${MACHINES[0]}`)).status, 200);
    await cp(join(scratch, 'away'), join(scratch, 'back'), { recursive: true, verbatimSymlinks: true });
    await rename(join(scratch, 'back'), site);
    await eventually(
      async () => JSON.parse((await ask(service.operator, '/v1/revision')).body.toString()).refused === undefined,
    );
    edit += 1;
    await writeInPlace(pair('plain', edit), { ...started, edit });
    const path = `/ignition?mac=${MACHINES[0]}`;
    await eventually(async () => editsIn((await ask(service.machine, path)).body.toString()).plain === edit);
  });
});
