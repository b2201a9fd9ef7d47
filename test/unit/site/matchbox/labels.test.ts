import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { machineOfLabels, machineOfQuery, readLabels } from '../../../../src/site/matchbox/query.ts';

const MAC = '52:da:00:89:d8:10';

describe('labels of a query:', () => {
  const cases: readonly (readonly [title: string, query: string, labels: Readonly<Record<string, string>>])[] = [
    ['of repeated keys the first counts', 'a=1&a=2', { a: '1' }],
    ['also where it is empty', 'a=&a=2', { a: '' }],
    ['but not where it is dropped', 'a=%zz&a=2', { a: '2' }],
    ['keys keep their case', 'a=1&A=2', { a: '1', A: '2' }],
    ['empty values stay', 'e=&x', { e: '', x: '' }],
    ['a raw semicolon drops its part', 'a=1;b=2&c=3', { c: '3' }],
    ['an escaped one does not', 'a=1%3Bb', { a: '1;b' }],
    ['a bad escape drops its part', 'a=%zz&b=%4&c=%&%zz=1&d=4', { d: '4' }],
    ['a plus is a space', 'a=b+c%2B', { a: 'b c+' }],
    ['a MAC is put into its one form', 'mac=52-DA-00-89-D8-10', { mac: MAC }],
    ['under the key that it has', 'Mac=52da.0089.d810', { Mac: MAC }],
    ['each key by itself', `mac=${MAC}&MAC=52DA0089D811`, { mac: MAC, MAC: '52:da:00:89:d8:11' }],
    ['8 octets', 'mac=02-00-5E-10-00-00-00-01', { mac: '02:00:5e:10:00:00:00:01' }],
    [
      '20 octets',
      'mac=0000.0000.FE80.0000.0000.0000.0200.5e10.0000.0001',
      { mac: '00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01' },
    ],
    ['what is no MAC is dropped, and the others stay', 'mac=bad&uuid=u', { uuid: 'u' }],
    ['also where a good one comes after it', `mac=bad&mac=${MAC}`, {}],
    ['an empty MAC is none', 'mac=&uuid=u', { uuid: 'u' }],
    ['a space before it makes it none', 'mac=%2052:da:00:89:d8:10', {}],
    ['other keys that end in mac are free', 'ipmac=x&mac2=y', { ipmac: 'x', mac2: 'y' }],
    [
      'nothing but the MAC is put into another form',
      'uuid=A1-B2&hostname=H.&serial=%20S',
      { uuid: 'A1-B2', hostname: 'H.', serial: ' S' },
    ],
    [
      'names of the language are labels like others',
      '__proto__=1&constructor=2',
      { ['__proto__']: '1', constructor: '2' },
    ],
  ];
  for (const [title, query, labels] of cases) {
    test(title, () => assert.deepEqual([...readLabels(query)], Object.entries(labels)));
  }

  test('no more than 256 are read', () => {
    const query = Array.from({ length: 1000 }, (_, index) => `k${index}=1`).join('&');
    assert.equal(readLabels(query).size, 256);
  });
});

test('Whatever the query, it is read, and the machine keeps it as it came', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('a', 'mac', '=', '&', ';', '%', '%zz', '%41', '+', '\0', 'ä'), { maxLength: 30 })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (query) => {
      const machine = machineOfQuery(query);
      assert.equal(machine.rawQuery, query);
      for (const [key] of machine.entries) assert.equal(typeof key, 'string');
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('A machine that a person describes is the one that would ask so', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), (labels) => {
      const free = Object.entries(labels).filter(([key]) => key.toLowerCase() !== 'mac');
      assert.deepEqual(machineOfLabels(free).entries, free);
    }),
    { numRuns: 500, seed: 1 },
  );
});
