import type { Feature } from './feature.ts';

/** One key of a block: where it is, what it takes, and what it is for. */
export interface ReferenceRow {
  /** `containerd.mode`, `bakery[].name`. */
  readonly path: string;
  readonly value: string;
  readonly meaning: string;
}

/** Every key of a feature's block in the order of its schema, a mapping before what is in it. Pure. */
export function referenceRows({ schema }: Pick<Feature, 'schema'>): readonly ReferenceRow[] {
  return rowsBelow(schema, '');
}

/** Tables of all keys of these features, as Markdown with a heading for each. Pure. */
export function referenceMarkdown(features: readonly Feature[]): string {
  return features
    .map((feature) => {
      const rows = referenceRows(feature).map(({ path, value, meaning }) => row([`\`${path}\``, value, meaning]));
      const table = [row(['key', 'value', 'meaning']), '|---|---|---|', ...rows].join('\n');
      return `### \`${feature.name}\`\n\n${feature.summary}.\n\n${table}\n`;
    })
    .join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function rowsBelow(schema: unknown, path: string): readonly ReferenceRow[] {
  const prefix = path === '' ? '' : `${path}.`;
  const required = listAt(schema, 'required');
  const own = Object.entries(Object(at(schema, 'properties'))).flatMap(([key, inner]) => {
    const value = `${describeValue(inner)}${required.includes(key) ? ', required' : ''}`;
    const here = { path: `${prefix}${key}`, value, meaning: textAt(inner, 'description') };
    return [here, ...rowsBelow(inner, `${prefix}${key}`)];
  });
  const items = at(schema, 'items');
  return items === undefined ? own : [...own, ...rowsBelow(items, `${path}[]`)];
}

/** What a key takes, in a few words. */
function describeValue(schema: unknown): string {
  const allowed = at(schema, 'enum');
  if (Array.isArray(allowed)) return allowed.map((each) => `\`${each}\``).join(', ');
  const types = [at(schema, 'type')].flat();
  return types.map((type) => NAMES[String(type)]?.(schema) ?? 'any value').join(' or ');
}

const NAMES: Readonly<Record<string, (schema: unknown) => string>> = {
  string: () => 'text',
  boolean: () => '`true`, `false`',
  integer: (schema) => `whole number${range(schema)}`,
  number: (schema) => `number${range(schema)}`,
  array: (schema) => `list of ${plural(describeValue(at(schema, 'items')))}`,
  object: () => 'mapping',
};

const PLURALS: Readonly<Record<string, string>> = { text: 'texts', mapping: 'mappings' };

function plural(value: string): string {
  return PLURALS[value] ?? value;
}

/** The largest number that is a limit of a type rather than of what it counts. */
const TYPE_LIMIT = 2 ** 31 - 1;

function range(schema: unknown): string {
  const from = at(schema, 'minimum');
  const to = at(schema, 'maximum');
  if (typeof from !== 'number') return typeof to === 'number' ? ` up to ${to}` : '';
  return typeof to === 'number' && to < TYPE_LIMIT ? ` from ${from} to ${to}` : ` from ${from}`;
}

function at(schema: unknown, key: string): unknown {
  return typeof schema === 'object' && schema !== null && Object.hasOwn(schema, key)
    ? Reflect.get(schema, key)
    : undefined;
}

function textAt(schema: unknown, key: string): string {
  const text = at(schema, key);
  return typeof text === 'string' ? text : '';
}

function listAt(schema: unknown, key: string): readonly unknown[] {
  const list = at(schema, key);
  return Array.isArray(list) ? list : [];
}
