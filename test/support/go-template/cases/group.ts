import type { JsonValue } from '../../../../src/go-template/go-template.ts';

/** Templates on one subject, which are executed with the same values. */
export interface CaseGroup {
  readonly subject: string;
  readonly data: JsonValue;
  readonly templates: readonly string[];
}

/** Values of every kind. */
export const EVERYTHING: JsonValue = {
  text: 'hello',
  empty: '',
  accents: 'naïve 日本 🔥',
  html: '<a href="x?a=1&b=2">it\'s</a>',
  n: 42,
  zero: 0,
  half: 2.5,
  negative: -7,
  million: 1_000_000,
  huge: 1e21,
  tiny: 0.00001,
  yes: true,
  no: false,
  nul: null,
  list: ['a', 'b', 'c'],
  numbers: [3, 1.5, -2],
  mixed: [1, 'two', null, true, [3], { four: 4 }],
  none: [],
  map: { b: 1, a: 'x', c: null },
  nomap: {},
  deep: { er: { est: 'bottom', list: [{ name: 'one' }, { name: 'two' }] } },
  'with-dash': 'dashed',
  Größe: 'unicode key',
  format: '%s=%v',
};
