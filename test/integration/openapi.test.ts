import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { pino } from 'pino';
import { parse } from 'yaml';
import { createMachineApp } from '../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createOperatorApp } from '../../src/http/operator-app.ts';
import { describeApis } from '../../src/service/openapi-file.ts';
import { routesOf } from '../support/routes.ts';

const options = { ...NOTHING_SERVED, version: '0.0.0', logger: pino({ level: 'silent' }) };

/** What carries no description: the pages of the documentation itself, and the document. */
const UNDESCRIBED = /^\/(?:docs|openapi\.json)/;

const isDescribed = (method: string) => method !== 'HEAD';

/** Each app, and which of its methods are described: a data directory of matchbox is read by any, as by GET. */
const APPS = {
  machine: { create: () => createMachineApp(options), isDescribed },
  matchbox: {
    create: () => createMachineApp({ ...options, format: 'matchbox' }),
    isDescribed: (method: string) => method === 'GET',
  },
  operator: { create: () => createOperatorApp(options), isDescribed },
} as const;

for (const api of ['machine', 'matchbox', 'operator'] as const) {
  test(`openapi/${api}.yaml is what the routes say: npm run openapi writes it anew`, async () => {
    assert.equal(await readFile(`openapi/${api}.yaml`, 'utf8'), (await describeApis())[api]);
  });

  test(`openapi/${api}.yaml is valid OpenAPI 3.1`, async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(await readFile(`openapi/${api}.yaml`, 'utf8'));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, '3.1');
  });

  test(`openapi/${api}.yaml describes every route, with an id and a summary of its own`, async () => {
    const { create, isDescribed } = APPS[api];
    const app = await create();
    await app.ready();
    const { paths } = parse(await readFile(`openapi/${api}.yaml`, 'utf8'));
    const routes = routesOf(app).filter(({ method, path }) => isDescribed(method) && !UNDESCRIBED.test(path));
    assert.ok(routes.length >= 3);
    const ids = new Set<string>();
    for (const { method, path } of routes) {
      const operation = paths[path.replace(/:(\w+)/g, '{$1}').replace('*', '{*}')]?.[method.toLowerCase()];
      assert.ok(operation, `${method} ${path} is not described`);
      assert.match(operation.operationId, /^[a-z][A-Za-z]+$/);
      assert.ok(operation.summary.length > 0);
      assert.ok(!ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
    }
    await app.close();
  });
}
