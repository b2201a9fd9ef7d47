import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createAssetFolder } from '../assets/asset-folder.ts';
import { DEFAULT_BUTANE_LIMITS } from '../butane/limits-process.ts';
import type { Config } from '../config.ts';
import { formatListener } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { createMachineApp } from '../http/machine-app.ts';
import { createOperatorApp } from '../http/operator-app.ts';
import { openTokenFile } from '../http/operator-token-file.ts';
import { replaceCertificate } from '../http/tls-server-process.ts';
import { readMetadataKey } from '../metadata/key-file.ts';
import { createNeighbours } from '../metadata/neighbours-process.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Renderer } from '../render/renderer.ts';
import { recogniseFormat } from '../site/site-format-file.ts';
import { followCertificate, readCertificate } from './certificate-file.ts';
import { leadsNowhere } from './engine-process.ts';
import { type Live, opened, openLive, siteStateOf } from './live-service.ts';
import { readVersion } from './package-file.ts';

/** A stop lets requests that are under way finish for so long, and their answers reach their readers for so long. */
const DRAIN_MS = 6000;
const FLUSH_MS = 500;

/** A running service. */
export interface Service {
  /** Where machines reach it: host and port as bound. */
  readonly machineAddress: string;
  readonly operatorAddress: string;
  /** Reads the site, see `LiveSite.reload`, and the certificate again. */
  reload(): Promise<void>;
  /** Stops taking requests, answers those under way, and ends. */
  close(): Promise<void>;
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
    recall: (served, request) => opened(live).engine.renderer.recall(served, request),
    render: (served, request, options) => opened(live).engine.renderer.render(served, request, options),
    renderInFull: (served, request) => opened(live).engine.renderer.renderInFull(served, request),
    boot: (served, request) => opened(live).engine.renderer.boot(served, request),
  };
  const assets =
    config.assets === '' ? undefined : createAssetFolder(config.assets, (digest) => logger.info(digest, 'asset'));
  const format = config.siteFormat === 'auto' ? await recogniseFormat(config.site) : config.siteFormat;
  if (format === 'matchbox' && config.metadata.length > 0) {
    logger.warn({ dialects: config.metadata }, 'a data directory of matchbox has no metadata services');
  }
  const metadata = { dialects: config.metadata, key: await readMetadataKey(config.metadataKeyFile) };
  const onFault = (family: string, fault: unknown) =>
    logger.warn(
      { family, fault: fault instanceof Error ? fault.message : fault },
      'the table of neighbours cannot be read',
    );
  const tls = config.tls && (await readCertificate(config.tls));
  const machine = await createMachineApp({
    site,
    format,
    ...(assets === undefined ? {} : { assets }),
    metadata: {
      ...metadata,
      now: () => Date.now() / 1000,
      ...(config.neighbourTable ? { neighbours: createNeighbours({ now: () => performance.now(), onFault }) } : {}),
    },
    ...(tls === undefined ? {} : { tls }),
    renderer,
    version,
    metrics,
    ...(leadsNowhere(config.publicUrl) ? {} : { serviceUrl: config.publicUrl }),
    logger: logger.child({ api: 'machine' }),
    onConnectionClosed: (reason) => metrics.observeConnectionClosed('machine', reason),
    trustedProxies: config.trustedProxies,
  });
  const operator = await createOperatorApp({
    site,
    renderer,
    version,
    metrics,
    ...(leadsNowhere(config.publicUrl) ? {} : { serviceUrl: config.publicUrl }),
    logger: logger.child({ api: 'operator' }),
    onConnectionClosed: (reason) => metrics.observeConnectionClosed('operator', reason),
    ...(tokens === undefined ? {} : { tokens }),
    ...(format === 'pilotlight' ? { metadata } : {}),
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
  const certificate =
    config.tls &&
    tls &&
    followCertificate(config.tls, tls, { logger, use: (next) => replaceCertificate(machine.server, next) });
  const close = async () => {
    certificate?.stop();
    const drained = Promise.all([machine.close(), operator.close()]);
    // Whoever still waits for butane then is told to come again, and whoever does not read that is left.
    await Promise.race([drained, setTimeout(DRAIN_MS, undefined, { ref: false })]);
    await live?.engine.butane.close(0);
    await Promise.race([drained, setTimeout(FLUSH_MS, undefined, { ref: false })]);
    for (const app of [machine, operator]) app.server.closeAllConnections();
    await drained;
    await assets?.close();
    await live?.close();
  };
  try {
    await listen(operator, config.operatorListen);
    await listen(machine, config.listen);
    live = await openLive({ ...config, format }, { logger, metrics, concurrency: availableParallelism() });
    if (format === 'pilotlight' && leadsNowhere(config.publicUrl))
      logger.warn({ publicUrl: config.publicUrl }, 'no machine can reach the public URL; set --public-url');
    const machineAddress = addressOf(machine);
    const operatorAddress = addressOf(operator);
    logger.info({ machineAddress, operatorAddress, publicUrl: config.publicUrl }, 'serving');
    const reload = async () => void (await Promise.all([live?.site.reload(), certificate?.look()]));
    return { machineAddress, operatorAddress, reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Listening = Awaited<ReturnType<typeof createMachineApp>>;

/** Connections that wait to be taken: a rack that is switched on asks at once. The system may allow fewer. */
const BACKLOG = 4096;

async function listen(app: Listening, { host, port }: Config['listen']): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const faults = host.includes('%') ? { ...LISTEN_FAULTS, ...LINK_LOCAL_FAULTS } : LISTEN_FAULTS;
    const reason = faults[code] ?? (cause instanceof Error ? cause.message : 'unknown fault');
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

/** An address with an interface that Node.js does not take for one is looked up as a name would be. */
const LINK_LOCAL_FAULTS: Readonly<Record<string, string>> = {
  EINVAL: 'no interface has the name behind %, or it is down; "ip link" lists them',
  ENOTFOUND:
    'Node.js takes only letters, digits, dots and dashes in the name of an interface; give it another with "ip link property add dev NAME altname OTHER"',
};

function addressOf(app: Listening): string {
  const address = app.server.address();
  return typeof address === 'object' && address !== null
    ? formatListener({ host: address.address, port: address.port })
    : String(address);
}
