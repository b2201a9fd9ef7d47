import type { Origin } from '../diagnostic.ts';
import type { Node, PathSegment } from './node.ts';

/** What a path leads to: the deepest known node, where its key stands, and the segments that were really there. */
export interface Location {
  readonly node: Node;
  /** Where the key of `node` stands; the node's own place for list items and the root. */
  readonly keyOrigin: Origin;
  readonly path: readonly PathSegment[];
  /** True when the whole path exists; false when `node` is only the nearest parent of what was asked for. */
  readonly complete: boolean;
}

/** Follows a path of segments as far as it goes; a missing key leads to its parent. */
export function locate(root: Node, path: readonly PathSegment[]): Location {
  let node = root;
  let keyOrigin = root.origin;
  for (const [depth, segment] of path.entries()) {
    const entry = node.kind === 'map' ? node.entries.get(String(segment)) : undefined;
    const item = node.kind === 'list' && isIndex(segment) ? node.items[Number(segment)] : undefined;
    const next = entry?.value ?? item;
    if (next === undefined) return { node, keyOrigin, path: path.slice(0, depth), complete: false };
    keyOrigin = entry?.keyOrigin ?? next.origin;
    node = next;
  }
  return { node, keyOrigin, path, complete: true };
}

/**
 * Follows a path in butane's spelling, `$.storage.files.0.path`. butane joins keys with dots and does not escape dots
 * inside them, so a key such as `a.b` is found by trying the longest key that fits, and going back when that leads
 * nowhere. The answer is the reading that gets furthest.
 */
export function locateText(root: Node, text: string): Location {
  const rest = text === '$' ? '' : text.replace(/^\$\./, '');
  const start: Location = { node: root, keyOrigin: root.origin, path: [], complete: rest === '' };
  return rest === '' ? start : follow(start, rest).location;
}

function follow(from: Location, rest: string): { location: Location; left: number } {
  let best: { location: Location; left: number } = { location: { ...from, complete: false }, left: rest.length + 1 };
  for (const step of steps(from.node, rest)) {
    const after = rest.slice(step.length + 1);
    const location: Location = {
      node: step.node,
      keyOrigin: step.keyOrigin,
      path: [...from.path, step.segment],
      complete: rest.length === step.length,
    };
    const reached = location.complete ? { location, left: 0 } : follow(location, after);
    if (reached.left < best.left) best = reached;
    if (best.left === 0) break;
  }
  return best;
}

interface Step {
  readonly segment: PathSegment;
  readonly length: number;
  readonly node: Node;
  readonly keyOrigin: Origin;
}

function steps(node: Node, rest: string): Step[] {
  if (node.kind === 'scalar') return [];
  if (node.kind === 'list') {
    const head = rest.split('.', 1)[0] ?? '';
    const item = isIndex(head) ? node.items[Number(head)] : undefined;
    return item === undefined
      ? []
      : [{ segment: Number(head), length: head.length, node: item, keyOrigin: item.origin }];
  }
  return [...node.entries]
    .filter(([key]) => rest === key || rest.startsWith(`${key}.`))
    .sort(([a], [b]) => b.length - a.length)
    .map(([key, entry]) => ({ segment: key, length: key.length, node: entry.value, keyOrigin: entry.keyOrigin }));
}

function isIndex(segment: PathSegment): boolean {
  return /^\d{1,9}$/.test(String(segment));
}
