import { FEATURES } from '../feature/features.ts';
import type { DefinitionKind } from './definition.ts';
import { DEFINITION_SCHEMAS } from './definition.ts';

/** Draft 7 is what all editors read; none of the keywords has another meaning in 2020-12. */
const DIALECT = 'http://json-schema.org/draft-07/schema#';

/** A template: what it gives is only known once a machine asks. */
const DEFINITIONS = { template: { type: 'string', pattern: '\\{\\{|\\{%' } };
const TEMPLATE = { $ref: '#/definitions/template' };

type Schema = Readonly<Record<string, unknown>>;

/**
 * JSON Schemas of the definitions for editors, which know neither the parameters nor pilotlight: features have their
 * blocks, and wherever a block may hold a template it is taken for right. They refuse nothing that pilotlight takes.
 */
export function editorSchemas(): Readonly<Record<DefinitionKind, object>> {
  const { profile, group, site } = DEFINITION_SCHEMAS;
  const blocks = FEATURES.map(({ name, summary, schema }) => [name, block(summary, schema)]);
  return {
    profile: {
      ...head('A composed profile of pilotlight'),
      definitions: DEFINITIONS,
      ...profile,
      properties: {
        ...profile.properties,
        features: { ...profile.properties.features, properties: Object.fromEntries(blocks) },
      },
    },
    group: {
      ...head('A group of pilotlight'),
      ...group,
      properties: { ...group.properties, match: { ...group.properties.match, additionalProperties: LABEL } },
    },
    site: { ...head('The settings of a site of pilotlight'), ...site },
  };
}

/** Labels are texts as they are written, so that a number, to an editor, is one too. */
const LABEL = {
  type: ['string', 'number', 'boolean', 'array'],
  minLength: 1,
  minItems: 1,
  items: { type: ['string', 'number', 'boolean'], minLength: 1 },
};

function head(title: string): Schema {
  return { $schema: DIALECT, title };
}

/** A feature without settings is named without a value. */
function block(summary: string, schema: object): Schema {
  return { description: summary, anyOf: [withTemplates(schema), { type: 'null' }] };
}

/** The same schema, where a text with a template may stand for any value below it. */
function withTemplates(schema: object): Schema {
  const opened: Record<string, unknown> = { ...schema };
  const { properties, items } = opened;
  if (isSchema(properties)) {
    opened.properties = Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, orTemplate(inner)]));
  }
  if (items !== undefined) opened.items = orTemplate(items);
  return opened;
}

function orTemplate(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  const { description, ...rest } = withTemplates(schema);
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, TEMPLATE] };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
