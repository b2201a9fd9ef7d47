import type { Diagnostic } from '../../diagnostic.ts';
import type { MapNode, Node } from '../../fragment/node.ts';
import { child, childItems, childText } from '../../fragment/node.ts';
import type { FeatureContext, Whole } from '../feature.ts';
import { EXTENSION_LIST, findExtensionList } from '../shared/extension-list.ts';
import type { Overlaybd } from './block.ts';
import { CONTAINERD_CONFIG, CONTAINERD_DROPIN, chooseContainerd } from './containerd.ts';

/** The extension is masked by a link to nothing, or by a line of the list. */
const CONTAINERD_EXTENSION = 'containerd-flatcar';
const NVIDIA_EXTENSION = 'nvidia-runtime';

/**
 * Looks at the machine as a whole, the author's layers included, for what would keep it from streaming without a word.
 * What a layer overrides on purpose is left alone.
 */
export function reviewOverlaybd(
  block: Overlaybd,
  { document }: Pick<Whole, 'document'>,
  context: FeatureContext,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [...reviewList(document)];
  const { mode, base } = chooseContainerd(block);
  if (mode === 'none') return found;
  const report = (severity: 'error' | 'warning', message: string, hint: string) =>
    found.push(context.report(severity, ['containerd'], message, hint));
  const masked = isMasked(document, CONTAINERD_EXTENSION);
  if (masked && base !== 'bakery') {
    report(
      'error',
      "Flatcar's own containerd is switched off here, and another one reads another config",
      'set `base: bakery`',
    );
  }
  if (!masked && base === 'bakery') {
    report(
      'warning',
      "Flatcar's own containerd is not switched off, and two would be laid over each other",
      'disable containerd-flatcar under `features.sysext`',
    );
  }
  const nvidia = hasExtension(document, NVIDIA_EXTENSION);
  if (nvidia && base !== 'nvidia') {
    report(
      'error',
      'the nvidia-runtime extension brings its own config of containerd, which would be lost',
      'set `base: nvidia`',
    );
  }
  if (!nvidia && base === 'nvidia') {
    report(
      'warning',
      'no nvidia-runtime extension is seen here, and without its config containerd does not start',
      'name it under `features.sysext.bakery`, or take `base: nvidia` out',
    );
  }
  found.push(...reviewUnit(document));
  return found;
}

/** A layer that writes the list for itself takes the extension off it. */
function reviewList(document: MapNode): readonly Diagnostic[] {
  const list = findExtensionList(document);
  if (list?.names.includes('overlaybd')) return [];
  const file = findItem(document, ['storage', 'files'], 'path', EXTENSION_LIST);
  return [
    {
      severity: list === undefined ? 'warning' : 'error',
      code: 'feature',
      message:
        list === undefined
          ? 'a layer replaces the list of enabled extensions with what cannot be seen here'
          : 'a layer replaces the list of enabled extensions, and overlaybd is not on its own',
      origin: list?.origin ?? child(file, 'contents')?.origin ?? document.origin,
      hint: 'remove the file, and name its extensions under `features.sysext.enable`',
    },
  ];
}

/** A drop-in that comes later by name has the last word about the command. */
function reviewUnit(document: MapNode): readonly Diagnostic[] {
  const unit = findItem(document, ['systemd', 'units'], 'name', 'containerd.service');
  const later = childItems(unit, 'dropins').filter((dropin) => {
    const name = childText(dropin, 'name') ?? '';
    return name > CONTAINERD_DROPIN && /^ExecStart=/m.test(childText(dropin, 'contents') ?? '');
  });
  const found = later.map(
    ({ origin }): Diagnostic => ({
      severity: 'error',
      code: 'feature',
      message: `this drop-in comes after ${CONTAINERD_DROPIN}, so that containerd does not read ${CONTAINERD_CONFIG}`,
      origin,
      hint: 'give it a name that sorts before, such as 50-local.conf, or leave ExecStart out',
    }),
  );
  if (childText(unit, 'mask')?.toLowerCase() !== 'true') return found;
  return [
    ...found,
    {
      severity: 'error',
      code: 'feature',
      message: 'containerd is masked, and nothing would ask the snapshotter for anything',
      origin: child(unit, 'mask')?.origin ?? document.origin,
      hint: 'remove `mask`, or set `containerd.mode: none`',
    },
  ];
}

function isMasked(document: MapNode, extension: string): boolean {
  const link = findItem(document, ['storage', 'links'], 'path', imageOf(extension));
  return (
    childText(link, 'target') === '/dev/null' || findExtensionList(document)?.names.includes(`-${extension}`) === true
  );
}

function hasExtension(document: MapNode, extension: string): boolean {
  const link = findItem(document, ['storage', 'links'], 'path', imageOf(extension));
  if (link !== undefined) return childText(link, 'target') !== '/dev/null';
  return findItem(document, ['storage', 'files'], 'path', imageOf(extension)) !== undefined;
}

function imageOf(extension: string): string {
  return `/etc/extensions/${extension}.raw`;
}

/** The item of a list of the document whose key has this text. */
function findItem(
  document: MapNode,
  [root, list]: readonly [string, string],
  key: string,
  text: string,
): Node | undefined {
  return childItems(child(document, root), list).find((item) => childText(item, key) === text);
}
