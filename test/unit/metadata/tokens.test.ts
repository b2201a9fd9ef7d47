import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createSessionTokens, instanceToken } from '../../../src/metadata/tokens.ts';

const KEY = Buffer.from('a key that every replica has');
const NOW = 1_800_000_000;

function tokens(key = KEY, now = NOW) {
  return createSessionTokens(key, () => now);
}

describe('a session token', () => {
  const token = tokens().issue('aws 192.0.2.11', 60);

  test('is taken by each replica with the key, until it ends', () => {
    assert.ok(tokens().accepts(token, 'aws 192.0.2.11'));
    assert.ok(tokens(KEY, NOW + 59).accepts(token, 'aws 192.0.2.11'));
    assert.ok(!tokens(KEY, NOW + 60).accepts(token, 'aws 192.0.2.11'));
    assert.ok(!tokens(KEY, NOW + 1e9).accepts(token, 'aws 192.0.2.11'));
  });

  test('is of no use to another machine, in another dialect, or with another key', () => {
    for (const holder of ['aws 192.0.2.12', 'akamai 192.0.2.11', 'aws', '', 'aws 192.0.2.11 ', 'aws 192.0.2.1']) {
      assert.ok(!tokens().accepts(token, holder), holder);
    }
    assert.ok(!tokens(randomBytes(32)).accepts(token, 'aws 192.0.2.11'));
  });

  test('cannot be made to last longer', () => {
    const [end = '', signature = ''] = token.split('.');
    const later = (Number.parseInt(end, 36) + 1).toString(36);
    for (const forged of [`${later}.${signature}`, `0${end}.${signature}`, `${end.toUpperCase()}.${signature}`]) {
      assert.ok(!tokens().accepts(forged, 'aws 192.0.2.11'), forged);
    }
  });

  test('is nothing else', () => {
    const others = [
      '',
      '.',
      `${token} `,
      ` ${token}`,
      `${token}\n`,
      `${token}=`,
      `${token}.`,
      token.slice(0, -1),
      token.repeat(2),
      token.repeat(10_000),
      token.replace('.', ''),
      '\0'.repeat(30),
      `zzzzzzzzzz.${'A'.repeat(22)}`,
    ];
    for (const other of others) assert.ok(!tokens().accepts(other, 'aws 192.0.2.11'), other.slice(0, 80));
  });

  test('changes in any character are noticed', () => {
    const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    // The last character of a signature has 4 bits that are none of it.
    const place = fc.integer({ min: 0, max: token.length - 2 });
    fc.assert(
      fc.property(place, fc.constantFrom(...base64url), (index, character) => {
        const changed = `${token.slice(0, index)}${character}${token.slice(index + 1)}`;
        assert.equal(tokens().accepts(changed, 'aws 192.0.2.11'), changed === token);
      }),
      { numRuns: 2000 },
    );
  });

  test('of any text is refused without a fault', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        assert.equal(tokens().accepts(text, 'aws 192.0.2.11'), false);
      }),
    );
  });
});

describe('the id of an instance', () => {
  test('is the same with each replica, and no other with another group or key', () => {
    const id = instanceToken(KEY, 'node1');
    assert.match(id, /^[\w-]{22}$/);
    assert.equal(id, instanceToken(KEY, 'node1'));
    assert.notEqual(id, instanceToken(KEY, 'node2'));
    assert.notEqual(id, instanceToken(randomBytes(32), 'node1'));
  });

  test('is no session token', () => {
    assert.ok(!tokens().accepts(instanceToken(KEY, 'node1'), 'node1'));
  });
});
