import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionTokens, instancePath } from '../../../src/metadata/tokens.ts';

const KEY = Buffer.from('a key of more than sixteen bytes');
const HOLDER = 'aws 192.0.2.7';

test('a session token is good until its seconds are over, and no longer', () => {
  let now = 1000;
  const tokens = createSessionTokens(KEY, () => now);
  const token = tokens.issue(HOLDER, 60);
  assert.equal(tokens.accepts(token, HOLDER), true);
  now = 1059;
  assert.equal(tokens.accepts(token, HOLDER), true);
  now = 1060;
  assert.equal(tokens.accepts(token, HOLDER), false);
});

test('a session token is for one address and one dialect, and for services with the same key', () => {
  const now = () => 1000;
  const token = createSessionTokens(KEY, now).issue(HOLDER, 60);
  const tokens = createSessionTokens(Buffer.from(KEY), now);
  assert.equal(tokens.accepts(token, HOLDER), true);
  assert.equal(tokens.accepts(token, 'aws 192.0.2.8'), false);
  assert.equal(tokens.accepts(token, 'akamai 192.0.2.7'), false);
  assert.equal(createSessionTokens(Buffer.from(`${KEY}2`), now).accepts(token, HOLDER), false);
});

test('no text that was made of a session token is one', () => {
  const tokens = createSessionTokens(KEY, () => 1000);
  const token = tokens.issue(HOLDER, 60);
  const [end = '', signature = ''] = token.split('.');
  const later = (Number.parseInt(end, 36) + 3600).toString(36);
  const forged = ['', '.', token.slice(1), `${token}A`, `${later}.${signature}`, `${end}.`, `${end}.${'A'.repeat(22)}`];
  for (const each of [...forged, 'A'.repeat(100_000)]) {
    assert.equal(tokens.accepts(each, HOLDER), false, each.slice(0, 80));
  }
});

test('the path of a group is the same with the same key alone, and tells nothing of the group', () => {
  const path = instancePath(KEY, 'web1');
  assert.match(path, /^\/i\/[\w-]{22}$/);
  assert.equal(instancePath(Buffer.from(KEY), 'web1'), path);
  assert.notEqual(instancePath(KEY, 'web2'), path);
  assert.notEqual(instancePath(Buffer.from(`${KEY}2`), 'web1'), path);
});
