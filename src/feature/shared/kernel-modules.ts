import { compareText } from '../../diagnostic.ts';
import type { Contribution, Part } from '../feature.ts';
import { filePart } from '../parts.ts';

/** Renders the kernel modules of all features into the one file that loads them at each boot. */
export function renderKernelModules(contributions: readonly Contribution[]): readonly Part[] {
  const modules = contributions.filter((each) => each.kind === 'kernel-module');
  const [first] = modules;
  if (first === undefined) return [];
  const names = [...new Set(modules.map(({ name }) => name))].sort(compareText);
  return [filePart(first.origin, '/etc/modules-load.d/pilotlight.conf', `${names.join('\n')}\n`)];
}
