import fc from 'fast-check';

/** One of the words of a text. */
export function wordOf(words: string): fc.Arbitrary<string> {
  return fc.constantFrom(...words.split(' '));
}

/** One of several, each as often as its weight says; the first where it gets too deep. */
export function weighted(...options: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<string>])[]) {
  const arbitraries = options.map(([weight, arbitrary]) => ({ weight, arbitrary }));
  return fc.oneof({ depthSize: 'small', withCrossShrink: true }, ...arbitraries);
}

/** Texts one after the other. */
export function joined(...parts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part));
  return fc.tuple(...arbitraries).map((drawn) => drawn.join(''));
}

/** Texts with a space between them; a list of them counts as so many. */
export function spaced(...parts: readonly (fc.Arbitrary<string | readonly string[]> | string)[]): fc.Arbitrary<string> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part));
  return fc.tuple(...arbitraries).map((drawn) => drawn.flat().join(' '));
}

/** A list of at most so many. */
export function upTo(maxLength: number, arbitrary: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> {
  return fc.array(arbitrary, { maxLength });
}

/** At most so many, one after the other. */
export function repeated(maxLength: number, arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return upTo(maxLength, arbitrary).map((drawn) => drawn.join(''));
}
