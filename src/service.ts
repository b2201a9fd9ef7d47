import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import type { Butane } from './butane/butane.ts';
import { DEFAULT_BUTANE_LIMITS, openButane } from './butane/butane-process.ts';
import { findButane } from './butane/find-butane-process.ts';
import type { Config } from './config.ts';
import { formatListener } from './config.ts';
import type { Diagnostic } from './diagnostic.ts';
import { ProvisioningError } from './errors.ts';
import { createMachineApp } from './http/machine-app.ts';
import { NOTHING_SERVED } from './http/nothing-served.ts';
import { openApiYaml } from './http/openapi.ts';
import { createOperatorApp } from './http/operator-app.ts';
import { openTokenFile } from './http/operator-token-file.ts';
import type { SiteReport, SiteState } from './http/site-state.ts';
import { notReady } from './http/site-state.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { CheckResult } from './render/check.ts';
import { checkSite } from './render/check.ts';
import type { Renderer } from './render/renderer.ts';
import { createRenderer } from './render/renderer.ts';
import type { Served } from './render/served.ts';
import { createTranslator } from './render/translate.ts';
import { copyFiles } from './site/files-copy-file.ts';
import { parseSite } from './site/load.ts';
import type { Revision } from './site/revision.ts';
import { readSite } from './site/site-file.ts';

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

/** A loaded site with everything that renders it; what commands work with when no service is needed. */
export interface Workshop {
  readonly butane: Butane;
  readonly served: Served;
  readonly renderer: Renderer;
  /** The state directory could not be used for the copy of files/. */
  readonly stateFallback: boolean;
  close(): Promise<void>;
}

/** What a workshop is opened with; without a state directory it leaves nothing behind. */
export interface WorkshopOptions {
  readonly site: string;
  readonly butane?: string;
  readonly publicUrl: string;
  readonly stateDir?: string;
  /** Many translations are to come, by a process whose memory grows. */
  readonly longLived?: boolean;
}

