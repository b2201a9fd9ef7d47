import type { Origin } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { isKeys } from '../feature/keys.ts';
import { emitButane } from '../fragment/emit.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, isNull, listNode, mapNode, textNode, withChild, withoutChild } from '../fragment/node.ts';
import { isTemplate } from '../fragment/template.ts';
import { fromValue } from '../fragment/value.ts';
import type { Difference } from './differences.ts';
import type { Secret } from './recognition.ts';

/** What a profile is made of. */
export interface ProfileParts {
  readonly origin: Origin;
  readonly overlaybd: Keys;
  readonly sysext?: Keys;
  readonly secrets: readonly Secret[];
  /** What the blocks do not stand for. */
  readonly layer: MapNode;
}

/** A document without what blocks stand for; lists that lose all their items go as well. */
export function restOf(
  document: MapNode,
  taken: readonly MapNode[],
  replaced: readonly (readonly [MapNode, MapNode])[],
): MapNode {
  const gone = new Set<Node>(taken);
  const changes = new Map<Node, MapNode>(replaced);
  let rest = document;
  for (const [root, list] of LISTS) {
    const section = child(rest, root);
    const items = child(section, list);
    if (section?.kind !== 'map' || items?.kind !== 'list') continue;
    const kept = items.items
      .filter((item) => !gone.has(item))
      .map((item) => changes.get(item) ?? item)
      .filter((item) => item.kind !== 'map' || !saysNothing(item));
    if (kept.length > 0) rest = withChild(rest, root, withChild(section, list, listNode(kept, items.origin)));
    else {
      const emptied = withoutChild(section, list);
      rest = emptied.entries.size === 0 ? withoutChild(rest, root) : withChild(rest, root, emptied);
    }
  }
  return rest;
}

const LISTS = [
  ['storage', 'files'],
  ['storage', 'links'],
  ['storage', 'filesystems'],
  ['systemd', 'units'],
] as const;

/** A unit of which its name is left. */
function saysNothing(item: MapNode): boolean {
  return [...item.entries].every(([key, { value }]) => key === 'name' || isNull(value));
}

/** The profile as YAML, without the comments at its top. */
export function writeProfile({ origin, overlaybd, sysext, secrets, layer }: ProfileParts): string {
  const properties = Object.fromEntries(
    secrets.map(({ name, description }) => [name, { type: 'string', minLength: 1, description }]),
  );
  const parameters = { type: 'object', required: secrets.map(({ name }) => name), properties };
  const features = literalValues({ overlaybd, ...(sysext === undefined ? {} : { sysext }) });
  const entry = (value: Node) => ({ keyOrigin: origin, value });
  return emitButane(
    mapNode(
      [
        ['features', entry(fromValue(features, origin))],
        ...(secrets.length === 0 ? [] : [['parameters', entry(fromValue(parameters, origin))] as const]),
        ['butane', entry(literal(layer))],
      ],
      origin,
    ),
  );
}

/** A layer within a profile has templates, which a hand-written document has not. */
function literal(node: Node): Node {
  if (node.kind === 'list') return { ...node, items: node.items.map(literal) };
  if (node.kind === 'map') {
    const entries = [...node.entries].map(([key, entry]) => [key, { ...entry, value: literal(entry.value) }] as const);
    return { ...node, entries: new Map(entries) };
  }
  if (!isTemplate(node.text)) return node;
  return { ...textNode(literalText(node.text), node.origin), ...(node.tag === undefined ? {} : { tag: node.tag }) };
}

/** The same for the blocks, of which the parameters for secrets are templates on purpose. */
function literalValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literalValues);
  if (isKeys(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literalValues(inner)]));
  const given = typeof value === 'string' && isTemplate(value) && !/^\{\{ parameters\.\w+ \}\}$/.test(value);
  return given ? literalText(value) : value;
}

/** A template that gives the text. */
export function literalText(text: string): string {
  return text.replace(/\{[{%]/g, (opening) => `{{ "${opening}" }}`);
}

const MARKS: Readonly<Record<Difference['change'], string>> = { added: '+', removed: '-', changed: '~', same: '=' };

/** The comments at the top of a profile: what the machine gets otherwise than before, and where to put what is secret. */
export function writeComments(file: string, differences: readonly Difference[], secrets: readonly Secret[]): string {
  const lines = [
    `Adopted from ${file}, without its comments. What a machine gets of it, item by item, compared with that file:`,
    '= the same in meaning, + new, - gone, ~ changed in the keys that are named',
    ...differences.map(formatDifference),
    ...(secrets.length === 0
      ? []
      : [
          '',
          'Passwords are parameters, and the values are not here. Give them in a group, or in site.yaml, under `parameters`:',
          ...secrets.map(({ name, diagnostic: { origin } }) => `  ${name} (${place(origin)})`),
        ]),
  ];
  return lines.map((line) => (line === '' ? '#\n' : `# ${comment(line)}\n`)).join('');
}

/** One difference on one line. */
export function formatDifference({ change, kind, name, details }: Difference): string {
  return `  ${MARKS[change]} ${kind} ${name}${details.length === 0 ? '' : `: ${details.join(', ')}`}`;
}

function place(origin: Origin | undefined): string {
  return origin === undefined ? '' : `${origin.file}:${origin.line}:${origin.column}`;
}

/** Whatever a name holds, the comment ends with the line. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\ufeff\ufffe\uffff]/gu, ' ');
}
