import type { Origin } from '../diagnostic.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { listNode, mapNode, plainNode, textNode } from '../fragment/node.ts';
import type { Part, Section } from './feature.ts';

/** A file with its content, 0644 unless a mode is given; it replaces what the image has there. */
export function filePart(origin: Origin, path: string, content: string, mode = 0o644): Part {
  return { section: 'files', origin, value: { path, overwrite: true, mode, contents: { inline: content } } };
}

/** A symbolic link; it replaces what the image has there. */
export function linkPart(origin: Origin, path: string, target: string): Part {
  return { section: 'links', origin, value: { path, target, hard: false, overwrite: true } };
}

/** A unit of systemd: its own text, drop-ins, or both. */
export function unitPart(
  origin: Origin,
  name: string,
  unit: {
    readonly enabled?: boolean;
    readonly contents?: string;
    readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
  },
): Part {
  return { section: 'units', origin, value: { name, ...unit } };
}

const SECTION_KEYS: Readonly<Record<Section, readonly [string, string]>> = {
  files: ['storage', 'files'],
  directories: ['storage', 'directories'],
  links: ['storage', 'links'],
  filesystems: ['storage', 'filesystems'],
  units: ['systemd', 'units'],
};

/** Makes one Butane document of parts, in their order; without variant and version, which are those of the profile. */
export function toDocument(parts: readonly Part[], origin: Origin): MapNode {
  const roots = new Map<string, Map<string, Node[]>>();
  for (const { section, value, origin: at } of parts) {
    const [root, list] = SECTION_KEYS[section];
    const lists = roots.get(root) ?? new Map<string, Node[]>();
    roots.set(root, lists);
    lists.set(list, [...(lists.get(list) ?? []), toNode(value, at)]);
  }
  const entry = (value: Node) => ({ keyOrigin: origin, value });
  return mapNode(
    [...roots].map(([root, lists]) => [
      root,
      entry(
        mapNode(
          [...lists].map(([list, items]) => [list, entry(listNode(items, origin))]),
          origin,
        ),
      ),
    ]),
    origin,
  );
}

/** Like `fromValue`, with modes in octal, as butane's authors write them. */
function toNode(value: unknown, origin: Origin): Node {
  if (typeof value === 'string') return textNode(value, origin);
  if (Array.isArray(value)) {
    return listNode(
      value.map((item) => toNode(item, origin)),
      origin,
    );
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => {
      const node = key === 'mode' ? plainNode(`0${Number(inner).toString(8)}`, origin) : toNode(inner, origin);
      return [key, { keyOrigin: origin, value: node }] as const;
    });
    return mapNode(entries, origin);
  }
  return plainNode(String(value), origin);
}
