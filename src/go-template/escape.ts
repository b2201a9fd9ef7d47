import { type Bytes, decodeRune, encodeRune, REPLACEMENT } from './bytes.ts';
import { isPrintable } from './unicode.ts';

const HTML: Readonly<Record<string, Bytes>> = {
  '\0': encodeRune(REPLACEMENT),
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

const JS: Readonly<Record<string, Bytes>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

/** `html`: what HTML gives a meaning to, as character references. */
export function escapeHtml(text: Bytes): Bytes {
  return text.replace(/[\0"'&<>]/g, (character) => HTML[character] ?? character);
}

/** `js`: what may not stand in a string of JavaScript, or would end a script in HTML. */
export function escapeJs(text: Bytes): Bytes {
  const parts: Bytes[] = [];
  for (let at = 0; at < text.length; ) {
    const { codePoint, size } = decodeRune(text, at);
    parts.push(escapeJsRune(codePoint, text.slice(at, at + size)));
    at += size;
  }
  return parts.join('');
}

/** `urlquery`: a value of a URL's query; a space becomes `+`. */
export function escapeQuery(text: Bytes): Bytes {
  return text.replace(/[^\w.~-]/g, (byte) => {
    return byte === ' ' ? '+' : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function escapeJsRune(codePoint: number, bytes: Bytes): Bytes {
  const known = JS[bytes];
  if (known !== undefined) return known;
  if (codePoint >= 0x80 ? isPrintable(codePoint) : codePoint >= 0x20) return bytes;
  return `\\u${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}
