import type { Diagnostic } from '../diagnostic.ts';
import { findRelease, isBefore, isReleaseFault } from '../feature/flatcar-release.ts';
import type { Keys } from '../feature/keys.ts';
import { overlay } from '../feature/keys.ts';
import type { Version } from '../feature/releases.ts';
import { EXTENSION_LIST } from '../feature/shared/extension-list.ts';
import { recogniseContainerd } from './containerd.ts';
import { recogniseCredentials } from './credentials.ts';
import { recogniseExtensions } from './extensions.ts';
import {
  recogniseAuthorities,
  recogniseDisk,
  recogniseDocker,
  recogniseModules,
  recogniseStart,
  releaseOf,
} from './machine-parts.ts';
import type { Original } from './original.ts';
import { recognisePrepulls } from './prepull.ts';
import type { Recognition } from './recognition.ts';
import { keysAt, recognised, valueAt, whatDiffers } from './recognition.ts';
import { recogniseBackstore, recogniseSnapshotter } from './settings-files.ts';

/** All recognitions of a document, as one. */
export interface Whole extends Recognition {
  readonly sysext?: Keys;
}

/** Looks at a document for all that the blocks can say; `listAsBlock` is about extensions other than overlaybd. */
export function recogniseAll(original: Original, release: string | undefined, listAsBlock: boolean): Whole {
  const extensions = recogniseExtensions(original, listAsBlock);
  const backstore = recogniseBackstore(original);
  const config = keysAt(backstore.effective, 'credentialConfig');
  const credentials = recogniseCredentials(original, config);
  const docker = recogniseDocker(original);
  const snapshotter = recogniseSnapshotter(original, backstore.effective);
  const containerd = recogniseContainerd(original);
  const mode = valueAt(containerd.block, 'containerd', 'mode');
  const prepulls = recognisePrepulls(original, credentials.logins, {
    criMode: mode === 'cri-default' || mode === 'cri-runtime',
    mayAddLogins: config.mode === 'file' && !credentials.kept,
  });
  const disk = recogniseDisk(original, valueAt(snapshotter.effective, 'rootfsQuota') !== undefined);
  const parts: readonly Recognition[] = [
    extensions,
    containerd,
    snapshotter,
    backstore,
    credentials,
    prepulls,
    recogniseAuthorities(original),
    disk,
    docker,
    recogniseStart(original),
    recogniseModules(original),
  ];
  const found = parts.some((part) => part.found);
  const logins = [...credentials.logins, ...prepulls.logins].map(({ entry }) => entry);
  const { credentialConfig: _, ...settings } = keysAt(backstore.block, 'backstore');
  const backstoreKeys = {
    ...settings,
    ...(credentials.kept ? { credentialConfig: { mode: 'file', path: config.path } } : {}),
  };
  const { backstore: __, ...others } = Object.assign({}, ...parts.map((part) => part.block)) as Keys;
  let block: Keys = {
    ...others,
    ...(Object.keys(backstoreKeys).length === 0 ? {} : { backstore: backstoreKeys }),
    ...(logins.length > 0 ? { credentials: logins } : {}),
    ...(config.mode === 'file' ? {} : { credentials: serviceOf(config) }),
  };
  if (block.disk !== undefined) block = overlay(block, { backstore: cachesOf(backstore.effective) });
  const diagnostics: Diagnostic[] = parts.flatMap((part) => part.diagnostics);
  if (docker.docker) {
    if (mode === 'none' && original.files.get('/etc/containerd/config.toml') === undefined) {
      const message = 'docker needs the proxy plugin overlaybd in the config of containerd, which is not written here';
      diagnostics.push(original.report('warning', original.document.origin, message, 'the block writes it'));
      const { containerd: ___, ...rest } = block;
      block = rest;
    }
    if (valueAt(snapshotter.effective, 'runtimeType') !== 'docker') {
      const message = 'docker uses the snapshotter here, which is set up to serve containerd';
      const hint = 'the block says `runtimeType: docker` in its config';
      diagnostics.push(original.report('warning', original.document.origin, message, hint));
      block = overlay(block, { snapshotter: { runtimeType: 'docker' } });
    }
  }
  if (found && mode === 'none' && block.containerd !== undefined) diagnostics.push(...unused(original, containerd));
  if (found && !extensions.found && !isInstalled(original) && extensions.diagnostics.length === 0) {
    const message = `the extension is not enabled: ${EXTENSION_LIST} is missing, or does not name overlaybd`;
    diagnostics.push(original.report('warning', original.document.origin, message, 'the block enables it'));
  }
  const released = withRelease(original, block, release);
  return {
    ...recognised({
      found,
      block: inOrder(released.block),
      taken: parts.flatMap((part) => part.taken),
      replaced: parts.flatMap((part) => part.replaced),
      moved: parts.flatMap((part) => part.moved),
      secrets: [...credentials.secrets, ...prepulls.secrets],
      diagnostics: [...diagnostics, ...released.diagnostics],
    }),
    ...(extensions.sysext === undefined ? {} : { sysext: extensions.sysext }),
  };
}

