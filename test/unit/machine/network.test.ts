import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { commonAddress, holdsAddress, normaliseNetwork } from '../../../src/machine/network.ts';

describe('A network has one spelling:', () => {
  for (const [text, wanted] of [
    ['10.7.0.0/16', '10.7.0.0/16'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.7.0.9/32', '10.7.0.9/32'],
    ['2001:DB8:0:0::/32', '2001:db8::/32'],
    ['::ffff:10.7.0.0/16', '10.7.0.0/16'],
    ['10.7.0.10-10.7.0.19', '10.7.0.10-10.7.0.19'],
    ['10.7.0.10 - 10.7.0.10', '10.7.0.10-10.7.0.10'],
    ['2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'],
  ] as const) {
    test(text, () => assert.equal(normaliseNetwork(text), wanted));
  }

  for (const text of [
    '10.7.0.1/16',
    '10.7.0.0/33',
    '10.7.0.0/',
    '10.7.0.0/016',
    '10.7.0.0/-1',
    '10.7/16',
    '10.7.0.9-10.7.0.1',
    '10.7.0.1-2001:db8::1',
    '10.7.0.1-10.7.0.2-10.7.0.3',
    '10.7.0.1-',
    '2001:db8::1/64',
    '/',
    '',
    'a-b',
  ]) {
    test(`and ${JSON.stringify(text)} is none`, () => assert.equal(normaliseNetwork(text), undefined));
  }
});

test('A network holds the addresses from its first to its last, and no other', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(byte, byte, byte, byte);
  const number = (bytes: readonly number[]) => bytes.reduce((sum, each) => sum * 256 + each, 0);
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 32 }), address, (base, prefix, asked) => {
      const size = 2 ** (32 - prefix);
      const first = Math.floor(number(base) / size) * size;
      const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
      const network = normaliseNetwork(`${text}/${prefix}`);
      assert.ok(network !== undefined);
      const inside = number(asked) >= first && number(asked) < first + size;
      assert.equal(holdsAddress(network, asked.join('.')), inside);
    }),
  );
});

test('An address of the other family is in no network', () => {
  assert.equal(holdsAddress('0.0.0.0/0', '2001:db8::1'), false);
  assert.equal(holdsAddress('::/0', '10.0.0.1'), false);
  assert.equal(holdsAddress('2001:db8::/32', '2001:db8:1::1'), true);
});

describe('What several lists have in common is their lowest address:', () => {
  for (const [lists, wanted] of [
    [[['10.0.0.9', '10.0.0.1']], '10.0.0.1'],
    [[['10.0.0.0/8'], ['10.7.0.0/16']], '10.7.0.0'],
    [[['10.0.0.0/8'], ['10.7.0.5-10.7.0.9', '192.0.2.1'], ['10.7.0.7-10.8.0.0']], '10.7.0.7'],
    [[['10.0.0.0/8'], ['192.0.2.1']], undefined],
    [[['10.0.0.0/8'], ['::/0']], undefined],
    [[['::/0', '10.0.0.1'], ['2001:db8::/32']], '2001:db8::'],
    [[['x']], undefined],
  ] as const) {
    test(JSON.stringify(lists), () => assert.equal(commonAddress(lists), wanted));
  }
});
