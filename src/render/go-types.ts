const GO_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^\[\]/, 'a list'],
  [/^map\[/, 'a mapping'],
  [/^\*?bool$/, 'true or false'],
  [/^\*?u?int\d*$/, 'a whole number'],
  [/^\*?float\d*$/, 'a number'],
  [/^\*?string$/, 'a text'],
];

/** What an author would call a value of a type of Go, in which butane and Ignition speak of what they expected. */
export function describeGoType(type: string | undefined): string {
  return GO_TYPES.find(([pattern]) => pattern.test(type ?? ''))?.[1] ?? 'a mapping';
}
