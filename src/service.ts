import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import type { Butane, ButaneIdentity } from './butane/butane.ts';
import type { OpenButaneOptions } from './butane/butane-process.ts';
import { DEFAULT_BUTANE_LIMITS, openButane } from './butane/butane-process.ts';
import { findButane } from './butane/find-butane-process.ts';
import type { Config } from './config.ts';
import { formatListener } from './config.ts';
import { ProvisioningError } from './errors.ts';
import { createMachineApp } from './http/machine-app.ts';
import { NOTHING_SERVED } from './http/nothing-served.ts';
import { openApiYaml } from './http/openapi.ts';
import { createOperatorApp } from './http/operator-app.ts';
import { openTokenFile } from './http/operator-token-file.ts';
import type { SiteState } from './http/site-state.ts';
import { notReady } from './http/site-state.ts';
import { isGitAtWork } from './live/git-lock-file.ts';
import { createKeeper } from './live/keeper.ts';
import { logEvents } from './live/live-log.ts';
import type { LiveSite } from './live/live-site.ts';
import { createLiveSite, SiteFaults } from './live/live-site.ts';
import type { Snapshot } from './live/snapshot.ts';
import { createStateStore } from './live/state-file.ts';
import type { SiteWatch } from './live/watch-file.ts';
import { watchSite } from './live/watch-file.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import type { CaseOutcomes } from './render/check.ts';
import type { Renderer, RendererOptions } from './render/renderer.ts';
import { createRenderer } from './render/renderer.ts';
import type { Served } from './render/served.ts';
import type { TranslatorCaches } from './render/translate.ts';
import { createCaches, createTranslator } from './render/translate.ts';
import type { FilesCopy } from './site/files-copy-file.ts';
import { copyFiles } from './site/files-copy-file.ts';
import { parseKnownSite, parseSite } from './site/load.ts';
import type { Revision } from './site/revision.ts';
import { readSite } from './site/site-file.ts';
import type { SourceTree } from './site/source-tree.ts';

export { SiteFaults } from './live/live-site.ts';

/** Bytes of finished configs that are kept. */
const CACHE_BYTES = 128 * 1024 * 1024;

/** The directory of this program's package: the nearest one above that has a package.json. */
function findPackage(directory: string = dirname(fileURLToPath(import.meta.url))): string {
  const above = dirname(directory);
  return existsSync(join(directory, 'package.json')) || above === directory ? directory : findPackage(above);
}

/** The version of this program, from its package. */
export async function readVersion(): Promise<string> {
  const text = await readFile(join(findPackage(), 'package.json'), 'utf8');
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown';
}

/** What renders: butane, and what was made with it. */
interface Engine {
  readonly butane: Butane;
  readonly caches: TranslatorCaches;
  readonly renderer: Renderer;
}

/** A loaded site with everything that renders it; what commands work with when no service is needed. */
export interface Workshop {
  readonly butane: Butane;
  readonly served: Served;
  readonly renderer: Renderer;
  /** Loads one more site, to be rendered beside the first. */
  load(site: string): Promise<Served>;
  close(): Promise<void>;
}

/** What a workshop is opened with; it leaves nothing behind. */
export interface WorkshopOptions {
  readonly site: string;
  readonly butane?: string;
  readonly publicUrl: string;
}

let endsOnSignals = false;

