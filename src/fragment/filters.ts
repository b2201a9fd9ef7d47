import { createHash } from 'node:crypto';
import { type Context, type Liquid, toValue } from 'liquidjs';
import { stringify } from 'yaml';
import { addAddress, hostAddress, netmask, networkAddress, prefixLength, subnet } from './addresses.ts';
import { CountedCapture, StrictAssign } from './template-tags.ts';
import { writeToml } from './write-toml.ts';

/** A filter takes the piped value and its arguments; it throws an Error whose message names no value. */
type Filter = (value: unknown, ...args: unknown[]) => unknown;

/**
 * The filters that machine configs need, beside Liquid's own. Each is a pure function of its arguments.
 * The table is also what `docs/templates.md` lists.
 */
export const FILTERS: Readonly<Record<string, Filter>> = {
  json: (value, indent) => JSON.stringify(value ?? null, null, indent === undefined ? undefined : integer(indent)),
  // Quoted so that readers of YAML 1.1 see the same, where a bare `yes` is true.
  yaml: (value) => stringify(value ?? null, { lineWidth: 0, compat: 'yaml-1.1' }),
  toml: (value) => writeToml(value),
  indent: (value, width) => text(value).replace(/\n(?!\n|$)/g, `\n${' '.repeat(integer(width ?? 2))}`),
  systemd_quote: (value) => quoteSystemd(text(value)),
  systemd_escape: (value) => escapeUnitName(text(value)),
  systemd_escape_path: (value) => escapeUnitPath(text(value)),
  shell_quote: (value) => `'${oneLine(text(value), 'shell_quote', true).replaceAll("'", `'\\''`)}'`,
  percent_encode: (value) =>
    encodeURIComponent(text(value)).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  sha512: (value) => createHash('sha512').update(text(value)).digest('hex'),
  octal: (value) => {
    const match = /^0?o?([0-7]{1,5})$/.exec(text(value));
    if (match?.[1] === undefined) throw new Error('octal needs a text of octal digits, such as "0644"');
    return Number.parseInt(match[1], 8);
  },
  cidr_host: (value, index) => hostAddress(text(value), bigint(index ?? 1)),
  cidr_network: (value) => networkAddress(text(value)),
  cidr_netmask: (value) => netmask(text(value)),
  cidr_prefix: (value) => prefixLength(text(value)),
  cidr_subnet: (value, bits, index) => subnet(text(value), integer(bits), bigint(index ?? 0)),
  ip_add: (value, count) => addAddress(text(value), bigint(count ?? 1)),
};

/**
 * Liquid filters and tags that are taken away: they read the clock, a random source or the file system, or write into
 * what they are given, so that two renders of one input could differ, or a template could reach beyond its scope.
 */
const REMOVED_FILTERS = [
  'date',
  'date_to_xmlschema',
  'date_to_rfc822',
  'date_to_string',
  'date_to_long_string',
  'sample',
  'raw',
  'inspect',
  'jsonify',
];
const REMOVED_TAGS = ['include', 'render', 'layout', 'block', 'increment', 'decrement'];

/** What Liquid calls a filter on. */
interface FilterContext {
  readonly context: Context;
}

/** Gives a Liquid engine exactly the filters and tags that templates may use. */
export function installFilters(engine: Liquid): void {
  for (const name of REMOVED_FILTERS) delete engine.filters[name];
  for (const name of REMOVED_TAGS) delete engine.tags[name];
  engine.registerTag('assign', StrictAssign);
  engine.registerTag('capture', CountedCapture);
  for (const [name, filter] of Object.entries(FILTERS)) {
    // Words such as `nil` are objects of Liquid's own until they are asked for their value.
    engine.registerFilter(name, function (this: FilterContext, value: unknown, ...args: unknown[]) {
      const result = filter(toValue(value), ...args.map(toValue));
      if (typeof result === 'string') this.context.memoryLimit.use(result.length);
      return result;
    });
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw new Error('the filter needs a text, and got something else');
}

function integer(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 4096) {
    throw new Error('the filter needs a whole number from 0 to 4096 as its argument');
  }
  return number;
}

function bigint(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,39}$/.test(value)) return BigInt(value);
  throw new Error('the filter needs a whole number as its argument');
}

function oneLine(value: string, filter: string, newlines = false): string {
  if (value.includes('\0') || (!newlines && /[\r\n]/.test(value))) {
    throw new Error(`${filter} cannot carry a NUL character${newlines ? '' : ' or a line break'}`);
  }
  return value;
}

/**
 * One word of a command line in a unit file: quoted, C-style escapes, and systemd's own `%` and `$` doubled
 * (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting").
 */
function quoteSystemd(value: string): string {
  const escaped = oneLine(value, 'systemd_quote', true)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return `"${escaped}"`;
}

/** `systemd-escape TEXT`: what may not stand in a unit name becomes `\xNN`, `/` becomes `-` (systemd.unit(5)). */
function escapeUnitName(value: string): string {
  let escaped = '';
  for (const byte of Buffer.from(value)) {
    const character = String.fromCharCode(byte);
    if (character === '/') escaped += '-';
    else if (/[A-Za-z0-9:_]/.test(character) || (character === '.' && escaped !== '')) escaped += character;
    else escaped += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

/** `systemd-escape --path TEXT`: leading, trailing and doubled slashes go first; the root is `-`. */
function escapeUnitPath(value: string): string {
  const trimmed = value.split('/').filter((part) => part !== '' && part !== '.');
  if (trimmed.includes('..')) throw new Error('systemd_escape_path takes no ".." in a path');
  return trimmed.length === 0 ? '-' : escapeUnitName(trimmed.join('/'));
}
