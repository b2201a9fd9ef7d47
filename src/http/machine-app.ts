import type { AssetFolder } from '../assets/asset-folder.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Renderer } from '../render/renderer.ts';
import type { App, AppOptions } from './app.ts';
import { createApp } from './app.ts';
import { describeApp } from './openapi.ts';
import { countRequests } from './request-metrics.ts';
import { assetRoutes } from './routes/assets.ts';
import { bootRoutes } from './routes/boot.ts';
import { ignitionRoutes } from './routes/ignition.ts';
import { livenessRoutes } from './routes/liveness.ts';
import { problemsRoutes } from './routes/problems.ts';
import type { SiteState } from './site-state.ts';

/** What the machine API is made from. */
export interface MachineAppOptions extends AppOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  readonly version: string;
  readonly assets: AssetFolder;
  readonly metrics?: Metrics;
  /** The URL under which machines reach the service; absent when nobody knows it. */
  readonly serviceUrl?: string;
}

/** Machines that ask at the same time; far more than boot at once behind one switch. */
const MAX_CONNECTIONS = 4096;

/** The machine API: what booting machines may ask. */
export async function createMachineApp(options: MachineAppOptions): Promise<App> {
  const app = createApp({
    ...options,
    connections: { max: MAX_CONNECTIONS, ...options.connections },
    requests: countRequests('machine', options),
  });
  await describeApp(app, {
    title: 'pilotlight machine API',
    description:
      'What booting machines ask. 4xx means stop, 503 means ask again, and a 200 is always a whole config, or a script that a boot loader can run.',
    version: options.version,
  });
  await app.register(async (scope: App) => {
    livenessRoutes(scope);
    problemsRoutes(scope);
    ignitionRoutes(scope, options);
    bootRoutes(scope, options);
    assetRoutes(scope, options);
  });
  return app;
}