/** Makes an interrupted command end the way a shell expects it, with everything it made for itself cleared away. */
export function endOnSignals(): void {
  if (endsOnSignals) return;
  endsOnSignals = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

async function openEngine(
  { butane: explicit, publicUrl }: Pick<WorkshopOptions, 'butane' | 'publicUrl'>,
  options: OpenButaneOptions & Pick<RendererOptions, 'onRender'> = {},
): Promise<Engine> {
  const { onRender, ...rest } = options;
  const path = await findButane({
    ...(explicit === undefined ? {} : { explicit }),
    built: join(findPackage(), '.tools/bin/butane'),
    searchPath: process.env.PATH,
  });
  const butane = await openButane(path, rest);
  const caches = createCaches(CACHE_BYTES);
  const renderer = createRenderer({
    translator: createTranslator(butane, caches),
    now: () => performance.now(),
    ...(isUnspecified(publicUrl) ? {} : { serviceUrl: publicUrl }),
    ...(onRender === undefined ? {} : { onRender }),
  });
  return { butane, caches, renderer };
}

/** Reads and parses a site, for what needs no butane. Throws {@link SiteFaults}. */
export async function readSiteRevision(site: string): Promise<Revision> {
  const tree = await readSite(site);
  const parsed = parseSite(tree);
  if (parsed.value === undefined) throw new SiteFaults(parsed.diagnostics, tree.documents);
  return parsed.value;
}

/** Reads, parses and checks a site. Throws {@link SiteFaults}, or a ProvisioningError when it cannot be read at all. */
export async function openWorkshop(options: WorkshopOptions): Promise<Workshop> {
  const revision = await readSiteRevision(options.site);
  const { butane, renderer } = await openEngine(options);
  const copies: FilesCopy[] = [];
  const serve = async (next: Revision): Promise<Served> => {
    const copy = await copyFiles(next.files, undefined);
    copies.push(copy);
    return Object.freeze({ revision: next, filesDir: copy.directory });
  };
  return {
    butane,
    renderer,
    served: await serve(revision),
    load: async (site) => serve(await readSiteRevision(site)),
    async close() {
      await butane.close();
      await Promise.all(copies.map((copy) => copy.remove()));
    },
  };
}

/** A stop lets requests that are under way finish for so long, and their answers reach their readers for so long. */
const DRAIN_MS = 6000;
const FLUSH_MS = 500;

/** A running service. */
export interface Service {
  /** Where machines reach it: host and port as bound. */
  readonly machineAddress: string;
  readonly operatorAddress: string;
  /** Reads the site again; see `LiveSite.reload`. */
  reload(): Promise<void>;
  /** Stops taking requests, answers those under way, and ends. */
  close(): Promise<void>;
}

/** A read is taken when nothing was edited until this long after it. */
const CALM_MS = 30;

/** What goes on for longer is no single edit, and the site is taken as it is. */
const MAX_UNREST_MS = 10_000;

/** Edits that go on are waited for so often: a little more than the second after which they are taken to be over. */
const MAX_WAITS = 40;

/** Reads a site when nobody edits it: half of a `git checkout` is a site that nobody wrote. */
async function readCalmly(site: string, watch: SiteWatch | undefined): Promise<SourceTree> {
  const startedAt = performance.now();
  let waits = 0;
  for (;;) {
    // Somebody else's edit, or a pause in the middle of this one, is no reason to read half of it.
    for (; watch?.unsettled && waits < MAX_WAITS; waits += 1) await setTimeout(CALM_MS);
    const generation = watch?.generation;
    const tree = await readSite(site);
    if (watch === undefined || performance.now() - startedAt > MAX_UNREST_MS) return tree;
    await setTimeout(CALM_MS);
    // After a loop that was busy the clock comes before what the system has to tell.
    await setImmediate();
    if (watch.generation === generation && !(await isGitAtWork(site))) return tree;
  }
}

/** A site that is kept alive, with all that this needs. */
interface Live {
  readonly engine: Engine;
  readonly site: LiveSite;
  /** Ends it; requests have been answered by then. */
  close(): Promise<void>;
}

/** Opens the site: what was served last at once, and then whatever the site directory holds. */
async function openLive(config: Config, logger: Logger, metrics: Metrics): Promise<Live> {
  const store = createStateStore(config.stateDir);
  const loading = store.load().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ stateDir: config.stateDir, reason }, 'what was kept of the last revision cannot be used');
    return undefined;
  });
  const opening = openEngine(config, {
    helper: true,
    onRender: (outcome, timings) => metrics.observeRender(timings === undefined ? { outcome } : { outcome, timings }),
    onRun: (outcome, durationMs) => metrics.observeRun({ outcome, durationMs }),
    onReplaced: (butane) => logger.warn(identityFields(butane), 'butane was replaced'),
  });
  opening.catch(() => undefined);
  const place = resolve(config.site);
  const kept = await loading.then((decoded) => {
    if (decoded === undefined || decoded.site === place) return decoded;
    logger.warn({ stateDir: config.stateDir, site: decoded.site }, 'what was kept is of another site, and is not used');
    return undefined;
  });
  // Parsed while butane, which is another process, gets ready.
  const known = kept && { ...kept, parsed: parseKnownSite(kept.tree) };
  const engine = await opening;
  const { butane, caches, renderer } = engine;
  logger.info(identityFields(butane.identity), 'butane');
  // The most useful comes first, and what is put last stays longest.
  for (const [key, content] of kept?.contents.toReversed() ?? []) caches.contents.put(key, content);
  for (const [key, diagnostics] of kept?.reports.toReversed() ?? []) caches.reports.put(key, diagnostics);

  let watch: SiteWatch | undefined;
  let saysFallback = false;
  const site = createLiveSite({
    renderer,
    concurrency: availableParallelism(),
    read: () => readCalmly(config.site, watch),
    edited: () => watch?.unsettled ?? false,
    copyFiles: async (files) => {
      const copy = await copyFiles(files, config.stateDir);
      if (copy.fallback && !saysFallback)
        logger.warn({ stateDir: config.stateDir }, 'the state directory cannot be written; using a temporary one');
      saysFallback = copy.fallback;
      return copy;
    },
    events: { ...logEvents(logger), onReloaded: (outcome) => metrics.observeReload(outcome) },
    keep: ({ served, outcomes }) => keeper.keep(() => snapshotOf(place, served, outcomes, caches)),
  });
  const keeper = createKeeper({
    store,
    progress: () => caches.contents.statistics().misses + caches.reports.statistics().misses,
    onSaved: (bytes) => logger.debug({ bytes }, 'the served revision was kept'),
    onFailure: (err) => {
      metrics.observeStateWriteFailure();
      logger.warn({ stateDir: config.stateDir, err }, 'the served revision cannot be kept on disk');
    },
  });
  const close = async () => {
    await watch?.close();
    await site.close();
    await Promise.race([keeper.close(), setTimeout(KEEP_MS, undefined, { ref: false })]);
    await butane.close(0);
    await site.dispose();
  };
  try {
    await site.open(known);
  } catch (error) {
    await close();
    throw error;
  }
  if (config.watch !== 'off') {
    watch = watchSite(config.site, {
      poll: config.watch === 'poll',
      onReady: () => void site.reload(),
      onSettled: () => void site.reload({ edited: true }),
      onFault: (err) => logger.error({ err }, 'the site cannot be watched; ask for a reload, or use --watch poll'),
    });
  }
  return { engine, site, close };
}

