import type { FastifySchemaValidationError } from 'fastify';
import { ProvisioningError } from '../errors.ts';

/** Where a route's schema looks, in words. */
const PLACES: Readonly<Record<string, string>> = {
  querystring: 'the query key',
  params: 'the path part',
  headers: 'the header',
  body: 'the body key',
};

/** A key that may be repeated in an answer: short, and nothing that could be anything but a name. */
const SHOWABLE = /^[\w.-]{1,64}$/;

/** The error for what a schema refuses: it names the key and what is expected there, and never what was given. */
export function refuseInvalid(faults: readonly FastifySchemaValidationError[], context: string): ProvisioningError {
  const [fault] = faults;
  const place = PLACES[context] ?? 'the key';
  if (fault === undefined) return new ProvisioningError('request-invalid', 'the request is malformed');
  return new ProvisioningError('request-invalid', describe(fault, place));
}

function describe(fault: FastifySchemaValidationError, place: string): string {
  const { keyword, params, instancePath, message = 'is not as expected' } = fault;
  const path = instancePath.split('/').slice(1).join('.');
  const name = (key: unknown) => (typeof key === 'string' && SHOWABLE.test(key) ? `${place} \`${key}\`` : place);
  if (keyword === 'additionalProperties') {
    const known = Object.keys(Object(schemaOf(fault).properties));
    const hint = known.length === 0 ? '' : `; known are ${known.join(', ')}`;
    return `${name(params.additionalProperty)} is not known here${hint}`;
  }
  if (keyword === 'required') return `${name(params.missingProperty)} is missing`;
  return `${name(path)} ${expectationOf(schemaOf(fault)) ?? message}`;
}

/** The schema that refused; Ajv tells it when it is verbose. */
function schemaOf(fault: object): Readonly<Record<string, unknown>> {
  const schema: unknown = 'parentSchema' in fault ? fault.parentSchema : undefined;
  return typeof schema === 'object' && schema !== null ? { ...schema } : {};
}

function expectationOf(schema: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(schema.enum)) return `must be one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `must be a whole number${rangeOf(schema)}`;
    case 'boolean':
      return 'must be true or false';
    case 'string':
      return typeof schema.maxLength === 'number'
        ? `must be one text of at most ${schema.maxLength} characters`
        : undefined;
    default:
      return undefined;
  }
}

function rangeOf({ minimum, maximum }: Readonly<Record<string, unknown>>): string {
  return typeof minimum === 'number' && typeof maximum === 'number' ? ` from ${minimum} to ${maximum}` : '';
}
