import { stringify } from '@iarna/toml';
import type { Tree } from './machine-tree.ts';

/**
 * Which containerd config a machine had before we came: that of Flatcar, or that of an extension of the bakery, which are
 * `nvidia-runtime`, and the `containerd` that takes the place of Flatcar's own.
 */
export type ContainerdBase = 'flatcar' | 'nvidia' | 'bakery';

/** The path of each base on the machine. */
export const BASE_FILES: Readonly<Record<ContainerdBase, string>> = {
  flatcar: '/usr/share/containerd/config.toml',
  nvidia: '/etc/containerd/config-nvidia.toml',
  bakery: '/usr/share/containerd/config.toml',
};

const CRI = 'io.containerd.grpc.v1.cri';
const RUNC = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };

/** What both bases say; containerd 2 no longer knows `subreaper` and the shim of the first runtime. */
const COMMON = {
  version: 2,
  root: '/var/lib/containerd',
  state: '/run/containerd',
  subreaper: true,
  oom_score: -999,
  disabled_plugins: [],
  grpc: { address: '/run/containerd/containerd.sock', uid: 0, gid: 0 },
};
const FIRST_RUNTIME = { shim: 'containerd-shim', runtime: 'runc', no_shim: false };

/** The settings of Flatcar's own file, which have been these since 3665.0.0. */
const FLATCAR_CONFIG = stringify({
  ...COMMON,
  plugins: {
    'io.containerd.runtime.v1.linux': FIRST_RUNTIME,
    [CRI]: { enable_selinux: true, containerd: { runtimes: { runc: RUNC } } },
  },
});

/** The settings of the file that `nvidia-runtime` copies to /etc. */
const NVIDIA_CONFIG = stringify({
  ...COMMON,
  plugins: {
    'io.containerd.runtime.v1.linux': FIRST_RUNTIME,
    [CRI]: {
      enable_selinux: true,
      containerd: {
        default_runtime_name: 'nvidia',
        runtimes: {
          runc: RUNC,
          nvidia: {
            ...RUNC,
            options: { BinaryName: '/usr/bin/nvidia-container-runtime', SystemdCgroup: true },
          },
        },
      },
    },
  },
});

/** The settings of the file that the bakery's `containerd` has in its place. SELinux stays off. */
const BAKERY_CONFIG = stringify({
  version: 3,
  oom_score: -999,
  plugins: {
    'io.containerd.cri.v1.runtime': { containerd: { runtimes: { runc: { options: { SystemdCgroup: true } } } } },
  },
});

/** Flatcar's unit of containerd, as far as its text matters to drop-ins and to order. */
export const CONTAINERD_UNIT = `[Unit]
Description=containerd container runtime
After=network.target

[Service]
Type=notify
Environment=CONTAINERD_CONFIG=${BASE_FILES.flatcar}
ExecStart=/usr/bin/containerd --config \${CONTAINERD_CONFIG}
Restart=always
`;

const NVIDIA_DROP_IN = `[Service]
ExecStart=
ExecStart=/usr/bin/containerd --config ${BASE_FILES.nvidia}
`;

const SNAPSHOTTER_UNIT = `[Service]
Type=simple
ExecStart=/usr/local/overlaybd/snapshotter/overlaybd-snapshotter
Restart=always
`;

/** What Flatcar and its extensions have on the disk of a machine that is to run OverlayBD, other than programs. */
export function flatcarTree(base: ContainerdBase = 'flatcar'): Tree {
  const units = '/usr/lib/systemd/system';
  return {
    [BASE_FILES.flatcar]: base === 'bakery' ? BAKERY_CONFIG : FLATCAR_CONFIG,
    [`${units}/containerd.service`]: CONTAINERD_UNIT,
    [`${units}/overlaybd-snapshotter.service`]: SNAPSHOTTER_UNIT,
    '/opt/overlaybd/snapshotter': { link: '/usr/local/overlaybd/snapshotter' },
    ...(base === 'nvidia'
      ? { [BASE_FILES.nvidia]: NVIDIA_CONFIG, [`${units}/containerd.service.d/10-nvidia.conf`]: NVIDIA_DROP_IN }
      : {}),
  };
}