/** A stop waits for so long until the last revision is on disk. */
const KEEP_MS = 1500;

function identityFields({ path, version, sha256 }: ButaneIdentity) {
  return { butane: path, butaneVersion: version, butaneSha256: sha256 };
}

/** A revision with everything that was made of it. */
function snapshotOf(
  site: string,
  served: Served,
  outcomes: CaseOutcomes,
  { contents, reports }: TranslatorCaches,
): Snapshot {
  const { documents, files } = served.revision;
  return {
    site,
    tree: {
      documents: new Map([...documents].filter(([path]) => !path.startsWith('files/'))),
      files,
      diagnostics: [],
    },
    outcomes,
    contents: [...contents.entries()].flatMap(([key, content]) => (content.ok ? [[key, content] as const] : [])),
    reports: [...reports.entries()],
  };
}

/** What the apps are given: the same at every moment, whatever is served. */
function siteStateOf(live: () => Live | undefined): SiteState {
  const current = () => live()?.site.current;
  return {
    current() {
      const served = current()?.served;
      if (served === undefined) throw notReady();
      return served;
    },
    get ready() {
      return current() !== undefined;
    },
    get loadedAt() {
      return current()?.loadedAt;
    },
    get source() {
      return current()?.source;
    },
    get reports() {
      const { complete = false, reports = [] } = current()?.check ?? {};
      return { complete, items: reports };
    },
    get refusal() {
      return live()?.site.refusal;
    },
    get pending() {
      return live()?.site.pending ?? false;
    },
    get records() {
      return live()?.site.records ?? [];
    },
    find: (id) => live()?.site.find(id),
    reload: (options) => open(live()).site.reload(options),
  };
}

