import swagger from '@fastify/swagger';
import { stringify } from 'yaml';
import type { App } from './app.ts';

/** What a document says about itself. */
export interface OpenApiInfo {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Routes may demand a bearer token. */
  readonly bearer?: boolean;
}

/** Makes an app describe its routes; has to come before the routes. */
export async function describeApp(app: App, info: OpenApiInfo): Promise<void> {
  const { title, description, version } = info;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      ...(info.bearer
        ? { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }, security: [{ token: [] }] }
        : {}),
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id : `schema-${index}`,
    },
  });
}

/** The OpenAPI document of a ready app, as YAML. */
export function openApiYaml(app: App): string {
  return stringify(JSON.parse(JSON.stringify(app.swagger())), { lineWidth: 0, aliasDuplicateObjects: false });
}
