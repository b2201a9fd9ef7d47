import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { refuseInvalid } from '../../../src/http/refuse-invalid.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 1000 },
    count: { type: 'integer' },
    broken: { type: 'boolean' },
    kind: { type: 'string', enum: ['butane', 'ignition'] },
    profile: { type: 'string', maxLength: 4 },
    name: { type: 'string', pattern: '^[a-z]+$' },
  },
  required: ['name'],
  additionalProperties: false,
};

/** What the refusal of a query says. */
function refusalOf(query: Readonly<Record<string, unknown>>, verbose = true, context = 'querystring'): string {
  const validate = new Ajv2020({ coerceTypes: true, verbose }).compile(SCHEMA);
  assert.equal(validate({ ...query }), false);
  const faults = (validate.errors ?? []).map(({ message = '', ...rest }) => ({ ...rest, message }));
  const { code, message } = refuseInvalid(faults, context);
  assert.equal(code, 'request-invalid');
  return message;
}

describe('the refusal of a query', () => {
  const cases: readonly (readonly [query: Readonly<Record<string, unknown>>, says: string])[] = [
    [{ name: 'a', limit: 's3cr3t' }, 'the query key `limit` must be a whole number from 1 to 1000'],
    [{ name: 'a', limit: '70000' }, 'the query key `limit` must be a whole number from 1 to 1000'],
    [{ name: 'a', count: 's3cr3t' }, 'the query key `count` must be a whole number'],
    [{ name: 'a', broken: 's3cr3t' }, 'the query key `broken` must be true or false'],
    [{ name: 'a', kind: 's3cr3t' }, 'the query key `kind` must be one of butane, ignition'],
    [{ name: 'a', profile: 's3cr3t' }, 'the query key `profile` must be one text of at most 4 characters'],
    [{ name: 'a', profile: ['s3', 'cr'] }, 'the query key `profile` must be one text of at most 4 characters'],
    [{ name: 'S3CR3T' }, 'the query key `name` must match pattern "^[a-z]+$"'],
    [{}, 'the query key `name` is missing'],
    [
      { name: 'a', page: 's3cr3t' },
      'the query key `page` is not known here; known are limit, count, broken, kind, profile, name',
    ],
    [
      { name: 'a', 'no name <at> all': 's3cr3t' },
      'the query key is not known here; known are limit, count, broken, kind, profile, name',
    ],
  ];
  for (const [query, says] of cases) {
    test(`says: ${says}`, () => {
      const message = refusalOf(query);
      assert.equal(message, says);
      assert.doesNotMatch(message, /s3/i);
    });
  }

  test('names the key also when the schema is not at hand', () => {
    assert.equal(refusalOf({ name: 'a', limit: '0' }, false), 'the query key `limit` must be >= 1');
    assert.equal(refusalOf({ name: 'a', page: '0' }, false), 'the query key `page` is not known here');
  });

  test('says where the key stands', () => {
    assert.equal(refusalOf({}, true, 'body'), 'the body key `name` is missing');
    assert.equal(refusalOf({}, true, 'somewhere'), 'the key `name` is missing');
    assert.equal(refuseInvalid([], 'body').message, 'the request is malformed');
  });
});
