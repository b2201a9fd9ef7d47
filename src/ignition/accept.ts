import { IGNITION_MEDIA_TYPE } from './media-type.ts';
import type { SpecVersion } from './spec-version.ts';
import { compareSpecVersions, parseSpecVersion } from './spec-version.ts';

const MAX_LENGTH = 4096;
const MAX_ITEMS = 64;

/**
 * The newest spec version that a client says it can read, or undefined when it names none: no header, a wildcard, another
 * type, or something that is no Accept header at all. Since Ignition 2.1.0 the header names the newest stable version and
 * every older 3.x is accepted too, so of several the highest counts, whatever its weight; weight 0 refuses (RFC 9110, 12.4.2).
 *
 * Ignition 2.0.0 and 2.0.1 still sent the text of their 2.2.0 ancestors but read only 3.0.0; their User-Agent gives them away.
 */
export function parseAccept(accept: string | undefined, userAgent: string | undefined): SpecVersion | undefined {
  if (accept === undefined || accept.length > MAX_LENGTH) return undefined;
  const ranges = splitOutsideQuotes(accept, ',');
  if (ranges.length > MAX_ITEMS) return undefined;
  const versions = ranges.flatMap(parseRange).sort(compareSpecVersions);
  const newest = versions.at(-1);
  return newest !== undefined && newest.major < 3 && isMisnamed(userAgent) ? FIRST_OF_SPEC_3 : newest;
}

const FIRST_OF_SPEC_3: SpecVersion = { major: 3, minor: 0, patch: 0 };

/** The build's own text follows the slash: `2.0.1`, `v2.0.1-12-gabcdef`, `Debian 2.0.1+ds1-1`. */
function isMisnamed(userAgent: string | undefined): boolean {
  return /^Ignition\/(?:[A-Za-z]{1,32} )?v?2\.0\.[01](?![\d.])/.test(userAgent ?? '');
}

function parseRange(range: string): readonly SpecVersion[] {
  const [type = '', ...parameters] = splitOutsideQuotes(range, ';').map((part) => part.trim());
  if (type.toLowerCase() !== IGNITION_MEDIA_TYPE) return [];
  const values = new Map(parameters.map(parseParameter));
  if (/^0(?:\.0*)?$/.test(values.get('q') ?? '')) return [];
  const version = parseSpecVersion(values.get('version') ?? '');
  return version === undefined ? [] : [version];
}

function parseParameter(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals === -1) return [text.toLowerCase(), ''];
  const value = text.slice(equals + 1).trim();
  const quoted = /^"(.*)"$/s.exec(value)?.[1];
  return [text.slice(0, equals).trim().toLowerCase(), quoted === undefined ? value : quoted.replace(/\\(.)/gs, '$1')];
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === '\\') index++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}
