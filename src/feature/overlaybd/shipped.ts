/**
 * `/etc/overlaybd/overlaybd.json` as Flatcar's extension ships it, the same from overlaybd 1.0.15 to 1.0.18. The daemon
 * merges nothing: a key that is left out takes the default of its code, which for several is another value.
 */
export const SHIPPED_BACKSTORE = {
  logConfig: { logLevel: 1, logPath: '/var/log/overlaybd.log' },
  cacheConfig: { cacheType: 'file', cacheDir: '/opt/overlaybd/registry_cache', cacheSizeGB: 4 },
  gzipCacheConfig: { enable: true, cacheDir: '/opt/overlaybd/gzip_cache', cacheSizeGB: 4 },
  credentialConfig: { mode: 'file', path: '/opt/overlaybd/cred.json' },
  ioEngine: 0,
  download: { enable: true, delay: 600, delayExtra: 30, maxMBps: 100 },
  p2pConfig: { enable: false, address: 'localhost:19145/dadip2p' },
  exporterConfig: { enable: false, uriPrefix: '/metrics', port: 9863, updateInterval: 60_000_000 },
  enableAudit: true,
  auditPath: '/var/log/overlaybd-audit.log',
} as const;

/** The socket on which containerd reaches the snapshotter. */
export const SNAPSHOTTER_ADDRESS = '/run/overlaybd-snapshotter/overlaybd.sock';
/** The directory of the snapshots, below that of containerd. */
export const SNAPSHOTTER_ROOT = '/var/lib/containerd/io.containerd.snapshotter.v1.overlaybd';

/** `/etc/overlaybd-snapshotter/config.json` as the extension ships it. */
export const SHIPPED_SNAPSHOTTER = {
  root: SNAPSHOTTER_ROOT,
  address: SNAPSHOTTER_ADDRESS,
  verbose: 'info',
  rwMode: 'overlayfs',
  logReportCaller: false,
  autoRemoveDev: false,
  mirrorRegistry: [],
} as const;

/** Ships with accelerated-container-image 1.4.3 and newer; what is older knows no such key. */
export const SHIPPED_RUNTIME_TYPE = { runtimeType: 'containerd' } as const;

/** The port on which both daemons export metrics unless told otherwise; two cannot share it. */
export const DEFAULT_EXPORTER_PORT = 9863;
