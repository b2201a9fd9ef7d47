import { compareText } from '../../diagnostic.ts';
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
