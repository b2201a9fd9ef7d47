import type { Diagnostic } from '../../diagnostic.ts';
import type { Whole } from '../feature.ts';
import { findExtensionList } from '../shared/extension-list.ts';
import type { Sysext } from './block.ts';

/** A layer that writes the list for itself takes off it what is enabled here. */
export function reviewSysext({ enable = [] }: Sysext, { document }: Whole): readonly Diagnostic[] {
  const list = findExtensionList(document);
  const missing = enable.filter((name) => list?.names.includes(name) === false);
  if (list === undefined || missing.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'feature',
      message: `a layer replaces the list of enabled extensions, and ${missing.join(', ')} is not on its own`,
      origin: list.origin,
      hint: 'remove the file, and name its extensions under `features.sysext.enable`',
    },
  ];
}
