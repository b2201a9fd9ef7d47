import { createHash } from 'node:crypto';
import type { FileTree } from './file-tree.ts';
import { readLocal } from './file-tree.ts';
import type { Node } from './node.ts';
import { child, childText, isNull } from './node.ts';

/**
 * Tells which items of two lists are the same resource. Items with one key merge; an item without a key (undefined) is
 * never the same as another.
 */
export type KeyOf = (item: Node, files: FileTree) => string | undefined;

/** Keys of one mapping of which only one may be set, such as `inline`, `local` and `source`. */
export interface Choice {
  /** Keys that butane writes itself for this choice, so that an earlier value never survives it in Ignition either. */
  readonly resets: readonly string[];
  /** Keys that speak of the content itself: they go when another content takes its place. */
  readonly describes: readonly string[];
}

/** A mapping: known keys have their own rule, all others merge generically. */
export interface MapRule {
  readonly kind: 'map';
  readonly fields: Readonly<Record<string, Rule>>;
  /** The alternatives of a {@link Choice}, by key. */
  readonly choice?: Readonly<Record<string, Choice>>;
  /** Lists that share one key space: an item of a later layer removes its namesake from the other lists. */
  readonly shared?: readonly string[];
}

/** A list of resources or texts with keys. */
export interface KeyedRule {
  readonly kind: 'keyed';
  readonly key: KeyOf;
  readonly item: Rule;
  /** What an item is called in a message. */
  readonly noun: string;
  /** Ignition's name for the key in a message; left out where the key is a text or a content. */
  readonly by?: string;
  /** A later item without this key deletes the earlier one. */
  readonly deletesWithout?: string;
  /** True where butane itself accepts an item twice. */
  readonly repeats?: boolean;
}

/**
 * How a value of a later layer meets that of an earlier one. `value`: the later one wins. `append`: the lists are joined.
 * `generic`: what the table does not know, mappings key by key, else the later one wins.
 */
export type Rule =
  | MapRule
  | KeyedRule
  | { readonly kind: 'value' }
  | { readonly kind: 'append' }
  | { readonly kind: 'generic' };

const VALUE: Rule = { kind: 'value' };
const APPEND: Rule = { kind: 'append' };

/** The rule for keys that no butane schema has; butane reports them as unused. */
const GENERIC: Rule = { kind: 'generic' };

function map(fields: Readonly<Record<string, Rule>>, more: Pick<MapRule, 'choice' | 'shared'> = {}): MapRule {
  return { kind: 'map', fields, ...more };
}

/** A list whose items are named by one of their own keys, as Ignition's `Key()` methods have it. */
function by(field: string, noun: string, item: Rule, more: Pick<KeyedRule, 'deletesWithout' | 'repeats'> = {}): Rule {
  return { kind: 'keyed', key: (node) => childText(node, field), item, noun, by: field, ...more };
}

/** A list of texts in which each stands once: those of the earlier layer first. */
function union(noun: string, more: Pick<KeyedRule, 'repeats'> = {}): Rule {
  return { kind: 'keyed', key: textKey, item: VALUE, noun, ...more };
}

function textKey(item: Node): string | undefined {
  return item.kind === 'scalar' && !isNull(item) ? item.text : undefined;
}

/** Ignition's `Partition.Key()`: the number, or the label where the number is 0 or absent. */
function partitionKey(item: Node): string | undefined {
  if (item.kind !== 'map') return undefined;
  const number = parseInteger(childText(item, 'number') ?? '0');
  if (number !== 0) return `number:${number}`;
  const label = childText(item, 'label');
  return label === undefined ? undefined : `label:${label}`;
}

/** Integers as Go's YAML parser reads them; a text that is none stays a key of its own. */
function parseInteger(text: string): number | string {
  const digits = text.replaceAll('_', '').replace(/^\+/, '');
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8);
  return /^(?:-?\d+|0[box][0-9a-fA-F]+)$/.test(digits) ? Number(digits) : text;
}

/**
 * Ignition's `Resource.Key()` is the source, and butane makes a data URL of the content given by `inline` or `local`:
 * so the content is the key, wherever it comes from. Compressed content is encoded in another way.
 */
