import type { Diagnostic } from '../../diagnostic.ts';
import { writeToml } from '../../fragment/write-toml.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { filePart, unitPart } from '../parts.ts';
import type { ContainerdKeys, Overlaybd, SnapshotterKeys } from './block.ts';
import type { Rule } from './rule.ts';
import { applyRules } from './rule.ts';

/** Where our config is. */
export const CONTAINERD_CONFIG = '/etc/containerd/config.toml';
const BASE_CONFIGS = {
  flatcar: '/usr/share/containerd/config.toml',
  nvidia: '/etc/containerd/config-nvidia.toml',
} as const;

/** The extension of the bakery brings `10-nvidia.conf`, and the last drop-in by name wins. */
export const CONTAINERD_DROPIN = '90-overlaybd.conf';

type Table = Readonly<Record<string, unknown>>;
type Mode = NonNullable<ContainerdKeys['mode']>;
type Base = NonNullable<ContainerdKeys['base']>;

/** How containerd is set up, with everything that was left out. */
export interface ContainerdChoice {
  readonly mode: Mode;
  readonly base: Base;
  readonly runtimeName: string;
  readonly architecture: 'amd64' | 'arm64';
  /** The first two numbers; absent where it is the one that Flatcar ships, which is 2.0 or newer. */
  readonly version?: readonly [number, number];
}

/** Fills in what the block leaves out. */
export function chooseContainerd({ containerd = {} }: Overlaybd): ContainerdChoice {
  const { mode = 'proxy', base = 'flatcar', runtimeName = 'overlaybd', architecture = 'amd64', version } = containerd;
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? [];
  return { mode, base, runtimeName, architecture, ...(version === undefined ? {} : { version: [major, minor] }) };
}

/**
 * The config of containerd and the drop-in that makes it read it. Which of the texts is right depends on mode and base;
 * `docs/overlaybd.md` tells what goes wrong with the others.
 */
export function renderContainerd(
  block: Overlaybd,
  snapshotter: SnapshotterKeys,
  context: FeatureContext,
): readonly Part[] {
  const choice = chooseContainerd(block);
  if (choice.mode === 'none') return [];
  const config = { ...CONFIGS[choice.mode](choice), proxy_plugins: { overlaybd: proxyPlugin(snapshotter) } };
  const origin = context.at('containerd');
  const dropin = [
    '[Unit]',
    // Containers that are started again read from their devices at once.
    'Wants=overlaybd-tcmu.service overlaybd-snapshotter.service',
    'After=overlaybd-tcmu.service overlaybd-snapshotter.service',
    '',
    '[Service]',
    // A second command is refused, so that of the unit has to go first.
    'ExecStart=',
    `ExecStart=/usr/bin/containerd --config ${CONTAINERD_CONFIG}`,
    '',
  ].join('\n');
  return [
    filePart(origin, CONTAINERD_CONFIG, writeToml(config)),
    unitPart(origin, 'containerd.service', { dropins: [{ name: CONTAINERD_DROPIN, contents: dropin }] }),
  ];
}

/** The plugin, and what it tells containerd, which passes it on to the kubelet and to clients that pull lazily. */
function proxyPlugin({ address, root }: SnapshotterKeys): Table {
  return { type: 'snapshot', address, exports: { root, enable_remote_snapshot_annotations: 'true' } };
}

const CONFIGS: Readonly<Record<Exclude<Mode, 'none'>, (choice: ContainerdChoice) => Table>> = {
  proxy: ({ base }) => (base === 'bakery' ? wholeOfVersion2({}) : importing(base)),
  'cri-default': ({ base }) => {
    const keys = { snapshotter: 'overlaybd', ...WITH_ANNOTATIONS };
    return base === 'bakery' ? wholeOfVersion2(keys) : { ...importing(base), plugins: { [IMAGES]: keys } };
  },
  'cri-runtime': (choice) => {
    const { runtimeName, version } = choice;
    if (version !== undefined && version[0] < 2) {
      const own = { [runtimeName]: { ...RUNC, snapshotter: 'overlaybd' } };
      return wholeOfVersion2(WITH_ANNOTATIONS, own);
    }
    return { version: 3, ...DAEMON, plugins: pluginsOfVersion3(choice) };
  },
};

const IMAGES = 'io.containerd.cri.v1.images';
const RUNTIME = 'io.containerd.cri.v1.runtime';

/** The kubelet's pulls hand the reference of the image on, without which nothing is read lazily. */
const WITH_ANNOTATIONS = { disable_snapshot_annotations: false };

