type Keys = Readonly<Record<string, unknown>>;

/** What a program ships, overlaid by what an author gives: mappings key by key, everything else whole. */
export function overlay(shipped: Keys, given: Keys): Record<string, unknown> {
  const overlaid: Record<string, unknown> = { ...shipped };
  for (const [key, value] of Object.entries(given)) {
    const before = overlaid[key];
    overlaid[key] = isKeys(before) && isKeys(value) ? overlay(before, value) : value;
  }
  return overlaid;
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON as people edit it. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
