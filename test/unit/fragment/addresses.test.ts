import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addAddress,
  hostAddress,
  netmask,
  networkAddress,
  prefixLength,
  subnet,
} from '../../../src/fragment/addresses.ts';

interface Case {
  readonly network: string;
  readonly first: string;
  readonly second: string | undefined;
  readonly last: string;
  readonly mask: string;
  readonly prefix: number;
}

const NETWORKS: Readonly<Record<string, Case>> = {
  '10.7.0.9/24': {
    network: '10.7.0.0',
    first: '10.7.0.0',
    second: '10.7.0.1',
    last: '10.7.0.255',
    mask: '255.255.255.0',
    prefix: 24,
  },
  '0.0.0.0/0': {
    network: '0.0.0.0',
    first: '0.0.0.0',
    second: '0.0.0.1',
    last: '255.255.255.255',
    mask: '0.0.0.0',
    prefix: 0,
  },
  '192.0.2.129/25': {
    network: '192.0.2.128',
    first: '192.0.2.128',
    second: '192.0.2.129',
    last: '192.0.2.255',
    mask: '255.255.255.128',
    prefix: 25,
  },
  '10.0.0.1/31': {
    network: '10.0.0.0',
    first: '10.0.0.0',
    second: '10.0.0.1',
    last: '10.0.0.1',
    mask: '255.255.255.254',
    prefix: 31,
  },
  '10.0.0.1/32': {
    network: '10.0.0.1',
    first: '10.0.0.1',
    second: undefined,
    last: '10.0.0.1',
    mask: '255.255.255.255',
    prefix: 32,
  },
  '2001:DB8:0:1::5/64': {
    network: '2001:db8:0:1::',
    first: '2001:db8:0:1::',
    second: '2001:db8:0:1::1',
    last: '2001:db8:0:1:ffff:ffff:ffff:ffff',
    mask: 'ffff:ffff:ffff:ffff::',
    prefix: 64,
  },
  '::/0': {
    network: '::',
    first: '::',
    second: '::1',
    last: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    mask: '::',
    prefix: 0,
  },
  'fd00::ff/127': {
    network: 'fd00::fe',
    first: 'fd00::fe',
    second: 'fd00::ff',
    last: 'fd00::ff',
    mask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe',
    prefix: 127,
  },
  '::1/128': {
    network: '::1',
    first: '::1',
    second: undefined,
    last: '::1',
    mask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    prefix: 128,
  },
};

for (const [cidr, expected] of Object.entries(NETWORKS)) {
  test(`the network ${cidr}`, () => {
    assert.equal(networkAddress(cidr), expected.network);
    assert.equal(netmask(cidr), expected.mask);
    assert.equal(prefixLength(cidr), expected.prefix);
    assert.equal(hostAddress(cidr, 0n), expected.first);
    assert.equal(hostAddress(cidr, -1n), expected.last);
    if (expected.second === undefined) assert.throws(() => hostAddress(cidr, 1n));
    else assert.equal(hostAddress(cidr, 1n), expected.second);
  });
}

test('an address that a network does not have is a fault', () => {
  assert.equal(hostAddress('10.7.0.0/24', 255n), '10.7.0.255');
  assert.equal(hostAddress('10.7.0.0/24', -256n), '10.7.0.0');
  for (const index of [256n, -257n, 2n ** 40n]) assert.throws(() => hostAddress('10.7.0.0/24', index), /no address/);
  assert.throws(() => hostAddress('fd00::/64', 2n ** 64n), /no address/);
  assert.equal(hostAddress('fd00::/64', 2n ** 64n - 1n), 'fd00::ffff:ffff:ffff:ffff');
});

describe('a network in a network', () => {
  const cases: readonly (readonly [string, number, bigint, string])[] = [
    ['10.0.0.0/8', 8, 7n, '10.7.0.0/16'],
    ['10.9.9.9/8', 8, 0n, '10.0.0.0/16'],
    ['10.0.0.0/24', 8, 255n, '10.0.0.255/32'],
    ['10.0.0.0/24', 0, 0n, '10.0.0.0/24'],
    ['0.0.0.0/0', 32, 4_294_967_295n, '255.255.255.255/32'],
    ['fd00:7::/48', 16, 7n, 'fd00:7:0:7::/64'],
    ['::/0', 128, 1n, '::1/128'],
    ['2001:db8::/32', 32, 4_294_967_295n, '2001:db8:ffff:ffff::/64'],
  ];
  for (const [cidr, bits, index, expected] of cases) {
    test(`is ${expected} for ${cidr}, ${bits}, ${index}`, () => assert.equal(subnet(cidr, bits, index), expected));
  }

  test('is a fault when there is none', () => {
    assert.throws(() => subnet('10.0.0.0/24', 9, 0n), /longer than an address/);
    assert.throws(() => subnet('::/64', 65, 0n), /longer than an address/);
    for (const index of [256n, -1n]) assert.throws(() => subnet('10.0.0.0/24', 8, index), /no network/);
    assert.throws(() => subnet('10.0.0.0/24', 0, 1n), /no network/);
  });
});

