/** Bytes that are looked at. */
const SNIFFED = 512;

/** Tags that a page may begin with, after white space; a space or `>` follows. WHATWG MIME Sniffing, 7.1. */
const HTML_TAGS = [
  '<!DOCTYPE HTML',
  '<HTML',
  '<HEAD',
  '<SCRIPT',
  '<IFRAME',
  '<H1',
  '<DIV',
  '<FONT',
  '<TABLE',
  '<A',
  '<STYLE',
  '<TITLE',
  '<B',
  '<BODY',
  '<BR',
  '<P',
  '<!--',
];

/** What begins with these bytes, in latin1, is of this type; a `?` stands for any byte. In the order of Go's table. */
const SIGNATURES: readonly (readonly [start: string, type: string])[] = [
  ['%PDF-', 'application/pdf'],
  ['%!PS-Adobe-', 'application/postscript'],
  ['\xfe\xff??', 'text/plain; charset=utf-16be'],
  ['\xff\xfe??', 'text/plain; charset=utf-16le'],
  ['\xef\xbb\xbf?', 'text/plain; charset=utf-8'],
  ['\x00\x00\x01\x00', 'image/x-icon'],
  ['\x00\x00\x02\x00', 'image/x-icon'],
  ['BM', 'image/bmp'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['RIFF????WEBPVP', 'image/webp'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['FORM????AIFF', 'audio/aiff'],
  ['ID3', 'audio/mpeg'],
  ['OggS\x00', 'application/ogg'],
  ['MThd\x00\x00\x00\x06', 'audio/midi'],
  ['RIFF????AVI ', 'video/avi'],
  ['RIFF????WAVE', 'audio/wave'],
  ['\x1a\x45\xdf\xa3', 'video/webm'],
  [`${'?'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
  ['\x00\x01\x00\x00', 'font/ttf'],
  ['OTTO', 'font/otf'],
  ['ttcf', 'font/collection'],
  ['wOFF', 'font/woff'],
  ['wOF2', 'font/woff2'],
  ['\x1f\x8b\x08', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['Rar!\x1a\x07\x00', 'application/x-rar-compressed'],
  ['Rar!\x1a\x07\x01\x00', 'application/x-rar-compressed'],
  ['\x00asm', 'application/wasm'],
];

/** The type that Go's `http.DetectContentType` sees in a content, but for MP4 films, which no template makes. */
export function detectContentType(content: Buffer): string {
  const start = content.toString('latin1', 0, SNIFFED);
  const text = start.replace(/^[\t\n\f\r ]+/, '');
  const upper = text.toUpperCase();
  const isHtml = HTML_TAGS.some((tag) => upper.startsWith(tag) && / |>/.test(upper.charAt(tag.length)));
  if (isHtml) return 'text/html; charset=utf-8';
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8';
  const known = SIGNATURES.find(([signature]) => begins(start, signature));
  if (known !== undefined) return known[1];
  return [...text].some(isBinary) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

function begins(content: string, signature: string): boolean {
  if (content.length < signature.length) return false;
  return [...signature].every((byte, index) => byte === '?' || byte === content[index]);
}

/** True for a byte that no text holds. WHATWG MIME Sniffing, 3. */
function isBinary(character: string): boolean {
  const byte = character.charCodeAt(0);
  return byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f);
}