/** A site with faults of the whole: what was found, and the text of its documents for code frames. */
export class SiteFaults extends ProvisioningError {
  readonly documents: ReadonlyMap<string, Buffer>;
  constructor(diagnostics: readonly Diagnostic[], documents: ReadonlyMap<string, Buffer>) {
    super('site-invalid', 'the site has faults that concern all of it', { diagnostics });
    this.documents = documents;
  }
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

async function findAndOpenButane(explicit: string | undefined, helper: boolean): Promise<Butane> {
  const built = join(findPackage(), '.tools/bin/butane');
  const path = await findButane({
    ...(explicit === undefined ? {} : { explicit }),
    built,
    searchPath: process.env.PATH,
  });
  return openButane(path, { helper });
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
  const butane = await findAndOpenButane(options.butane, options.longLived ?? false);
  const files = await copyFiles(revision.files, options.stateDir);
  const translator = createTranslator(butane, CACHE_BYTES);
  const renderer = createRenderer({
    translator,
    now: () => performance.now(),
    ...(isUnspecified(options.publicUrl) ? {} : { serviceUrl: options.publicUrl }),
  });
  return {
    butane,
    served: Object.freeze({ revision, filesDir: files.directory }),
    renderer,
    stateFallback: files.fallback,
    async close() {
      await butane.close();
      await files.remove();
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
  /** Stops taking requests, answers those under way, and ends. */
  close(): Promise<void>;
}

/**
 * Starts the service. The listeners open first and answer 503 until the site is read, so that machines wait instead of
 * meeting a closed port. Throws what {@link openWorkshop} throws, after the listeners are closed again.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  const version = await readVersion();
  const { operatorTokenFile } = config;
  const tokens = operatorTokenFile === undefined ? undefined : await openTokenFile(operatorTokenFile, logger);
  const metrics = createMetrics({ version, nodeVersion: process.versions.node });
  let workshop: Workshop | undefined;
  let loadedAt: Date | undefined;
  let reports: { complete: boolean; items: readonly SiteReport[] } = { complete: false, items: [] };
  const site: SiteState = {
    current() {
      if (workshop === undefined) throw notReady();
      return workshop.served;
    },
    get ready() {
      return workshop !== undefined;
    },
    get loadedAt() {
      return loadedAt;
    },
    get reports() {
      return reports;
    },
  };
  const renderer: Renderer = {
    recall: (served, request) => open(workshop).renderer.recall(served, request),
    render: (served, request) => open(workshop).renderer.render(served, request),
    renderInFull: (served, request) => open(workshop).renderer.renderInFull(served, request),
    statistics: () => open(workshop).renderer.statistics(),
  };
  const machine = await createMachineApp({
    site,
    renderer,
    version,
    metrics,
    logger: logger.child({ api: 'machine' }),
    trustedProxies: config.trustedProxies,
  });
  const operator = await createOperatorApp({
    site,
    renderer,
    version,
    metrics,
    logger: logger.child({ api: 'operator' }),
    ...(tokens === undefined ? {} : { tokens }),
  });
  metrics.watch({
    caches: () => workshop && { contents: { ...workshop.renderer.statistics(), maxBytes: CACHE_BYTES } },
    butane: () =>
      workshop && {
        ...workshop.butane.load(),
        queueLimit: DEFAULT_BUTANE_LIMITS.maxQueued,
        version: workshop.butane.identity.version,
      },
    revision: () =>
      workshop &&
      loadedAt && {
        id: workshop.served.revision.id,
        source: 'site',
        servedAt: loadedAt,
        faults: reports.items.filter(({ diagnostic }) => diagnostic.severity === 'error').length,
        refused: false,
      },
    connections: (api) => countConnections(api === 'machine' ? machine : operator),
  });
  const stop = new AbortController();
  let checking: Promise<void> = Promise.resolve();
  const close = async () => {
    stop.abort();
    const drained = Promise.all([machine.close(), operator.close()]);
    // Whoever still waits for butane then is told to come again, and whoever does not read that is left.
    await Promise.race([drained, setTimeout(DRAIN_MS, undefined, { ref: false })]);
    await workshop?.butane.close(0);
    await Promise.race([drained, setTimeout(FLUSH_MS, undefined, { ref: false })]);
    for (const app of [machine, operator]) app.server.closeAllConnections();
    await drained;
    await workshop?.close();
    await checking.catch(() => undefined);
  };
  try {
    await listen(operator, config.operatorListen);
    await listen(machine, config.listen);
    const opened = await openWorkshop({ ...config, longLived: true });
    workshop = opened;
    loadedAt = new Date();
    const { revision } = opened.served;
    const { identity } = opened.butane;
    logger.info({ butane: identity.path, butaneVersion: identity.version, butaneSha256: identity.sha256 }, 'butane');
    if (opened.stateFallback)
      logger.warn({ stateDir: config.stateDir }, 'the state directory cannot be written; using a temporary one');
    if (isUnspecified(config.publicUrl))
      logger.warn({ publicUrl: config.publicUrl }, 'no machine can reach the public URL; set --public-url');
    const machineAddress = addressOf(machine);
    const operatorAddress = addressOf(operator);
    logger.info(
      {
        revision: revision.id,
        profiles: revision.profiles.size,
        groups: revision.groups.size,
        machineAddress,
        operatorAddress,
        publicUrl: config.publicUrl,
      },
      'serving',
    );
    checking = checkSite(opened.served, opened.renderer, { signal: stop.signal }).then((checked) => {
      if (stop.signal.aborted) return;
      reports = { complete: checked.complete, items: checked.reports };
      logReports(checked, logger);
    });
    checking.catch((error: unknown) => {
      if (!stop.signal.aborted) logger.error({ err: error }, 'the check of the site failed');
    });
    return { machineAddress, operatorAddress, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The listener's address stands in for a public URL, and a listener on every address has none. */
function isUnspecified(url: string): boolean {
  return /^(?:0\.0\.0\.0|\[::\])$/.test(new URL(url).hostname);
}

function open(workshop: Workshop | undefined): Workshop {
  if (workshop === undefined) throw notReady();
  return workshop;
}

type Listening = Awaited<ReturnType<typeof createMachineApp>>;

async function listen(app: Listening, { host, port }: Config['listen']): Promise<void> {
  try {
    await app.listen({ host, port });
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

function logReports({ complete, reports, unanswered }: CheckResult, logger: Logger): void {
  const errors = reports.filter((report) => report.diagnostic.severity === 'error');
  for (const { profile, group, diagnostic } of errors.slice(0, 100)) {
    const { code, path, origin } = diagnostic;
    const at = origin === undefined ? undefined : `${origin.file}:${origin.line}:${origin.column}`;
    logger.error({ profile, group, code, path, at }, 'the site has a fault');
  }
  const level = complete ? 'info' : 'warn';
  const counts = { reports: reports.length, errors: errors.length, unanswered: unanswered.length };
  logger[level]({ complete, ...counts }, 'the site was checked');
}

function countConnections({ server }: Listening): Promise<number> {
  return new Promise((fulfil, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : fulfil(count)));
  });
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