describe('the address further on', () => {
  const cases: readonly (readonly [string, bigint, string])[] = [
    ['10.7.0.250', 10n, '10.7.1.4'],
    ['10.0.0.0', -1n, '9.255.255.255'],
    ['0.0.0.0', 4_294_967_295n, '255.255.255.255'],
    ['2001:db8::ffff', 1n, '2001:db8::1:0'],
    ['::', 2n ** 128n - 1n, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::1', -1n, '::'],
  ];
  for (const [address, count, expected] of cases) {
    test(`is ${expected} for ${address} and ${count}`, () => assert.equal(addAddress(address, count), expected));
  }

  test('is a fault beyond the last one', () => {
    for (const [address, count] of [
      ['255.255.255.255', 1n],
      ['0.0.0.0', -1n],
      ['::', -1n],
      ['::ffff', 2n ** 128n],
    ] as const) {
      assert.throws(() => addAddress(address, count), /no address/);
    }
  });
});

const NO_NETWORKS = [
  '',
  'x',
  '10.0.0.0',
  '::1',
  '10.0.0.0/',
  '/24',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/-1',
  '10.0.0.0/1.5',
];
const MORE = ['10.0.0.0/255.0.0.0', ' 10.0.0.0/8', '10.0.0.0/8 ', '10.0.0.256/8', '10.0.0.0/8/8', '10.0.0.0%eth0/8'];
/** Readers disagree about these: `inet_aton` takes 010 for 8 and 10 for 0.0.0.10, other readers refuse them. */
const DOUBTFUL = ['10/8', '10.7/16', '010.0.0.0/8', '0x0a.0.0.0/8', '167772160/8'];

for (const text of [...NO_NETWORKS, ...MORE, ...DOUBTFUL]) {
  test(`${JSON.stringify(text)} is no network`, () => {
    for (const read of [networkAddress, netmask, prefixLength]) assert.throws(() => read(text));
    assert.throws(() => hostAddress(text, 0n));
    assert.throws(() => subnet(text, 0, 0n));
  });
}

for (const text of ['', 'x', '10.0.0.0/8', '10.0.0.256', '1:2', '[::1]', '1', '10.7', '010.0.0.1', '0x7f.0.0.1']) {
  test(`${JSON.stringify(text)} is no address`, () => assert.throws(() => addAddress(text, 0n)));
}

test('what is wrong is said without the value', () => {
  for (const work of [
    () => networkAddress('s3cr3t'),
    () => addAddress('s3cr3t', 0n),
    () => hostAddress('10.0.0.0/8', 99n ** 9n),
  ]) {
    assert.throws(work, (error) => error instanceof Error && !/s3cr3t|\d{9}/.test(error.message));
  }
});

test('going on and coming back leads to the same address', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6().filter((text) => !text.includes('.')),
  );
  fc.assert(
    fc.property(address, fc.bigInt({ min: 0n, max: 2n ** 64n }), (from, count) => {
      const start = addAddress(from, 0n);
      let there: string;
      try {
        there = addAddress(from, count);
      } catch {
        return;
      }
      assert.equal(addAddress(there, -count), start);
    }),
  );
});

test('every subnet lies in its network, and they are all different', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 4 }), (address, prefix, bits) => {
      const cidr = `${address}/${prefix}`;
      const subnets = Array.from({ length: 2 ** bits }, (_, index) => subnet(cidr, bits, BigInt(index)));
      assert.equal(new Set(subnets).size, 2 ** bits);
      assert.equal(hostAddress(subnets[0] ?? '', 0n), networkAddress(cidr));
      assert.equal(hostAddress(subnets.at(-1) ?? '', -1n), hostAddress(cidr, -1n));
      for (const each of subnets)
        assert.equal(networkAddress(`${networkAddress(each)}/${prefix}`), networkAddress(cidr));
    }),
  );
});
