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
  const nvidia = hasExtension(document, NVIDIA_EXTENSION);
  if (masked && nvidia) {
    const message =
      "nvidia-runtime beside another containerd than Flatcar's own has no config that is known to be right";
    report('error', message, "take Flatcar's containerd, or set `mode: none` and write a config of your own");
  } else if (masked && base !== 'bakery') {
    const message = "Flatcar's own containerd is switched off here, and another one reads another config";
    report('error', message, 'set `base: bakery`');
  } else if (nvidia && base !== 'nvidia') {
    const message = 'the nvidia-runtime extension brings its own config of containerd, which would be lost';
    report('error', message, 'set `base: nvidia`');
  }
  if (!masked && base === 'bakery') {
    const message = "Flatcar's own containerd is not switched off, and two would be laid over each other";
    report('warning', message, 'disable containerd-flatcar under `features.sysext`');
  }
  if (!nvidia && base === 'nvidia' && mode !== 'cri-runtime') {
    const message = 'no nvidia-runtime extension is seen here, and without its config containerd does not start';
    report('warning', message, 'name it under `features.sysext.bakery`, or take `base: nvidia` out');
  }
  found.push(...reviewConfig(document));
  found.push(...reviewUnits(document));
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

/** A layer's own config of containerd that does not know the snapshotter. */
function reviewConfig(document: MapNode): readonly Diagnostic[] {
  const contents = child(findItem(document, ['storage', 'files'], 'path', CONTAINERD_CONFIG), 'contents');
  if (contents === undefined || childText(contents, 'inline')?.includes('overlaybd')) return [];
  return [
    {
      severity: 'warning',
      code: 'feature',
      message: `a layer replaces ${CONTAINERD_CONFIG}, and nothing of overlaybd is seen in it`,
      origin: contents.origin,
      hint: 'remove the file, or set `containerd.mode: none`',
    },
  ];
}

/** Units without which nothing streams. */
const NEEDED = ['containerd.service', 'overlaybd-snapshotter.service', 'overlaybd-tcmu.service'];

/** A drop-in that comes later by name has the last word about the command. */
function reviewUnits(document: MapNode): readonly Diagnostic[] {
  const unit = findItem(document, ['systemd', 'units'], 'name', 'containerd.service');
  const later = childItems(unit, 'dropins').filter((dropin) => {
    const name = childText(dropin, 'name') ?? '';
    return name > CONTAINERD_DROPIN && /^\s*ExecStart\s*=/m.test(childText(dropin, 'contents') ?? '');
  });
  const replaced = later.map(
    ({ origin }): Diagnostic => ({
      severity: 'error',
      code: 'feature',
      message: `this drop-in comes after ${CONTAINERD_DROPIN}, so that containerd does not read ${CONTAINERD_CONFIG}`,
      origin,
      hint: 'give it a name that sorts before, such as 50-local.conf, or leave ExecStart out',
    }),
  );
  const masked = NEEDED.flatMap((name): readonly Diagnostic[] => {
    const mask = child(findItem(document, ['systemd', 'units'], 'name', name), 'mask');
    if (mask?.kind !== 'scalar' || mask.text.toLowerCase() !== 'true') return [];
    const message = `${name} is masked, and nothing would stream`;
    const hint = 'remove `mask`, or set `containerd.mode: none`';
    return [{ severity: 'error', code: 'feature', message, origin: mask.origin, hint }];
  });
  return [...replaced, ...masked];
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
