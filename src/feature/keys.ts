/** A mapping of JSON or TOML. */
export type Keys = Readonly<Record<string, unknown>>;

/** True for a mapping. */
export function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One mapping overlaid by another: mappings key by key, everything else whole. */
export function overlay(below: Keys, above: Keys): Record<string, unknown> {
  const overlaid: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const before = Object.hasOwn(overlaid, key) ? overlaid[key] : undefined;
    overlaid[key] = isKeys(before) && isKeys(value) ? overlay(before, value) : value;
  }
  return overlaid;
}

/** JSON as people edit it. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
