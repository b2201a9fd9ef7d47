/** A text as a data URL, percent-encoded or as base64, whichever is shorter; Ignition reads both (RFC 2397). */
export function dataUrl(text: string): string {
  const escaped = `data:,${encodeURIComponent(text)}`;
  const encoded = `data:;base64,${Buffer.from(text).toString('base64')}`;
  return encoded.length < escaped.length ? encoded : escaped;
}
