import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext } from '../feature.ts';
import { hintFor, isBefore, mayBeBefore } from '../flatcar-release.ts';
import { overlay } from '../keys.ts';
import type { Version } from '../releases.ts';
import type { BackstoreKeys, Overlaybd, SnapshotterKeys } from './block.ts';
import type { Rule } from './rule.ts';
import { applyRules } from './rule.ts';
import { DEFAULT_EXPORTER_PORT, SHIPPED_RUNTIME_TYPE, SHIPPED_SNAPSHOTTER, SNAPSHOTTER_ROOT } from './shipped.ts';

/** The first release whose snapshotter serves docker. */
const FIRST_WITH_DOCKER: Version = [4669, 0, 0];

/** The content of config.json: what is shipped, what the rest of the block asks for, and what the author says. */
export function composeSnapshotter(
  { snapshotter = {} }: Overlaybd,
  httpRegistries: readonly string[],
  { release }: FeatureContext,
): Readonly<Record<string, unknown>> {
  const shipped = {
    ...SHIPPED_SNAPSHOTTER,
    ...(release === undefined || isBefore(release.version, FIRST_WITH_DOCKER) ? {} : SHIPPED_RUNTIME_TYPE),
  };
  const value = overlay(shipped, snapshotter);
  const exporter = snapshotter.exporterConfig;
  // Both daemons would take the same port, and this one would not even say so.
  if (exporter?.enable === true) {
    value.exporterConfig = { uriPrefix: '/metrics', port: DEFAULT_EXPORTER_PORT + 1, ...exporter };
  }
  const known = new Set(snapshotter.mirrorRegistry?.map(({ host }) => host));
  const more = httpRegistries.filter((host) => !known.has(host)).map((host) => ({ host, insecure: true }));
  if (more.length > 0) value.mirrorRegistry = [...(snapshotter.mirrorRegistry ?? []), ...more];
  return value;
}

/** The content of both files. */
export interface Effective {
  readonly snapshotter: SnapshotterKeys;
  readonly backstore: BackstoreKeys;
}

const RULES: readonly Rule<Effective>[] = [
  ({ snapshotter }, _, { release }) =>
    snapshotter?.runtimeType === 'docker' && mayBeBefore(release, FIRST_WITH_DOCKER)
      ? [
          'error',
          ['snapshotter', 'runtimeType'],
          'docker needs the snapshotter of Flatcar 4669.0.0 or newer; older ones ignore the key',
          hintFor(release, '4669.0.0'),
        ]
      : undefined,
  ({ snapshotter }, effective) =>
    snapshotter?.runtimeType === 'docker' && effective.snapshotter.rwMode !== 'overlayfs'
      ? [
          'error',
          ['snapshotter', 'rwMode'],
          'docker works with the rwMode overlayfs alone',
          'leave `rwMode` out; a container asks for another with the label containerd.io/snapshot/overlaybd.writable',
        ]
      : undefined,
  ({ snapshotter, containerd }) =>
    snapshotter?.runtimeType === 'docker' && containerd?.mode === 'none'
      ? [
          'error',
          ['snapshotter', 'runtimeType'],
          'docker needs the proxy plugin in the config of containerd, which is left alone here',
          'set `containerd.mode: proxy`',
        ]
      : undefined,
  (_, { snapshotter, backstore }) => {
    const [one, other] = [snapshotter.exporterConfig, backstore.exporterConfig];
    if (one?.enable !== true || other?.enable !== true) return undefined;
    if ((one.port ?? DEFAULT_EXPORTER_PORT) !== (other.port ?? DEFAULT_EXPORTER_PORT)) return undefined;
    return [
      'error',
      ['snapshotter', 'exporterConfig', 'port'],
      'both daemons would serve metrics on one port: one ends, and the other serves none without a word',
      'choose two ports',
    ];
  },
  ({ containerd }, { snapshotter: { root = '' } }) => {
    if (containerd?.mode !== 'none' || root === SNAPSHOTTER_ROOT) return undefined;
    return [
      'error',
      ['snapshotter', 'root'],
      'containerd has to be told of another root in `exports.root` of the proxy plugin, and its config is left alone here',
      'leave `root` out, or let `containerd.mode` be another than none',
    ];
  },
  ({ snapshotter }) => {
    const index = snapshotter?.mirrorRegistry?.findIndex(({ insecure }) => insecure !== true) ?? -1;
    if (index < 0) return undefined;
    return [
      'error',
      ['snapshotter', 'mirrorRegistry', index],
      'this is no mirror: the entry does nothing but have layers read over http, and it does not say so',
      'write `insecure: true`, or remove it',
    ];
  },
  (_, { snapshotter: { rootfsQuota, rwMode } }) =>
    rootfsQuota !== undefined && rwMode !== 'overlayfs'
      ? ['error', ['snapshotter', 'rootfsQuota'], 'a quota needs the rwMode overlayfs', 'leave `rwMode` out']
      : undefined,
  ({ disk }, { snapshotter: { rootfsQuota } }) => {
    if (rootfsQuota === undefined) return undefined;
    if (disk === undefined)
      return [
        'warning',
        ['snapshotter', 'rootfsQuota'],
        'a quota needs a file system that is mounted with prjquota below the root of the snapshotter',
        'give the machine a `disk`, or mount one in a layer',
      ];
    if ((disk.format ?? 'ext4') === 'ext4' && disk.wipe !== true)
      return [
        'warning',
        ['disk'],
        'an ext4 that is on the disk already has no project quotas, and would not be mounted, which ends the boot',
        'use `wipe: true` or xfs, unless the disk is empty or was made so',
      ];
    return disk.format === 'btrfs'
      ? ['error', ['disk', 'format'], 'btrfs has no project quotas, which `rootfsQuota` needs', 'use ext4 or xfs']
      : undefined;
  },
];

/** What is wrong or doubtful about the snapshotter. */
export function checkSnapshotter(
  block: Overlaybd,
  effective: Effective,
  context: FeatureContext,
): readonly Diagnostic[] {
  return applyRules(RULES, block, effective, context);
}