function resourceKey(item: Node, files: FileTree): string | undefined {
  if (item.kind !== 'map') return undefined;
  const source = childText(item, 'source');
  if (source !== undefined) return `source ${source}`;
  const inline = childText(item, 'inline');
  const local = childText(item, 'local');
  const content = inline ?? (local === undefined ? undefined : readLocal(files, local));
  if (content === undefined) return local === undefined ? '' : `local ${local}`;
  const digest = createHash('sha256').update(content).digest('hex');
  return `content ${digest} ${childText(item, 'compression') ?? ''}`;
}

const HEADERS = by('name', 'header', map({}), { deletesWithout: 'value' });

const EMBEDDED: Choice = {
  resets: ['compression'],
  describes: ['verification', 'http_headers'],
};
const FETCHED: Choice = { resets: [], describes: [] };

/** Content from somewhere: `contents`, an item of `append`, a merged config, a key file, a certificate authority. */
const RESOURCE = map(
  { http_headers: HEADERS, verification: map({}) },
  { choice: { inline: EMBEDDED, local: EMBEDDED, source: FETCHED } },
);
const RESOURCES: Rule = { kind: 'keyed', key: resourceKey, item: RESOURCE, noun: 'content' };

const UNIT_CHOICE = { contents: FETCHED, contents_local: FETCHED };
const NODE = { group: map({}), user: map({}) };
const TANG = by('url', 'Tang server', map({}));

const IGNITION = map({
  config: map({ merge: RESOURCES, replace: RESOURCE }),
  proxy: map({ no_proxy: union('address') }),
  security: map({ tls: map({ certificate_authorities: RESOURCES }) }),
  timeouts: map({}),
});

const STORAGE = map(
  {
    directories: by('path', 'path', map(NODE)),
    disks: by(
      'device',
      'disk',
      map({ partitions: { kind: 'keyed', key: partitionKey, item: map({}), noun: 'partition' } }),
    ),
    files: by('path', 'path', map({ ...NODE, append: APPEND, contents: RESOURCE })),
    filesystems: by('device', 'filesystem', map({ mount_options: APPEND, options: APPEND })),
    links: by('path', 'path', map(NODE)),
    luks: by(
      'name',
      'LUKS device',
      map({
        cex: map({}),
        clevis: map({ custom: map({}), tang: TANG }),
        key_file: RESOURCE,
        open_options: union('option'),
        options: APPEND,
      }),
    ),
    raid: by('name', 'RAID', map({ devices: union('device'), options: APPEND })),
    trees: APPEND,
  },
  { shared: ['directories', 'files', 'links'] },
);

const PASSWD = map({
  groups: by('name', 'group', map({})),
  users: by(
    'name',
    'user',
    map({
      groups: union('group'),
      ssh_authorized_keys: union('key'),
      ssh_authorized_keys_local: union('key file'),
    }),
  ),
});

const BOOT_DEVICE = map({
  luks: map({ cex: map({}), tang: TANG }),
  mirror: map({ devices: union('device') }),
});

/**
 * How each key of a Butane document merges: the keys of Ignition 3.6's config types (`Key()`, `MergedKeys()` and
 * `IgnoreDuplicates()` in `config/v3_6/types`) in butane's spelling, and butane's own sugar. One table serves all
 * variants (fcos, flatcar, openshift, r4e, fiot), since a key means the same in each that has it.
 */
export const BUTANE: MapRule = map({
  ignition: IGNITION,
  kernel_arguments: map(
    { should_exist: union('kernel argument'), should_not_exist: union('kernel argument') },
    { shared: ['should_exist', 'should_not_exist'] },
  ),
  passwd: PASSWD,
  storage: STORAGE,
  systemd: map({
    units: by(
      'name',
      'unit',
      map({ dropins: by('name', 'drop-in', map({}, { choice: UNIT_CHOICE })) }, { choice: UNIT_CHOICE }),
    ),
  }),
  boot_device: BOOT_DEVICE,
  grub: map({ users: by('name', 'GRUB user', map({}), { repeats: true }) }),
  // The Machine Config Operator joins kernel arguments, which may repeat, and takes each extension once.
  metadata: map({ labels: map({}) }),
  openshift: map({ extensions: union('extension', { repeats: true }), kernel_arguments: APPEND }),
});

/** The rule for a key of a mapping. */
export function fieldRule(rule: MapRule, key: string): Rule {
  return Object.hasOwn(rule.fields, key) ? (rule.fields[key] ?? GENERIC) : GENERIC;
}

/** True for a mapping that sets `key` to anything but null. */
export function sets(node: Node, key: string): boolean {
  const value = child(node, key);
  return value !== undefined && !isNull(value);
}
