import type { Origin } from '../../diagnostic.ts';
import { compareText } from '../../diagnostic.ts';
import type { MapNode } from '../../fragment/node.ts';
import { child, childItems, childText } from '../../fragment/node.ts';
import type { Contribution, Part } from '../feature.ts';
import { filePart } from '../parts.ts';

/** Where Flatcar reads, at each boot, which of the extensions that its release offers are wanted. */
export const EXTENSION_LIST = '/etc/flatcar/enabled-sysext.conf';

/** Renders the list of enabled system extensions: Butane cannot append to a file, so the list has one writer. */
export function renderExtensionList(contributions: readonly Contribution[]): readonly Part[] {
  const extensions = contributions.filter((each) => each.kind === 'extension');
  const [first] = extensions;
  if (first === undefined) return [];
  const names = [...new Set(extensions.map(({ name }) => name))].sort(compareText);
  return [filePart(first.origin, EXTENSION_LIST, `${names.join('\n')}\n`)];
}

/** The list as the machine gets it, layers included: its lines without comments, and who wrote it. */
export interface ExtensionList {
  readonly names: readonly string[];
  readonly origin: Origin;
}

/** Finds the list in a composed document. None is found where a layer has put something else than a text there. */
export function findExtensionList(document: MapNode): ExtensionList | undefined {
  const files = childItems(child(document, 'storage'), 'files');
  const file = files.find((item) => childText(item, 'path') === EXTENSION_LIST);
  const contents = child(file, 'contents');
  const text = childText(contents, 'inline');
  if (contents === undefined || text === undefined) return undefined;
  const names = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return { names: names.filter((name) => name !== ''), origin: contents.origin };
}
