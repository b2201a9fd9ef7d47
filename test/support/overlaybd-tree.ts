import { type JsonMap, stringify } from '@iarna/toml';
import { BASE_FILES, type ContainerdBase, flatcarTree } from './flatcar-tree.ts';
import type { Tree } from './machine-tree.ts';
import type { RegistryEndpoint, RegistryUser } from './registry-client.ts';

const SOCKET = '/run/overlaybd-snapshotter/overlaybd.sock';
const SNAPSHOTTER_ROOT = '/var/lib/containerd/io.containerd.snapshotter.v1.overlaybd';
const RUNTIME = 'io.containerd.cri.v1.runtime';
const IMAGES = 'io.containerd.cri.v1.images';
const RUNC = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };
const NVIDIA = {
  runtime_type: 'io.containerd.runc.v2',
  options: { BinaryName: '/usr/bin/nvidia-container-runtime', SystemdCgroup: true },
};
const PROXY = {
  overlaybd: {
    type: 'snapshot',
    address: SOCKET,
    exports: { root: SNAPSHOTTER_ROOT, enable_remote_snapshot_annotations: 'true' },
  },
};
const CRI_DEFAULT = { snapshotter: 'overlaybd', disable_snapshot_annotations: false };
/** What a file that imports no base has to say itself. */
const DAEMON = {
  root: '/var/lib/containerd',
  state: '/run/containerd',
  oom_score: -999,
  grpc: { address: '/run/containerd/containerd.sock' },
};

/** The proxy plugin alone, on top of what the machine has. */
export function proxyConfig(base: ContainerdBase): string {
  return stringify({ version: 3, imports: [BASE_FILES[base]], proxy_plugins: PROXY });
}

/** OverlayBD as the default of CRI, in one file that containerd 1 and 2 read alike. */
export function wholeDefaultConfig(): string {
  return stringify({
    version: 2,
    ...DAEMON,
    plugins: {
      'io.containerd.grpc.v1.cri': {
        enable_selinux: true,
        containerd: { ...CRI_DEFAULT, runtimes: { runc: RUNC } },
      },
    },
    proxy_plugins: PROXY,
  });
}

/** What looks like OverlayBD as the default of CRI, and is not for containerd 2, because the file names no runtime. */
export function misleadingDefaultConfig(): string {
  const plugins = { 'io.containerd.grpc.v1.cri': { containerd: CRI_DEFAULT } };
  return stringify({ version: 2, ...DAEMON, plugins, proxy_plugins: PROXY });
}

/** OverlayBD as the default of CRI, on top of what the machine has; containerd 2 only. */
export function importedDefaultConfig(base: ContainerdBase): string {
  return stringify({
    version: 3,
    imports: [BASE_FILES[base]],
    plugins: { [IMAGES]: CRI_DEFAULT },
    proxy_plugins: PROXY,
  });
}

/** OverlayBD for the containers of one runtime, in one file; containerd 2 only. */
export function runtimeConfig(name: string, base: ContainerdBase): string {
  const nvidia: JsonMap = base === 'nvidia' ? { nvidia: NVIDIA } : {};
  const runtimes = { runc: RUNC, ...nvidia, [name]: { ...RUNC, snapshotter: 'overlaybd' } };
  return stringify({
    version: 3,
    ...DAEMON,
    plugins: {
      [RUNTIME]: {
        enable_selinux: true,
        containerd: { default_runtime_name: base === 'nvidia' ? 'nvidia' : 'runc', runtimes },
      },
      [IMAGES]: {
        disable_snapshot_annotations: false,
        runtime_platforms: { [name]: { platform: 'linux/amd64', snapshotter: 'overlaybd' } },
      },
    },
    proxy_plugins: PROXY,
  });
}

/** What `update-ca-certificates` makes out of /etc/ssl/certs. */
const TRUSTED = '/etc/ssl/certs/ca-certificates.crt';

const DROP_IN = `[Unit]
Wants=overlaybd-snapshotter.service
After=overlaybd-snapshotter.service

[Service]
ExecStart=
ExecStart=/usr/bin/containerd --config /etc/containerd/config.toml
`;

/** What else a machine may have been told. */
export interface OverlaybdOptions {
  readonly base?: ContainerdBase;
  /** A registry that it uses: its layers may come over plain HTTP, or its certificate is trusted. */
  readonly registry?: RegistryEndpoint;
}

/** A Flatcar machine with OverlayBD and this config for containerd, with the files as they are written by hand. */
export function overlaybdTree(config: string, { base, registry }: OverlaybdOptions = {}): Tree {
  return {
    ...flatcarTree(base),
    ...(registry?.certificate === undefined ? {} : { [TRUSTED]: registry.certificate }),
    '/etc/containerd/config.toml': config,
    '/etc/systemd/system/containerd.service.d/90-overlaybd.conf': DROP_IN,
    '/etc/overlaybd-snapshotter/config.json': JSON.stringify({
      root: SNAPSHOTTER_ROOT,
      address: SOCKET,
      verbose: 'info',
      rwMode: 'overlayfs',
      logReportCaller: false,
      autoRemoveDev: false,
      exporterConfig: { enable: false, uriPrefix: '/metrics', port: 9863 },
      mirrorRegistry: registry?.scheme === 'http' ? [{ host: registry.host, insecure: true }] : [],
    }),
  };
}

/** What a machine pulls before anybody asks for it, and as whom. */
export interface Prepull {
  readonly ref: string;
  readonly registry: RegistryEndpoint;
  readonly user: RegistryUser;
}

/** The unit that {@link prepullTree} has on the machine. */
export const PREPULL_UNIT = 'overlaybd-prepull-hello.service';

/** A unit that pulls an image into Kubernetes' namespace, and what it signs in with: a file that only root reads. */
export function prepullTree({ ref, registry, user }: Prepull): Tree {
  const { host, scheme } = registry;
  const token = Buffer.from(`${user.username}:${user.password}`).toString('base64');
  const server = `${scheme}://${host}`;
  const hosts = stringify({
    server,
    host: { [server]: { capabilities: ['pull', 'resolve'], header: { Authorization: `Basic ${token}` } } },
  });
  const options = '--snapshotter overlaybd --hosts-dir /etc/overlaybd-snapshotter/hosts.d';
  return {
    [`/etc/overlaybd-snapshotter/hosts.d/${host}/hosts.toml`]: { text: hosts, mode: 0o600 },
    [`/etc/systemd/system/${PREPULL_UNIT}`]: `[Unit]
Wants=network-online.target overlaybd-snapshotter.service overlaybd-tcmu.service
Requires=containerd.service
After=network-online.target overlaybd-snapshotter.service overlaybd-tcmu.service containerd.service

[Service]
Type=oneshot
RemainAfterExit=yes
Restart=on-failure
RestartSec=10
ExecStart=/opt/overlaybd/snapshotter/ctr --namespace k8s.io rpull ${options} ${ref}

[Install]
WantedBy=multi-user.target
`,
  };
}
