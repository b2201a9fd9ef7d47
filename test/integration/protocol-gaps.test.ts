import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, askRaw, startTestService } from '../support/service.ts';
import { EXAMPLE_SITE } from '../support/site.ts';

/** A request as it goes over the wire. */
const request = (path: string, ...headers: readonly string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

const statuses = (text: string) => [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));

test('What Node.js would answer by itself is answered as everything else', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const close = 'Connection: close';

  await t.test('an expectation that nobody knows is ignored', async () => {
    const { status, body } = await ask(service.machine, '/', { headers: { Expect: 'miracles' } });
    assert.deepEqual([status, body.toString()], [200, 'pilotlight\n']);
  });

  await t.test('a 100 stands before the answer, and never inside one', async () => {
    const alone = await askRaw(service.machine, request('/', 'Expect: 100-continue', close));
    assert.deepEqual(statuses(alone), [100, 200]);
    const config = request('/ignition/fcos');
    const second = request('/ignition?mac=x', 'Expect: 100-continue', close);
    const both = await askRaw(service.machine, config + second);
    assert.deepEqual(statuses(both), [200, 400]);
    assert.match(both, /\r\n\r\n\{"type":"\/problems#label-invalid"/);
  });

  await t.test('a tunnel is refused with a problem', async () => {
    const text = await askRaw(service.machine, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n');
    assert.deepEqual(statuses(text), [400]);
    assert.match(text, /Content-Type: application\/problem\+json/);
    assert.match(text, /"code":"request-invalid"/);
  });

  await t.test('an upgrade is not made, and nobody waits for what comes behind it', async () => {
    const upgrade = request('/', 'Connection: Upgrade', 'Upgrade: h2c');
    const text = await askRaw(service.machine, upgrade + request('/'));
    assert.deepEqual(statuses(text), [200]);
    assert.match(text, /^connection: close/im);
  });
});
