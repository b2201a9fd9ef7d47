import type { Origin } from '../diagnostic.ts';
import { locateText } from './locate.ts';
import type { Node } from './node.ts';

/**
 * Where a report entry of butane or Ignition belongs in the author's document: an unused key at the key, a value at the
 * value, what is missing at its nearest parent. The path is resolved, never the line, since the line is that of the text
 * butane was given.
 */
export function reportOrigin(root: Node, path: string | undefined, message: string): Origin {
  if (path === undefined) return root.origin;
  const location = locateText(root, path);
  return location.complete && message.startsWith('unused key') ? location.keyOrigin : location.node.origin;
}
