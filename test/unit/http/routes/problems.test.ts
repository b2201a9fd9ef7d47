import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { ProvisioningError } from '../../../../src/errors.ts';
import { createMachineApp } from '../../../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../../../src/http/nothing-served.ts';
import { createOperatorApp } from '../../../../src/http/operator-app.ts';
import { digestToken } from '../../../../src/http/operator-auth.ts';
import { createProblem } from '../../../../src/http/problem.ts';
import { PROBLEMS } from '../../../../src/http/problems.ts';

const options = { ...NOTHING_SERVED, version: '0.0.0', logger: pino({ level: 'silent' }) };
const apps = {
  machine: await createMachineApp(options),
  operator: await createOperatorApp({
    ...options,
    tokens: async () => [digestToken('a-token-of-more-than-16-characters')],
  }),
};

for (const [api, app] of Object.entries(apps)) {
  describe(`the page about errors on the ${api} API`, () => {
    test('may be read without a token, and is neither kept nor able to load or run anything', async () => {
      const { statusCode, headers } = await app.inject({ url: '/problems', headers: { host: 'boot.example' } });
      assert.equal(statusCode, 200);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'unsafe-inline';/);
    });

    test('has the place that the type of every problem refers to, with its text', async () => {
      const { body } = await app.inject({ url: '/problems' });
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      assert.deepEqual(ids, Object.keys(PROBLEMS));
      for (const [code, { title, meaning, remedy }] of Object.entries(PROBLEMS)) {
        for (const text of [code, title, meaning, remedy]) assert.ok(body.includes(escapeHtml(text)), text);
      }
      const { type } = createProblem(new ProvisioningError('queue-full', 'busy'), 'id');
      const { pathname, hash } = new URL(type, 'http://boot.example:8080/ignition/web?mac=x');
      assert.deepEqual([pathname, ids.includes(hash.slice(1))], ['/problems', true]);
    });

    test('refers to nothing outside of itself, and writes quotes as text', async () => {
      const { body } = await app.inject({ url: '/problems' });
      assert.deepEqual(body.match(/<(?:script|link|img|iframe|form|base)\b|\bon\w+=|(?:src|href)="[^#]/g), null);
      assert.ok(body.includes('default: &#34;none&#34;'));
    });

    test('has the same headers for HEAD', async () => {
      const [full, head] = await Promise.all(
        (['GET', 'HEAD'] as const).map((method) => app.inject({ method, url: '/problems' })),
      );
      assert.equal(head?.body, '');
      assert.equal(head?.headers['content-length'], full?.headers['content-length']);
      assert.equal(head?.headers['content-type'], full?.headers['content-type']);
    });
  });
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? character);
}
