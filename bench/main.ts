import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseMachine } from '../src/machine/machine.ts';
import { openWorkshop } from '../src/service/workshop-process.ts';
import { runBareButane } from './butane-alone-process.ts';
import type { HotResult } from './hot.ts';
import { compareHot } from './hot.ts';
import { macOf, renderNeverSeen } from './never-seen.ts';
import { startServer } from './server-process.ts';
import { largeDocument, makeBenchSite, makeDataDirectory, PROFILE } from './site-file.ts';
import type { Pair, Summary } from './statistics.ts';
import { median, summarise, table } from './statistics.ts';

const USAGE = `usage: npm run bench -- [--quick] [--only hot|boot|matchbox|never-seen|butane]

Measures the service beside what it is made of and prints Markdown tables. Takes about two minutes.

  --quick       fewer and shorter rounds, about twenty seconds; the ratios are rough then
  --only PART   measure only this
`;

/** How much is measured. */
interface Effort {
  readonly rounds: number;
  /** Short and many: a noisy neighbour comes and goes within seconds, and shall meet both sides alike. */
  readonly hotRounds: number;
  readonly hotSeconds: number;
  readonly renders: number;
  readonly aloneRounds: number;
  readonly largeRuns: number;
}

const FULL: Effort = { rounds: 7, hotRounds: 25, hotSeconds: 1, renders: 600, aloneRounds: 3, largeRuns: 40 };
const QUICK: Effort = { rounds: 2, hotRounds: 3, hotSeconds: 1, renders: 150, aloneRounds: 1, largeRuns: 10 };

const CONNECTIONS = 32;
const MARK = '02:ff:ff:ff:ff:ff';
const cores = availableParallelism();

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const wants = (part: string) => flags.only === undefined || flags.only === part;
if (flags.help) process.stdout.write(USAGE);
else await measure(flags.quick ? QUICK : FULL);

async function measure(effort: Effort): Promise<void> {
  const bench = await makeBenchSite();
  const workshop = await openWorkshop({ site: bench.site, publicUrl: 'http://127.0.0.1:8080' });
  try {
    const machine = parseMachine({ mac: MARK }, { from: 'query' });
    const rendered = await workshop.renderer.renderInFull(workshop.served, { machine, profileId: PROFILE });
    const { identity } = workshop.butane;
    await writeFile(join(bench.scratch, 'small.bu'), rendered.butane ?? '');
    await writeFile(join(bench.scratch, 'large.bu'), largeDocument());
    say(
      `Node.js ${process.versions.node}, butane ${identity.version}, ${cores} cores of ${cpus()[0]?.model ?? 'an unknown processor'}.`,
    );
    say(`The config has ${rendered.body.length} bytes, its Butane ${Buffer.byteLength(rendered.butane ?? '')}.\n`);

    const service = await startServer(
      [
        fileURLToPath(new URL('../src/main.js', import.meta.url)),
        ...['serve', '--site', bench.site, '--state-dir', join(bench.scratch, 'state')],
        ...['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0', '--log-format', 'json'],
      ],
      join(bench.scratch, 'service.log'),
    );
    try {
      await siteChecked(join(bench.scratch, 'service.log'));
      if (wants('hot')) await measureHot(effort, bench.scratch, service.url);
      if (wants('boot')) await measureBoot(effort, bench.scratch, service.url);
      if (wants('matchbox')) await measureMatchbox(effort, bench.scratch);
      if (wants('never-seen')) await measureNeverSeen(effort, bench.scratch, service.url, identity.path);
    } finally {
      await service.close();
    }
    if (wants('butane')) await measureButane(effort, bench.scratch, identity.path);
  } finally {
    await workshop.close();
    await bench.remove();
  }
}

/** Waits until the service has rendered every profile once, which would be measured as well. */
async function siteChecked(log: string): Promise<void> {
  while (!(await readFile(log, 'utf8')).includes('"msg":"the site was checked"')) await delay(50);
}

async function measureHot(effort: Effort, scratch: string, service: string): Promise<void> {
  const path = `/ignition/${PROFILE}?mac=${macOf(1)}`;
  const { rate, p99Ms } = await compareWithBare(effort, scratch, service, { path, route: '/ignition/:profile' });
  const rows = [figure('requests/s', summarise(rate), 0.7), figure('p99, ms', summarise(p99Ms))];
  say(`Hot: one machine asks again and again over ${CONNECTIONS} connections; ${effort.hotRounds} rounds.\n`);
  say(`${table(['', 'pilotlight', 'bare Fastify route', 'ratio', 'lowest to highest', 'wanted'], rows)}\n`);
}

/** What boot loaders ask, in the same way. */
async function measureBoot(effort: Effort, scratch: string, service: string): Promise<void> {
  const rows: (readonly string[])[] = [];
  for (const { path, route } of [
    { path: `/ipxe/${PROFILE}?mac=${macOf(1)}`, route: '/ipxe/:profile' },
    { path: '/boot.ipxe', route: '/boot.ipxe' },
  ]) {
    const { rate } = await compareWithBare(effort, scratch, service, { path, route });
    rows.push(figure(route, summarise(rate), 0.7));
  }
  sayBoot('Boot: one machine asks for a script again and again', rows);
}

