import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '../../../src/go-template/go-template.ts';
import { metadataText } from '../../../src/matchbox/metadata.ts';

type Data = { readonly [key: string]: JsonValue };

describe('metadata as lines:', () => {
  const cases: readonly (readonly [title: string, data: Data, text: string])[] = [
    ['nothing', {}, ''],
    ['texts, raw', { a: 'x y', b: '"q"', c: '$(id)', d: '' }, 'A=x y\nB="q"\nC=$(id)\nD=\n'],
    ['booleans', { t: true, f: false }, 'F=false\nT=true\n'],
    [
      'numbers as Go prints a float64',
      { a: 3, b: 1.5, c: 1000000, d: 123456789, e: 0.00001, f: 999999, g: -0, h: 1e21, i: 0.1 + 0.2, j: -7 },
      'A=3\nB=1.5\nC=1e+06\nD=1.23456789e+08\nE=1e-05\nF=999999\nG=-0\nH=1e+21\nI=0.30000000000000004\nJ=-7\n',
    ],
    ['nested objects by their keys', { a: { b: { c: 'x' }, d: 1 } }, 'A_B_C=x\nA_D=1\n'],
    [
      'keys in upper case, else as they are',
      { nested: { 'k-x': 1 }, 'a.b': 2, 'a b': 3, ß: 4 },
      'A B=3\nA.B=2\nNESTED_K-X=1\nSS=4\n',
    ],
    ['no lists and no null', { a: [1, 2], b: null, c: { d: [], e: null }, f: {} }, ''],
    [
      'two that become one key, in the order of their values',
      { a_b: 'y', a: { b: 'x' }, A: { B: 'z' } },
      'A_B=x\nA_B=y\nA_B=z\n',
    ],
    ['a line break in a value, which splits its line', { a: 'x\ny' }, 'A=x\ny\n'],
  ];
  for (const [title, data, text] of cases) test(title, () => assert.equal(metadataText(data), text));
});

test('The order of the keys in the file does not matter', () => {
  const leaf = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
  const data = fc.dictionary(fc.string(), fc.oneof(leaf, fc.dictionary(fc.string(), leaf)));
  const property = fc.property(data, (drawn) => {
    const turned = Object.fromEntries(Object.entries(drawn).reverse());
    assert.equal(metadataText(turned), metadataText(drawn));
  });
  fc.assert(property, { numRuns: 500, seed: 1 });
});
