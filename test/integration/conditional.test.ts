import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, siteChecked, startTestService } from '../support/service.ts';
import { EXAMPLE_SITE } from '../support/site.ts';

const READS = [
  '/v1/revision',
  '/v1/profiles',
  '/v1/profiles/worker',
  '/v1/profiles/overlaybd/render',
  '/v1/groups?limit=2',
  '/v1/groups/node1',
  '/v1/select?rack=r7',
  '/v1/reports',
  '/openapi.json',
];

test('Who has an answer of the operator API already', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  await siteChecked(service);

  for (const path of READS) {
    await t.test(`is told that ${path} is still so`, async () => {
      const first = await ask(service.operator, path);
      const { etag = '' } = first.headers;
      assert.match(etag, /^"\S{20,}"$/);
      const keeps = path.endsWith('/render') ? 'private, no-store' : 'private, no-cache';
      assert.equal(first.headers['cache-control'], keeps);
      const second = await ask(service.operator, path, { headers: { 'If-None-Match': etag } });
      assert.deepEqual([second.status, second.body.length, second.headers.etag], [304, 0, etag]);
      assert.equal(second.headers['cache-control'], keeps);
      const head = await ask(service.operator, path, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.etag], [200, etag]);
      const other = await ask(service.operator, path, { headers: { 'If-None-Match': '"something else"' } });
      assert.deepEqual([other.status, other.body], [200, first.body]);
    });
  }

  await t.test('gets another answer when it asks for something else', async () => {
    const { etag = '' } = (await ask(service.operator, '/v1/groups?limit=2')).headers;
    const other = await ask(service.operator, '/v1/groups?limit=3', { headers: { 'If-None-Match': etag } });
    assert.equal(other.status, 200);
  });

  await t.test('gets every error, and every sign of life, in full', async () => {
    for (const path of ['/v1/profiles/nowhere', '/v1/profiles?limit=0', '/nowhere']) {
      const { headers } = await ask(service.operator, path, { headers: { 'If-None-Match': '*' } });
      assert.deepEqual([headers.etag, headers['cache-control']], [undefined, 'no-store'], path);
    }
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      assert.equal((await ask(service.operator, path)).headers.etag, undefined, path);
    }
  });

  await t.test('makes no difference to a machine', async () => {
    const { etag = '' } = (await ask(service.machine, '/ignition/overlaybd')).headers;
    assert.match(etag, /^"sha512-/);
    const again = await ask(service.machine, '/ignition/overlaybd', { headers: { 'If-None-Match': etag } });
    assert.equal(again.status, 200);
    assert.ok(again.body.length > 0);
  });
});
