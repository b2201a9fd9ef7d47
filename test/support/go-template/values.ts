import fc from 'fast-check';
import type { JsonValue } from '../../../src/go-template/go-template.ts';

/** Texts that mean something to a verb, an escape or UTF-8, and any others. */
export const dataText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', 'abc', 'core', '10.0.0.1', '%d %s', '<a href="x">\'&\'</a>', 'é日🔥', 'a b+c', '\u0000\t\n\\'),
  fc.constantFrom('\u00ad\u200b\ufeff', '\u2028', '\u{1fae8}\u{31350}\u{10ffff}'),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 5 }),
);

const INTERESTING = [
  0, 1, 2, 3, -1, 42, 1.5, 0.1, 0.5, 2.5, 1e6, 123456789, 1e20, 1e21, 1e22, 1e300, 1e-4, 1e-5, 5e-324,
];

/** Numbers at the borders of notations, and any others. */
export const dataNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...INTERESTING),
  fc.integer(),
  // JSON.stringify writes the negative zero without its sign.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((drawn) => drawn + 0),
);

const leaf: fc.Arbitrary<JsonValue> = fc.oneof(dataText, dataNumber, fc.boolean(), fc.constant(null));
const key = fc.constantFrom('a', 'b', 'é', 'k-1', 'Z');
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  { arbitrary: leaf, weight: 3 },
  { arbitrary: fc.array(leaf, { maxLength: 4 }), weight: 1 },
  { arbitrary: fc.dictionary(key, leaf, { maxKeys: 4 }), weight: 1 },
);

/** What the templates are executed with: one value of each kind, under names that the templates know. */
export const data: fc.Arbitrary<JsonValue> = fc.record({
  s: dataText,
  n: dataNumber,
  i: fc.nat({ max: 5 }),
  b: fc.boolean(),
  nul: fc.constant(null),
  list: fc.array(value, { maxLength: 4 }),
  map: fc.dictionary(key, value, { maxKeys: 4 }),
  deep: fc.record({ x: fc.record({ y: value }), words: fc.array(dataText, { maxLength: 3 }) }),
  v: value,
});
