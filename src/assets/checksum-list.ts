/** A digest that a list holds lists by. */
export type Algorithm = 'sha256' | 'sha512';

/** The lists that are looked for, by the name that coreutils and distributions give them. */
export const CHECKSUM_LISTS: Readonly<Record<string, Algorithm>> = { SHA256SUMS: 'sha256', SHA512SUMS: 'sha512' };

const HEX_DIGITS: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128 };

/** One file of a list. */
export interface ChecksumEntry {
  /** As `assets` names it, without a leading `./`. */
  readonly name: string;
  /** In lower case. */
  readonly digest: string;
  readonly line: number;
}

/** What a list says, and the lines that say nothing. */
export interface ChecksumList {
  readonly entries: readonly ChecksumEntry[];
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

/** `DIGEST  name` and `DIGEST *name`, or with `--tag` `SHA256 (name) = DIGEST`; a backslash in front says that the name is escaped. */
const PLAIN = /^(\\?)([0-9a-f]+) [ *](.+)$/is;
const TAGGED = /^(\\?)(SHA\d+) \((.+)\) = ([0-9a-f]+)$/is;

/**
 * Reads a list as `sha256sum --check` does: both forms that coreutils writes, escaped names, comments and line ends of
 * either kind. Names that begin with `/` or hold `..` are faults, since the list is about its own folder.
 */
export function parseChecksumList(text: string, algorithm: Algorithm): ChecksumList {
  const entries: ChecksumEntry[] = [];
  const faults: { line: number; message: string }[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const content = whole.replace(/\r$/, '');
    if (content === '' || content.startsWith('#')) continue;
    const line = index + 1;
    const read = readLine(content, algorithm);
    if (typeof read === 'string') faults.push({ line, message: read });
    else entries.push({ ...read, line });
  }
  return { entries, faults };
}

/** What a line says, or what is wrong with it. */
function readLine(content: string, algorithm: Algorithm): Pick<ChecksumEntry, 'name' | 'digest'> | string {
  const tagged = TAGGED.exec(content);
  const [, mark = '', digest = '', written = ''] = tagged
    ? [undefined, tagged[1], tagged[4], tagged[3]]
    : (PLAIN.exec(content) ?? []);
  const wanted = algorithm.toUpperCase();
  if (digest === '') return `this is no line of a list of ${wanted} digests`;
  if (tagged !== null && tagged[2]?.toUpperCase() !== wanted) return `this is no ${wanted} digest`;
  if (digest.length !== HEX_DIGITS[algorithm]) {
    return `a ${wanted} digest has ${HEX_DIGITS[algorithm]} digits, and this one ${digest.length}`;
  }
  const unescaped = mark === '' ? written : unescapeName(written);
  if (unescaped === undefined) return 'the name has an escape that is none';
  const name = unescaped.replace(/^(?:\.\/+)+/, '');
  if (name === '' || name.startsWith('/') || name.split('/').includes('..')) {
    return 'the name leads out of the folder of assets';
  }
  return { name, digest: digest.toLowerCase() };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

function unescapeName(name: string): string | undefined {
  if (/\\(?![\\nr])/.test(name.replaceAll('\\\\', ''))) return undefined;
  return name.replace(/\\[\\nr]/g, (written) => ESCAPES[written] ?? written);
}
