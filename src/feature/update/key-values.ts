/**
 * True for a text that update_engine, systemd and a shell all read as the same single value. They differ about escapes,
 * and update_engine knows none at all, so what would need one is refused.
 */
export function isPlain(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9 ._:@/+,=()#-]*[A-Za-z0-9._:@/+,=()#-])?$/.test(text);
}

/** Writes lines of `KEY=VALUE`; values are quoted where a shell would want that. */
export function writeKeyValues(entries: readonly (readonly [key: string, value: string | undefined])[]): string {
  return entries.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${quote(value)}\n`])).join('');
}

function quote(value: string): string {
  return /^[A-Za-z0-9._:@/+,-]+$/.test(value) ? value : `"${value}"`;
}
