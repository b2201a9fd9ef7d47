import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AssetFolder } from '../assets/asset-folder.ts';
import type { ProvisioningError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Renderer } from '../render/renderer.ts';
import type { SiteFormat } from '../site/revision.ts';
import type { App, AppOptions } from './app.ts';
import { createApp, noteFault, sendProblem } from './app.ts';
import { createDelivery } from './delivery.ts';
import type { MetadataService } from './metadata-answers.ts';
import { createMetadataAnswers } from './metadata-answers.ts';
import { describeApp } from './openapi.ts';
import { countRequests } from './request-metrics.ts';
import { assetRoutes } from './routes/assets.ts';
import { bootRoutes } from './routes/boot.ts';
import { ignitionOfProfileRoute, ignitionRoutes } from './routes/ignition.ts';
import { livenessRoutes } from './routes/liveness.ts';
import { cleanPath, matchboxRoutes, sendNotFound } from './routes/matchbox.ts';
import { problemsRoutes } from './routes/problems.ts';
import type { SiteState } from './site-state.ts';

/** What the machine API is made from. */
export interface MachineAppOptions extends AppOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  /** Of the site, and so of the paths: its own ones unless told otherwise. */
  readonly format?: SiteFormat;
  readonly version: string;
  /** Without them nothing is served below /assets/. */
  readonly assets?: AssetFolder;
  readonly metrics?: Metrics;
  /** Metadata services of clouds, where any is turned on. */
  readonly metadata?: MetadataService;
  /** The URL under which machines reach the service; absent when nobody knows it. */
  readonly serviceUrl?: string;
}

/** Machines that ask at the same time; far more than boot at once behind one switch. */
const MAX_CONNECTIONS = 4096;

/** The machine API: what booting machines may ask. */
export async function createMachineApp(options: MachineAppOptions): Promise<App> {
  const { format = 'pilotlight', version } = options;
  const app = createApp({
    ...options,
    onUnknownPath: createUnknownPath(options),
    connections: { max: MAX_CONNECTIONS, ...options.connections },
    requests: countRequests('machine', options),
  });
  // No route reads a body but for reports of machines, some of which send none and say that it is JSON.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await describeApp(app, { title: TITLES[format], description: DESCRIPTION, version });
  const deliver = createDelivery({ ...options, format });
  if (format === 'matchbox') await app.register(async (scope: App) => matchboxRoutes(scope, { ...options, deliver }));
  await app.register(async (scope: App) => {
    problemsRoutes(scope);
    if (options.assets !== undefined) assetRoutes(scope, { ...options, assets: options.assets });
    if (format === 'matchbox') return ignitionOfProfileRoute(scope, deliver);
    livenessRoutes(scope);
    ignitionRoutes(scope, deliver);
    bootRoutes(scope, options);
  });
  return app;
}

const TITLES: Readonly<Record<SiteFormat, string>> = {
  pilotlight: 'pilotlight machine API',
  matchbox: 'pilotlight machine API, for a data directory of matchbox',
};

const DESCRIPTION =
  'What booting machines ask. 4xx means stop, 503 means ask again, and a 200 is always a whole config, or a script that a boot loader can run.';

/** What is no route may be a path of a cloud's metadata service. */
function createUnknownPath(options: MachineAppOptions): NonNullable<AppOptions['onUnknownPath']> {
  const { format = 'pilotlight', metadata } = options;
  const last = format === 'matchbox' ? answerUnknownPath : sendProblem;
  if (metadata === undefined || format === 'matchbox') return last;
  const answer = createMetadataAnswers({ ...options, metadata });
  return async (error, request, reply) => {
    if (!(await answer(request, reply))) last(error, request, reply);
    return reply;
  };
}

/** As with matchbox a path that is not clean leads to the one that is, since `http://host//ignition` stands in many a URL. */
function answerUnknownPath(error: ProvisioningError, request: FastifyRequest, reply: FastifyReply): void {
  const [path = '', ...query] = request.url.split('?');
  const clean = cleanPath(path);
  noteFault(error, request);
  if (clean === undefined) sendNotFound(reply);
  else reply.redirect([clean, ...query].join('?'), 301);
}