/** A service for credentials with what is not as its program would have it anyway. */
function serviceOf(config: Keys): Keys {
  return whatDiffers(config, { timeout: 1 });
}

/** A disk of the block takes the caches with it, which stay where they are told to. */
function cachesOf(effective: Keys): Keys {
  const cacheDir = (section: string) => ({ cacheDir: valueAt(effective, section, 'cacheDir') });
  return {
    cacheConfig: cacheDir('cacheConfig'),
    ...(valueAt(effective, 'gzipCacheConfig', 'enable') === true
      ? { gzipCacheConfig: cacheDir('gzipCacheConfig') }
      : {}),
  };
}

/** Without the plugin in the config of containerd nothing uses what the extension brings. */
function unused(original: Original, containerd: Recognition): readonly Diagnostic[] {
  if (containerd.found || containerd.diagnostics.length > 0) return [];
  const message = 'containerd is told nothing of overlaybd, so that nothing uses it until somebody does';
  return [original.report('info', original.document.origin, message, 'take `mode: none` out of the block to tell it')];
}

/** The extension need not come by the list. */
function isInstalled(original: Original): boolean {
  const names = [...original.files.keys(), ...original.links.map(({ path }) => path)];
  return names.some((name) => /^\/etc\/extensions\/(?:flatcar-)?overlaybd\.raw$/.test(name));
}

const ORDER = ['release', 'containerd', 'snapshotter', 'backstore', 'credentials', 'prepull', 'authorities', 'disk'];

function inOrder(block: Keys): Keys {
  return Object.fromEntries(ORDER.flatMap((key) => (block[key] === undefined ? [] : [[key, block[key]]])));
}

/** Keys that older releases ignore, and the first one that does not. */
const SINCE: readonly {
  readonly path: readonly [string, string];
  readonly value?: string;
  readonly first: Version;
}[] = [
  { path: ['snapshotter', 'runtimeType'], value: 'docker', first: [4669, 0, 0] },
  { path: ['backstore', 'serviceConfig'], first: [4722, 0, 0] },
  { path: ['credentials', 'mode'], value: 'https', first: [4722, 0, 0] },
  { path: ['credentials', 'mode'], value: 'uds', first: [4799, 0, 0] },
];

/** The block with the release that it is for, when one is told, or when a key of it needs one. */
function withRelease(
  original: Original,
  block: Keys,
  given: string | undefined,
): { readonly block: Keys; readonly diagnostics: readonly Diagnostic[] } {
  const seen = given === undefined ? releaseOf(original) : { name: given, origin: original.document.origin };
  const diagnostics: Diagnostic[] = [];
  const needed = SINCE.filter(({ path, value }) => {
    const found = valueAt(block, ...path);
    return found !== undefined && (value === undefined || found === value);
  });
  if (seen !== undefined) {
    const found = findRelease(seen.name);
    const fault = isReleaseFault(found) ? found.message : found.overlaybd === undefined ? NO_EXTENSION : undefined;
    if (!isReleaseFault(found) && fault === undefined) {
      let kept: Keys = { ...block, release: seen.name };
      for (const { path, first } of needed.filter((each) => isBefore(found.version, each.first))) {
        const message = `\`${path.join('.')}\` needs Flatcar ${first.join('.')}: this release ignores it`;
        diagnostics.push(original.report('warning', seen.origin, message, 'it is left out'));
        const { [path[1]]: _, ...rest } = keysAt(kept, path[0]);
        kept = { ...kept, [path[0]]: path[0] === 'credentials' ? undefined : rest };
      }
      return { block: kept, diagnostics };
    }
    const hint = 'the block names no release: name the one that you will boot';
    diagnostics.push(original.report('warning', seen.origin, fault ?? '', hint));
  }
  const newest = needed
    .map(({ first }) => first)
    .reduce<Version | undefined>(
      (most, first) => (most === undefined || isBefore(most, first) ? first : most),
      undefined,
    );
  if (newest === undefined) return { block, diagnostics };
  const release = newest.join('.');
  const message = `older releases than ${release} ignore some of this, so the block is for that one`;
  diagnostics.push(original.report('info', original.document.origin, message, 'name the release that you boot'));
  return { block: { ...block, release }, diagnostics };
}

const NO_EXTENSION = 'this release has no overlaybd extension, and a machine that is to enable it does not boot';
