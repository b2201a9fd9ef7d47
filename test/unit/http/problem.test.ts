import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../../src/errors.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import { createProblem, PROBLEM_TYPE, ProblemSchema, toProvisioningError } from '../../../src/http/problem.ts';
import { PROBLEMS } from '../../../src/http/problems.ts';

/** What each code means to a machine: whether it stops, or waits and asks again. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'request-invalid': 400,
  'request-timeout': 503,
  'label-invalid': 400,
  'route-not-found': 404,
  'profile-not-found': 404,
  'group-not-found': 404,
  'machine-unknown': 404,
  'machine-waits': 503,
  'metadata-refused': 403,
  'metadata-token': 401,
  'document-not-found': 404,
  'parameter-missing': 404,
  'spec-not-acceptable': 406,
  unauthorized: 401,
  'revision-not-found': 404,
  'revision-refused': 409,
  'asset-not-found': 404,
  'asset-unreadable': 503,
  'range-not-satisfiable': 416,
  'precondition-failed': 412,
  'selection-ambiguous': 503,
  'profile-broken': 503,
  'boot-missing': 404,
  'boot-broken': 503,
  'site-invalid': 503,
  'not-ready': 503,
  'queue-full': 503,
  'render-timeout': 503,
  'butane-failed': 503,
  'butane-missing': 503,
  'config-invalid': 503,
  'pointer-too-large': 400,
  internal: 503,
};

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(STATUS, text);
}

const CODES = Object.keys(STATUS).filter(isCode);

describe('every error code', () => {
  for (const code of CODES) {
    test(`${code} is answered with ${STATUS[code]}`, () => {
      const problem = createProblem(new ProvisioningError(code, 'what is wrong'), 'request-1');
      assert.deepEqual(problem, {
        type: `/problems#${code}`,
        title: PROBLEMS[code].title,
        status: STATUS[code],
        code,
        detail: 'what is wrong',
        instance: 'request-1',
      });
      assert.notEqual(problem.title, '');
    });
  }

  test('has one row, and there are no others', () => assert.deepEqual(Object.keys(PROBLEMS).sort(), [...CODES].sort()));

  test('has a title of its own', () => {
    assert.equal(new Set(Object.values(PROBLEMS).map(({ title }) => title)).size, CODES.length);
  });

  test('is one that a machine does not mistake: never a success, a redirect, 429 or 500', () => {
    for (const { status, audience } of Object.values(PROBLEMS)) {
      // 401 and 403 are of metadata services; 412 and 416 are for who asks for a part of an asset, or under a condition.
      const known = audience === 'operator' ? [400, 401, 404, 409] : [400, 401, 403, 404, 406, 412, 416, 503];
      assert.ok(known.includes(status), String(status));
    }
  });

  test('is in the schema of a problem', () => {
    const listed: unknown = Reflect.get(ProblemSchema.properties.code, 'enum');
    assert.ok(Array.isArray(listed));
    assert.deepEqual(listed.map(String).sort(), [...CODES].sort());
    assert.equal(PROBLEM_TYPE, 'application/problem+json');
  });
});

describe('what was thrown becomes an error that the core knows:', () => {
  test('one of its own stays what it is', () => {
    const error = new ProvisioningError('queue-full', 'busy');
    assert.equal(toProvisioningError(error), error);
  });

  test('a fault of the request as the framework sees it is the client’s', () => {
    for (const statusCode of [400, 404, 413, 415, 431]) {
      const cause = Object.assign(new Error('Body s3cr3t is too large'), { statusCode });
      const error = toProvisioningError(cause);
      assert.deepEqual(
        [error.code, error.message, error.cause],
        ['request-invalid', 'the request is malformed', cause],
      );
    }
  });

  test('anything else is ours, and tells the client nothing', () => {
    const strange: readonly unknown[] = [
      new Error('s3cr3t'),
      Object.assign(new Error('s3cr3t'), { statusCode: 500 }),
      Object.assign(new Error('s3cr3t'), { statusCode: 302 }),
      Object.assign(new Error('s3cr3t'), { statusCode: 'x' }),
      's3cr3t',
      null,
      undefined,
      { statusCode: null },
    ];
    for (const cause of strange) {
      const error = toProvisioningError(cause);
      assert.equal(error.code, 'internal');
      assert.equal(error.cause, cause);
      assert.doesNotMatch(JSON.stringify(createProblem(error, 'id')), /s3cr3t/);
    }
  });
});