/** The same on a data directory of matchbox, with the paths that only that has. */
async function measureMatchbox(effort: Effort, scratch: string): Promise<void> {
  const rows: (readonly string[])[] = [];
  const log = join(scratch, 'matchbox.log');
  const service = await startServer(
    [
      fileURLToPath(new URL('../src/main.js', import.meta.url)),
      ...['serve', '--site', await makeDataDirectory(scratch), '--state-dir', join(scratch, 'matchbox-state')],
      ...['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0', '--log-format', 'json'],
    ],
    log,
  );
  try {
    await siteChecked(log);
    for (const route of ['/metadata', '/ipxe']) {
      const path = `${route}?os=installed&mac=${macOf(1)}`;
      const { rate } = await compareWithBare(effort, scratch, service.url, { path, route, log });
      rows.push(figure(route, summarise(rate), 0.7));
    }
  } finally {
    await service.close();
  }
  sayBoot('A data directory of matchbox: one machine asks again and again', rows);
}

function sayBoot(what: string, rows: readonly (readonly string[])[]): void {
  say(`${what} over ${CONNECTIONS} connections; requests/s.\n`);
  say(`${table(['', 'pilotlight', 'bare Fastify route', 'ratio', 'lowest to highest', 'wanted'], rows)}\n`);
}

async function compareWithBare(
  effort: Effort,
  scratch: string,
  service: string,
  {
    path,
    route,
    log = join(scratch, 'service.log'),
  }: { readonly path: string; readonly route: string; readonly log?: string },
): Promise<HotResult> {
  await recordAnswer(`${service}${path}`, scratch, log);
  const files = ['hot.body', 'headers.json', 'line.json'].map((file) => join(scratch, file));
  const program = fileURLToPath(new URL('bare-route-process.js', import.meta.url));
  const bare = await startServer([program, ...files, route], join(scratch, 'bare.log'));
  try {
    const options = { rounds: effort.hotRounds, seconds: effort.hotSeconds, connections: CONNECTIONS };
    return await compareHot(`${service}${path}`, `${bare.url}${path}`, options);
  } finally {
    await bare.close();
  }
}

/** What the service answers and logs, so that the bare route can give and log the same. */
async function recordAnswer(url: string, scratch: string, log: string): Promise<void> {
  await fetch(url);
  const response = await fetch(url);
  await writeFile(join(scratch, 'hot.body'), Buffer.from(await response.arrayBuffer()));
  const names = ['content-type', 'etag', 'cache-control', 'vary', 'content-length'];
  const headers = Object.fromEntries(
    names.flatMap((name) => (response.headers.has(name) ? [[name, response.headers.get(name)]] : [])),
  );
  await writeFile(join(scratch, 'headers.json'), JSON.stringify(headers));
  // Lines are collected for a moment before they are written.
  await delay(500);
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  const written = JSON.parse(lines.findLast((text) => text.includes('"msg":"request"')) ?? '{}');
  if (written.status !== 200 || response.status !== 200) throw new Error('there is no answer to measure');
  // The rest is made anew for each request.
  const { level, time, reqId, method, route, status, remote, userAgent, durationMs, msg, ...line } = written;
  await writeFile(join(scratch, 'line.json'), JSON.stringify(line));
}

async function measureNeverSeen(effort: Effort, scratch: string, service: string, butane: string): Promise<void> {
  const rounds: Pair[] = [];
  const order = { butane, filesDir: join(scratch, 'files'), template: join(scratch, 'small.bu'), mark: MARK };
  const options = { requests: effort.renders, connections: 4 * cores };
  const ask = (firstMachine: number) => renderNeverSeen(`${service}/ignition/${PROFILE}`, { ...options, firstMachine });
  await ask(1_000_000);
  for (let round = 0; round < effort.rounds; round += 1) {
    const bare = await runBareButane({ ...order, runs: effort.renders, concurrency: cores, threads: 1 });
    const ours = await ask((round + 2) * 1_000_000);
    rounds.push({ ours, bare });
  }
  say(
    `Never seen: each request is a machine of its own, ${options.connections} ask at once, ${cores} butanes run at once on both sides.\n`,
  );
  const head = ['', 'pilotlight', 'bare butane', 'ratio', 'lowest to highest', 'wanted'];
  say(`${table(head, [figure('renders/s', summarise(rounds), 0.8)])}\n`);
}

async function measureButane(effort: Effort, scratch: string, butane: string): Promise<void> {
  const documents = [
    { name: 'the same small document', file: 'small.bu', runs: effort.renders },
    { name: '200 files of 1 KiB', file: 'large.bu', runs: effort.largeRuns },
  ];
  const rows: string[][] = [];
  for (const { name, file, runs } of documents) {
    for (const concurrency of [1, cores, 2 * cores]) {
      const order = { butane, filesDir: join(scratch, 'files'), template: join(scratch, file), mark: MARK, runs };
      const one: number[] = [];
      const own: number[] = [];
      for (let round = 0; round < effort.aloneRounds; round += 1) {
        own.push(await runBareButane({ ...order, concurrency }));
        one.push(await runBareButane({ ...order, concurrency, threads: 1 }));
      }
      rows.push([name, String(concurrency), number(median(own)), number(median(one))]);
    }
  }
  say('butane alone, documents per second:\n');
  say(`${table(['document', 'at once', "Go's own GOMAXPROCS", 'GOMAXPROCS=1'], rows)}\n`);
}

function figure(name: string, summary: Summary, wanted?: number): readonly string[] {
  const { ours, bare, ratio, lowest, highest } = summary;
  const verdict = wanted === undefined ? '' : `≥ ${wanted}: ${ratio >= wanted ? 'yes' : 'no'}`;
  return [name, number(ours), number(bare), ratio.toFixed(2), `${lowest.toFixed(2)} to ${highest.toFixed(2)}`, verdict];
}

function number(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
