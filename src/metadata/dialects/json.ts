/** The media type of JSON documents. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** A value as indented JSON; keys without a value are left out. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A number where a text is one, as clouds have numeric ids; 0 for what is none. */
export function numberOf(text: string): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}
