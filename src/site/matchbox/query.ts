import { isMachineKey, type MACHINE_KEYS } from '../../machine/label.ts';
import type { Machine } from '../../machine/machine.ts';

/** Bounds on a query: more than a boot loader says, and less than what takes long to look at. */
const MAX_LABELS = 256;

/**
 * The labels of a query as matchbox reads them: keys keep their case, the first of repeated ones counts, empty values
 * stay, a part with a raw `;` or a broken escape is dropped, and so is a `mac` (in any case) that is none. A machine is
 * never refused for them.
 */
export function readLabels(rawQuery: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const part of rawQuery.split('&')) {
    if (part === '' || part.includes(';') || labels.size >= MAX_LABELS) continue;
    const equals = part.indexOf('=');
    const key = unescapeQuery(equals === -1 ? part : part.slice(0, equals));
    const value = unescapeQuery(equals === -1 ? '' : part.slice(equals + 1));
    if (key !== undefined && value !== undefined && !labels.has(key)) labels.set(key, value);
  }
  for (const [key, value] of labels) {
    if (key.toLowerCase() !== 'mac') continue;
    const mac = parseMac(value);
    if (mac === undefined) labels.delete(key);
    else labels.set(key, mac);
  }
  return labels;
}

/** A part of a query in plain text; undefined when an escape is broken. */
function unescapeQuery(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  const bytes = spaced.split(/(%[0-9a-fA-F]{2})/).map((part, index) =>
    // Every second part is an escape.
    index % 2 === 0 ? Buffer.from(part) : Buffer.from(part.slice(1), 'hex'),
  );
  return Buffer.concat(bytes).toString('utf8');
}

const PAIR = '[0-9a-fA-F]{2}';
const QUAD = '[0-9a-fA-F]{4}';
const MAC = new RegExp(
  [5, 7, 19]
    .flatMap((more) => [`${PAIR}(?::${PAIR}){${more}}`, `${PAIR}(?:-${PAIR}){${more}}`, `(?:${PAIR}){${more + 1}}`])
    .concat([2, 3, 9].map((more) => `${QUAD}(?:\\.${QUAD}){${more}}`))
    .map((form) => `^(?:${form})$`)
    .join('|'),
);

/**
 * A MAC address of 6, 8 or 20 octets in lower case with colons; undefined for what Go's `net.ParseMAC` refuses. Bare
 * digits are taken too, as new releases of Go do.
 */
export function parseMac(text: string): string | undefined {
  if (!MAC.test(text)) return undefined;
  return text.toLowerCase().replace(/[:.-]/g, '').match(/../g)?.join(':');
}

/** A machine by the query that it came with. */
export function machineOfQuery(rawQuery: string): Machine {
  const labels = readLabels(rawQuery);
  const known: Partial<Record<(typeof MACHINE_KEYS)[number], string>> = Object.create(null);
  const free: Record<string, string> = Object.create(null);
  for (const [key, value] of labels) {
    if (isMachineKey(key)) known[key] = value;
    else free[key] = value;
  }
  return Object.freeze({
    known: Object.freeze(known),
    labels: Object.freeze(free),
    entries: [...labels],
    // Templates read the query itself, so nothing less tells two machines apart.
    key: rawQuery,
    rawQuery,
  });
}

/** A machine that a person describes by its labels. */
export function machineOfLabels(labels: Iterable<readonly [string, string]>): Machine {
  const pairs = [...labels].map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return machineOfQuery(pairs.join('&'));
}
