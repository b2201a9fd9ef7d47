import fc from 'fast-check';

/** Any character but half of a surrogate pair; ASCII and what parsers and terminals act on come up most. */
const CHARACTER = fc
  .oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(0, 7, 9, 10, 13, 0x1b, 0x7f, 0x85, 0x9b, 0xa0, 0x2028, 0x202e, 0xfeff, 0xfffd),
    },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xd7ff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
  )
  .map((codePoint) => String.fromCodePoint(codePoint));

/** Any text of at most so many characters. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: CHARACTER, maxLength });
}