/**
 * Starts the service. The listeners open first and answer 503 until a revision is served, so that machines wait instead
 * of meeting a closed port. Throws {@link SiteFaults} when nothing can be served, and what finding butane does, after the
 * listeners are closed again.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  const version = await readVersion();
  const { operatorTokenFile } = config;
  const tokens = operatorTokenFile === undefined ? undefined : await openTokenFile(operatorTokenFile, logger);
  const metrics = createMetrics({ version, nodeVersion: process.versions.node });
  let live: Live | undefined;
  const site = siteStateOf(() => live);
  const renderer: Renderer = {
    recall: (served, request) => open(live).engine.renderer.recall(served, request),
    render: (served, request, options) => open(live).engine.renderer.render(served, request, options),
    renderInFull: (served, request) => open(live).engine.renderer.renderInFull(served, request),
  };
  const machine = await createMachineApp({
    site,
    renderer,
    version,
    metrics,
    logger: logger.child({ api: 'machine' }),
    onConnectionClosed: (reason) => metrics.observeConnectionClosed('machine', reason),
    trustedProxies: config.trustedProxies,
  });
  const operator = await createOperatorApp({
    site,
    renderer,
    version,
    metrics,
    logger: logger.child({ api: 'operator' }),
    onConnectionClosed: (reason) => metrics.observeConnectionClosed('operator', reason),
    ...(tokens === undefined ? {} : { tokens }),
  });
  metrics.watch({
    caches: () =>
      live && {
        contents: live.engine.caches.contents.statistics(),
        reports: live.engine.caches.reports.statistics(),
      },
    butane: () =>
      live && {
        ...live.engine.butane.load(),
        queueLimit: DEFAULT_BUTANE_LIMITS.maxQueued,
        version: live.engine.butane.identity.version,
      },
    revision: () => {
      const { current, refusal } = live?.site ?? {};
      return (
        current && {
          id: current.served.revision.id,
          source: current.source,
          servedAt: current.loadedAt,
          faults: current.check.reports.filter(({ diagnostic }) => diagnostic.severity === 'error').length,
          refused: refusal !== undefined,
        }
      );
    },
    connections: (api) => (api === 'machine' ? machine : operator).connections.count(),
  });
  const close = async () => {
    const drained = Promise.all([machine.close(), operator.close()]);
    // Whoever still waits for butane then is told to come again, and whoever does not read that is left.
    await Promise.race([drained, setTimeout(DRAIN_MS, undefined, { ref: false })]);
    await live?.engine.butane.close(0);
    await Promise.race([drained, setTimeout(FLUSH_MS, undefined, { ref: false })]);
    for (const app of [machine, operator]) app.server.closeAllConnections();
    await drained;
    await live?.close();
  };
  try {
    await listen(operator, config.operatorListen);
    await listen(machine, config.listen);
    live = await openLive(config, logger, metrics);
    if (isUnspecified(config.publicUrl))
      logger.warn({ publicUrl: config.publicUrl }, 'no machine can reach the public URL; set --public-url');
    const machineAddress = addressOf(machine);
    const operatorAddress = addressOf(operator);
    logger.info({ machineAddress, operatorAddress, publicUrl: config.publicUrl }, 'serving');
    const reload = async () => void (await live?.site.reload());
    return { machineAddress, operatorAddress, reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The listener's address stands in for a public URL, and a listener on every address has none. */
function isUnspecified(url: string): boolean {
  return /^(?:0\.0\.0\.0|\[::\])$/.test(new URL(url).hostname);
}

function open(live: Live | undefined): Live {
  if (live === undefined) throw notReady();
  return live;
}

type Listening = Awaited<ReturnType<typeof createMachineApp>>;

/** Connections that wait to be taken: a rack that is switched on asks at once. The system may allow fewer. */
const BACKLOG = 4096;

async function listen(app: Listening, { host, port }: Config['listen']): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = LISTEN_FAULTS[code] ?? (cause instanceof Error ? cause.message : 'unknown fault');
    throw new ProvisioningError('config-invalid', `cannot listen on ${formatListener({ host, port })}: ${reason}`, {
      cause,
    });
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already; choose another port with --listen or --operator-listen',
  EACCES: 'ports below 1024 need privileges',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
};

function addressOf(app: Listening): string {
  const address = app.server.address();
  return typeof address === 'object' && address !== null
    ? formatListener({ host: address.address, port: address.port })
    : String(address);
}

/** The OpenAPI documents of both APIs, as YAML. They need no site: the apps they are read from serve nothing. */
export async function describeApis(): Promise<{ readonly machine: string; readonly operator: string }> {
  const common = { ...NOTHING_SERVED, version: await readVersion(), logger: pino({ level: 'silent' }) };
  const apps = { machine: await createMachineApp(common), operator: await createOperatorApp(common) };
  await Promise.all([apps.machine.ready(), apps.operator.ready()]);
  const documents = { machine: openApiYaml(apps.machine), operator: openApiYaml(apps.operator) };
  await Promise.all([apps.machine.close(), apps.operator.close()]);
  return documents;
}

/** Writes texts into a directory, which is made when it does not exist. */
export async function writeDocuments(directory: string, documents: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(documents)) await writeFile(join(directory, name), text);
}
