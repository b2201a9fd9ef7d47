import swaggerUi from '@fastify/swagger-ui';
import { type Metrics, NO_METRICS } from '../metrics/metrics.ts';
import type { Renderer } from '../render/renderer.ts';
import type { App, AppOptions } from './app.ts';
import { createApp } from './app.ts';
import { answerConditionally } from './conditional.ts';
import type { MetadataKey } from './metadata-answers.ts';
import { describeApp, openApiDocument } from './openapi.ts';
import { guard, type OperatorTokens } from './operator-auth.ts';
import { countRequests } from './request-metrics.ts';
import { diffRoutes } from './routes/diff.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { pointerRoutes } from './routes/pointer.ts';
import { problemsRoutes } from './routes/problems.ts';
import { profileRoutes } from './routes/profiles.ts';
import { renderRoutes } from './routes/render.ts';
import { reportRoutes } from './routes/reports.ts';
import { revisionRoutes } from './routes/revision.ts';
import { selectRoutes } from './routes/select.ts';
import type { SiteState } from './site-state.ts';

/** What the operator API is made from. */
export interface OperatorAppOptions extends AppOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  readonly version: string;
  readonly metrics?: Metrics;
  /** The URL under which machines reach the service; absent when nobody knows it. */
  readonly serviceUrl?: string;
  /** The bearer tokens; without any the listener has to be on loopback. */
  readonly tokens?: OperatorTokens;
  /** Metadata services of clouds, of which the operator may know under which paths machines are known. */
  readonly metadata?: MetadataKey;
}

/** The operator API: what people and tools may ask. */
export async function createOperatorApp(options: OperatorAppOptions): Promise<App> {
  const { metrics = NO_METRICS } = options;
  const app = createApp({ ...options, requests: countRequests('operator', options) });
  guard(app, options.tokens);
  await describeApp(app, {
    title: 'pilotlight operator API',
    description: 'What people and tools may ask: what is served, for whom, why, and what is wrong with it.',
    version: options.version,
    bearer: true,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The page may be read over plain HTTP.
    transformStaticCSP: (header) => header.replace(/\s*upgrade-insecure-requests;?/, ''),
    transformSpecification: () => openApiDocument(app),
  });
  await app.register(async (scope: App) => {
    healthRoutes(scope, options);
    problemsRoutes(scope);
    metricsRoutes(scope, { metrics });
  });
  await app.register(async (scope: App) => {
    await answerConditionally(scope);
    revisionRoutes(scope, options);
    diffRoutes(scope, options);
    profileRoutes(scope, options);
    renderRoutes(scope, options);
    pointerRoutes(scope, options);
    groupRoutes(scope, options);
    selectRoutes(scope, options);
    reportRoutes(scope, options);
    scope.get('/openapi.json', { schema: { hide: true } }, async () => openApiDocument(app));
  });
  return app;
}
