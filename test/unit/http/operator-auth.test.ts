import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { NOTHING_SERVED } from '../../../src/http/nothing-served.ts';
import { createOperatorApp } from '../../../src/http/operator-app.ts';
import { digestToken } from '../../../src/http/operator-auth.ts';

const TOKEN = 'correct-horse-battery-staple';
const NEXT_TOKEN = 'staple-battery-horse-correct';

/** Asks an operator API that has nothing to serve yet: 503 means that the guard let the request pass. */
async function operatorApi(...tokens: readonly string[]) {
  const app = await createOperatorApp({
    ...NOTHING_SERVED,
    version: '0.0.0',
    logger: pino({ level: 'silent' }),
    ...(tokens.length === 0 ? {} : { tokens: async () => tokens.map(digestToken) }),
  });
  after(() => app.close());
  return async (
    url: string,
    headers: Readonly<Record<string, string | string[]>> = {},
    method: InjectOptions['method'] = 'GET',
  ) => {
    const response = await app.inject({ url, method, headers: { host: 'localhost:8081', ...headers } });
    return { status: response.statusCode, headers: response.headers, body: response.body };
  };
}

const askWithToken = await operatorApi(TOKEN, NEXT_TOKEN);
const askWithoutToken = await operatorApi();

const GUARDED = [
  '/v1/revision',
  '/v1/profiles',
  '/v1/profiles/web',
  '/v1/profiles/web/render',
  '/v1/groups',
  '/v1/groups/a',
];
const MORE = [
  '/v1/reports',
  '/v1/select',
  '/openapi.json',
  '/docs',
  '/docs/',
  '/docs/json',
  '/',
  '/nope',
  '/v1',
  '/healthz/',
  '/%68ealthz/x',
];

describe('with a token', () => {
  test('every path needs it, also one that does not exist', async () => {
    for (const path of [...GUARDED, ...MORE]) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE'] as const) {
        const { status, headers, body } = await askWithToken(path, {}, method);
        assert.equal(status, 401, `${method} ${path}`);
        assert.equal(headers['www-authenticate'], 'Bearer');
        if (method !== 'HEAD') assert.equal(JSON.parse(body).code, 'unauthorized');
      }
    }
  });

  test('only the signs of life and the page about errors are open', async () => {
    assert.deepEqual([(await askWithToken('/healthz')).status, (await askWithToken('/readyz')).status], [200, 503]);
    assert.equal((await askWithToken('/healthz?token=x', { host: 'anything.example' })).status, 200);
    assert.equal((await askWithToken('/problems', { host: 'anything.example' })).status, 200);
    for (const path of [
      '/HEALTHZ',
      '//healthz',
      '/healthz%2f..%2fv1%2frevision',
      '/healthz;/v1/revision',
      '/problems/',
    ]) {
      assert.equal((await askWithToken(path)).status, 401, path);
    }
  });

  const accepted = [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`, `Bearer ${NEXT_TOKEN}`];
  for (const authorization of accepted) {
    test(`${authorization.replace(TOKEN, 'TOKEN').replace(NEXT_TOKEN, 'NEXT_TOKEN')} is let in`, async () => {
      for (const path of GUARDED) assert.notEqual((await askWithToken(path, { authorization })).status, 401, path);
      assert.equal((await askWithToken('/v1/revision', { authorization })).status, 503);
      assert.equal((await askWithToken('/nope', { authorization })).status, 404);
    });
  }

  const refused: Readonly<Record<string, string>> = {
    'another token': 'Bearer wrong-horse-battery-staple',
    'a part of it': `Bearer ${TOKEN.slice(0, -1)}`,
    'more than it': `Bearer ${TOKEN}x`,
    'two of them': `Bearer ${TOKEN} ${TOKEN}`,
    'no scheme': TOKEN,
    'another scheme': `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`,
    'an empty header': '',
    'an empty token': 'Bearer ',
    'a token of space': 'Bearer   \t ',
    'the word null': 'Bearer null',
    'the word undefined': 'Bearer undefined',
    'a number': 'Bearer -1',
    'one letter': 'Bearer c',
    'another case': `Bearer ${TOKEN.toUpperCase()}`,
    'a scheme that only ends like it': `XBearer ${TOKEN}`,
    'a token in a list': `Bearer ${TOKEN}, Bearer x`,
  };
  for (const [title, authorization] of Object.entries(refused)) {
    test(`${title} is not`, async () => {
      const { status, body } = await askWithToken('/v1/revision', { authorization });
      assert.equal(status, 401);
      assert.ok(!body.includes(TOKEN));
    });
  }

  test('two Authorization headers are not let in, whichever is right', async () => {
    const right = `Bearer ${TOKEN}`;
    for (const authorization of [
      [right, 'Bearer wrong-horse-battery-staple'],
      [right, right],
    ]) {
      assert.equal((await askWithToken('/v1/revision', { authorization })).status, 401);
    }
  });

  test('the token counts nowhere else', async () => {
    assert.equal((await askWithToken(`/v1/revision?token=${TOKEN}&access_token=${TOKEN}`)).status, 401);
    assert.equal((await askWithToken('/v1/revision', { cookie: `token=${TOKEN}`, 'x-token': TOKEN })).status, 401);
  });

  test('any host name will do', async () => {
    const { status } = await askWithToken('/v1/revision', {
      host: 'operator.example',
      authorization: `Bearer ${TOKEN}`,
    });
    assert.equal(status, 503);
  });
});

describe('without a token', () => {
  for (const host of [
    'localhost',
    'localhost:8081',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:8081',
    '127.8.9.10:1',
    '[::1]',
    '[::1]:8081',
  ]) {
    test(`a request to ${host} is let in`, async () => {
      assert.equal((await askWithoutToken('/v1/revision', { host })).status, 503);
    });
  }

  const hosts = [
    'evil.example',
    'evil.example:8081',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil-localhost',
  ];
  const more = [
    '10.0.0.1:8081',
    '0.0.0.0:8081',
    '[::]:8081',
    '[::ffff:10.0.0.1]',
    'localhost:8081.evil.example',
    'localhost@evil.example',
  ];
  for (const host of [...hosts, ...more]) {
    test(`a web page that had itself resolved as ${host} is not`, async () => {
      for (const path of ['/v1/revision', '/docs/', '/openapi.json', '/nope']) {
        assert.equal((await askWithoutToken(path, { host })).status, 401, path);
      }
      assert.equal((await askWithoutToken('/healthz', { host })).status, 200);
    });
  }

  test('a forwarded host name does not count', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' };
    assert.equal((await askWithoutToken('/v1/revision', headers)).status, 401);
  });
});
