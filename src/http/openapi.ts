import swagger from '@fastify/swagger';
import { stringify } from 'yaml';
import type { App } from './app.ts';
import { FREE_LABELS } from './routes/labels.ts';
import { problemResponse } from './routes/schemas.ts';

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
  });
}

type JsonObject = { readonly [key: string]: unknown };

/** The OpenAPI document of a ready app. */
export function openApiDocument(app: App): JsonObject {
  const described: unknown = JSON.parse(JSON.stringify(app.swagger()));
  if (!isObject(described)) return {};
  const schemas: Record<string, unknown> = {};
  const { paths, components, ...rest } = described;
  const shared = shareSchemas(mapOperations(paths, isObject(rest) && 'security' in rest), schemas);
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...rest, paths: shared, components: { ...(isObject(components) ? components : {}), schemas: sorted } };
}

/** The OpenAPI document of a ready app, as YAML. */
export function openApiYaml(app: App): string {
  return stringify(openApiDocument(app), { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Adds what the routes' schemas cannot say: labels of any name, the refusal without a token, what a success is, and what
 * who has it already gets.
 */
function mapOperations(paths: unknown, secured: boolean): JsonObject {
  return mapValues(paths, (methods) =>
    mapValues(methods, (operation) => {
      if (!isObject(operation)) return operation;
      const { parameters, responses, security } = operation;
      const labelled = Array.isArray(parameters) && parameters.some((each) => isObject(each) && each.name === 'mac');
      const guarded = secured && security === undefined;
      const refused = guarded ? { 401: problemResponse('The bearer token is missing or wrong') } : {};
      const unchanged = guarded && isObject(responses) && isJson(responses[200]) ? { 304: UNCHANGED } : {};
      const described = mapValues(responses, (response) =>
        isObject(response) && response.description === NO_DESCRIPTION
          ? { ...response, description: operation.summary }
          : response,
      );
      return {
        ...operation,
        ...(labelled ? { parameters: [...parameters, FREE_LABELS_PARAMETER] } : {}),
        responses: { 400: UNREADABLE, ...described, ...unchanged, ...refused },
      };
    }),
  );
}

/** What the generator writes when a schema has no description. */
const NO_DESCRIPTION = 'Default Response';

const UNCHANGED = { description: 'Still what the client has, by the ETag in its If-None-Match' };

function isJson(response: unknown): boolean {
  return isObject(response) && isObject(response.content) && 'application/json' in response.content;
}

/** Every route refuses a query that is not percent-encoded text. */
const UNREADABLE = problemResponse('The request cannot be understood');

const FREE_LABELS_PARAMETER = {
  in: 'query',
  name: 'labels',
  description: 'Any other key is a free label',
  required: false,
  style: 'form',
  explode: true,
  schema: { type: 'object', ...FREE_LABELS },
};

/** Moves every schema with a title to the components, so that each is written once. */
function shareSchemas(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => shareSchemas(item, schemas));
  if (!isObject(value)) return value;
  const inner = mapValues(value, (each) => shareSchemas(each, schemas));
  const { title } = inner;
  if (inner.type !== 'object' || typeof title !== 'string') return inner;
  schemas[title] = inner;
  return { $ref: `#/components/schemas/${title}` };
}

function mapValues(value: unknown, change: (inner: unknown) => unknown): JsonObject {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