/** What the config that Flatcar ships says, for texts that replace it. */
const DAEMON = {
  root: '/var/lib/containerd',
  state: '/run/containerd',
  oom_score: -999,
  grpc: { address: '/run/containerd/containerd.sock' },
};
const RUNC = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };

/** Version 3, since containerd 2.3 refuses a file of version 2 that imports one of version 3. */
function importing(base: keyof typeof BASE_CONFIGS): Table {
  return { version: 3, imports: [BASE_CONFIGS[base]] };
}

/**
 * One file that every containerd reads alike, for the extension of the bakery: which containerd that is, and what its own
 * config says, differs (it leaves SELinux off), and of a config that is imported 1.x replaces whole sections. Without a table
 * of runtimes in the same file containerd 2 drops the keys of the snapshotter.
 */
function wholeOfVersion2(keys: Table, runtimes: Table = {}): Table {
  const containerd = { ...keys, runtimes: { runc: RUNC, ...runtimes } };
  const plugins = { 'io.containerd.grpc.v1.cri': { enable_selinux: true, containerd } };
  return { version: 2, ...DAEMON, plugins };
}

/** Pulls and containers are two plugins since containerd 2, and each has to be told. */
function pluginsOfVersion3({ base, runtimeName, architecture }: ContainerdChoice): Table {
  const runtimes = {
    runc: RUNC,
    ...(base === 'nvidia' ? { nvidia: NVIDIA } : {}),
    [runtimeName]: { ...RUNC, snapshotter: 'overlaybd' },
  };
  return {
    [RUNTIME]: {
      enable_selinux: true,
      containerd: { ...(base === 'nvidia' ? { default_runtime_name: 'nvidia' } : {}), runtimes },
    },
    [IMAGES]: {
      ...WITH_ANNOTATIONS,
      runtime_platforms: { [runtimeName]: { platform: `linux/${architecture}`, snapshotter: 'overlaybd' } },
    },
  };
}

/** The runtime that config-nvidia.toml of the extension adds, and makes the default. */
const NVIDIA = {
  runtime_type: 'io.containerd.runc.v2',
  options: { BinaryName: '/usr/bin/nvidia-container-runtime', SystemdCgroup: true },
};

const RULES: readonly Rule<ContainerdChoice>[] = [
  ({ containerd }, { mode }) =>
    mode === 'cri-runtime' && containerd?.architecture === undefined
      ? [
          'error',
          ['containerd'],
          'a runtime with a snapshotter of its own is told for which architecture it pulls',
          'write `architecture: amd64` or arm64; "{{ machine.arch }}" where machines say it',
        ]
      : undefined,
  ({ containerd }, { mode }) =>
    containerd?.runtimeName !== undefined && mode !== 'cri-runtime'
      ? [
          'error',
          ['containerd', 'runtimeName'],
          `the mode ${mode} has no runtime of its own`,
          'set `mode: cri-runtime`, or leave `runtimeName` out',
        ]
      : undefined,
  ({ containerd }, { mode, runtimeName }) =>
    mode === 'cri-runtime' && ['runc', 'nvidia'].includes(runtimeName)
      ? [
          'error',
          ['containerd', ...(containerd?.runtimeName === undefined ? [] : ['runtimeName'])],
          'this runtime is there already, and its pods would change',
          'choose another name, such as overlaybd',
        ]
      : undefined,
  (_, { base, version }) =>
    version !== undefined && base !== 'bakery'
      ? [
          'error',
          ['containerd', 'version'],
          'the release says which containerd the machine has',
          'leave `version` out, or set `base: bakery`',
        ]
      : undefined,
  (_, { mode, base, version }) => {
    if (mode !== 'cri-runtime' || base !== 'bakery') return undefined;
    if (version === undefined)
      return [
        'error',
        ['containerd'],
        'no config for one runtime is right for every containerd, and the bakery has many',
        'name its `version`',
      ];
    return version[0] < 1 || (version[0] === 1 && version[1] < 7)
      ? [
          'error',
          ['containerd', 'version'],
          'containerd has a snapshotter for one runtime since 1.7; older ones ignore it',
          'use mode cri-default, or a newer containerd',
        ]
      : undefined;
  },
];

/** What is wrong with the choice. */
export function checkContainerd(block: Overlaybd, context: FeatureContext): readonly Diagnostic[] {
  return applyRules(RULES, block, chooseContainerd(block), context);
}
