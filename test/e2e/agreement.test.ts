import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readSiteRevision } from '../../src/service/workshop-process.ts';
import { runCommand } from '../support/command.ts';
import { requireProgram } from '../support/programs.ts';
import { ask, PUBLIC_URL, startTestService } from '../support/service.ts';
import { EXAMPLE_SITE, scratchDirectory } from '../support/site.ts';

const execute = promisify(execFile);

/** One machine and one profile, as a query and as flags. */
interface Case {
  readonly profile: string;
  readonly labels: readonly (readonly [key: string, value: string])[];
}

const KNOWN = new Set(['mac', 'uuid', 'serial', 'hostname', 'arch']);
const SPECS = [undefined, '3.3.0', '3.0.0'];

test('The service and the command line give the same bytes, anywhere and after a restart', async (t) => {
  if (requireProgram(t, 'butane') === undefined) return;
  const elsewhere = join(await scratchDirectory(t), 'a copy');
  await cp(EXAMPLE_SITE, elsewhere, { recursive: true });
  const cases = await everyMachine();
  assert.ok(cases.length >= 20, 'every profile is asked for by a machine of every group');

  const first = await startTestService(t, { site: EXAMPLE_SITE });
  if (first === undefined) return;
  const served = await answers(first.machine, cases);
  assert.ok(served.some(({ status }) => status === 200) && served.some(({ status }) => status === 404));
  await first.close();

  const second = await startTestService(t, { site: elsewhere });
  if (second === undefined) return;
  const again = await answers(second.machine, cases);
  assert.deepEqual(again, served, 'a service in another directory, started later');
  const repeated = await answers(second.machine, cases);
  assert.deepEqual(repeated, served, 'the same service, from its cache');

  let at = 0;
  for (const each of cases) {
    for (const spec of SPECS) {
      const { status, text } = served[at] ?? { status: 0, text: '' };
      at += 1;
      const printed = await render(each, spec, at % 2 === 0 ? EXAMPLE_SITE : elsewhere);
      const what = `${each.profile} ${JSON.stringify(each.labels)} ${spec}`;
      assert.equal(printed.code, status === 200 ? 0 : 1, `${what}: ${printed.err}`);
      if (status === 200) assert.equal(printed.out, text, what);
    }
  }
});

test('The installed command prints what the service gives, and nothing else, on standard output', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const { body } = await ask(service.machine, '/ignition/worker?mac=52:54:00:a1:9c:b0&role=gpu');
  const flags = ['--mac', '52-54-00-A1-9C-B0', '--label', 'role=gpu', '--site', EXAMPLE_SITE];
  const args = [resolve('dist/main.js'), 'render', 'worker', ...flags, '--public-url', PUBLIC_URL];
  const { stdout, stderr } = await execute(process.execPath, args, { encoding: 'buffer' });
  assert.deepEqual(stdout, body);
  assert.equal(stderr.toString(), '');
});

test('Two machines with the same inputs get the same bytes', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  // node2 boots from either of its cards, and no template of its profile reads which one it was.
  const paths = ['52:54:00:a1:9c:af', '52:54:00:a1:9d:af'].map((mac) => `/ignition?mac=${mac}&rack=r7&free=${mac}`);
  const [one, other] = await Promise.all(paths.map((path) => ask(service.machine, path)));
  assert.equal(one?.status, 200);
  assert.deepEqual(one?.body, other?.body);
  assert.equal(one?.headers.etag, other?.headers.etag);
});

/** Every profile of the example for a machine of every group, alone and in every rack. */
async function everyMachine(): Promise<readonly Case[]> {
  const { profiles, groups } = await readSiteRevision(EXAMPLE_SITE);
  const labels = [...groups.values()].map(({ selector }) =>
    [...selector].map(([key, values]) => [key, values[0] ?? ''] as const),
  );
  const rack = labels.find((each) => each.some(([key]) => key === 'rack')) ?? [];
  const machines = [[], ...labels, ...labels.filter((each) => each !== rack).map((each) => [...each, ...rack])];
  return [...profiles.keys()].flatMap((profile) => machines.map((machine) => ({ profile, labels: machine })));
}

interface Given {
  readonly status: number;
  readonly text: string;
}

async function answers(machine: string, cases: readonly Case[]): Promise<readonly Given[]> {
  const given: Given[] = [];
  for (const { profile, labels } of cases) {
    const query = new URLSearchParams(labels.map(([key, value]): [string, string] => [key, value]));
    for (const spec of SPECS) {
      const headers = spec === undefined ? {} : { Accept: `application/vnd.coreos.ignition+json;version=${spec}` };
      const { status, body } = await ask(machine, `/ignition/${profile}?${query}`, { headers });
      given.push({ status, text: status === 200 ? body.toString() : JSON.parse(body.toString()).code });
    }
  }
  return given;
}

async function render({ profile, labels }: Case, spec: string | undefined, site: string) {
  const flags = labels.flatMap(([key, value]) =>
    KNOWN.has(key) ? [`--${key}`, value] : ['--label', `${key}=${value}`],
  );
  const wanted = spec === undefined ? [] : ['--spec', spec];
  return runCommand(['render', profile, ...flags, ...wanted, '--site', site, '--public-url', PUBLIC_URL]);
}
