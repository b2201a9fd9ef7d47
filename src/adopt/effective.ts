import type { Keys } from '../feature/keys.ts';
import { isKeys, overlay } from '../feature/keys.ts';
import { DEFAULT_EXPORTER_PORT, SHIPPED_SNAPSHOTTER } from '../feature/overlaybd/shipped.ts';
import { keysAt, valueAt } from './recognition.ts';

/** The credentials that overlaybd reads where nothing else is said: a link into read-only /usr unless somebody wrote it. */
export const DEFAULT_CREDENTIALS = '/opt/overlaybd/cred.json';

/** What overlaybd takes for a key that `overlaybd.json` leaves out; it merges nothing of what is shipped. */
const BACKSTORE_DEFAULTS = {
  logConfig: { logLevel: 1, logPath: '', logSizeMB: 10, logRotateNum: 3 },
  logLevel: 1,
  logPath: '/var/log/overlaybd.log',
  cacheConfig: {
    cacheType: '',
    cacheDir: '/opt/overlaybd/registry_cache',
    cacheSizeGB: 4,
    refillSize: 262_144,
    blockSize: 65_536,
  },
  registryCacheDir: '/opt/overlaybd/registry_cache',
  registryCacheSizeGB: 4,
  cacheType: 'file',
  gzipCacheConfig: { enable: false, cacheDir: '/opt/overlaybd/gzip_cache', cacheSizeGB: 4, refillSize: 1_048_576 },
  credentialConfig: { mode: '', path: '', timeout: 1 },
  credentialFilePath: DEFAULT_CREDENTIALS,
  ioEngine: 0,
  download: { enable: false, delay: 300, delayExtra: 30, maxMBps: 100, tryCnt: 5, blockSize: 262_144 },
  p2pConfig: { enable: false, address: 'http://localhost:9731/accelerator' },
  exporterConfig: { enable: false, uriPrefix: '/metrics', port: DEFAULT_EXPORTER_PORT, updateInterval: 60_000_000 },
  enableAudit: true,
  auditPath: '/var/log/overlaybd-audit.log',
  enableThread: false,
  prefetchConfig: { concurrency: 16 },
  registryFsVersion: 'v2',
  serviceConfig: { enable: false, address: 'http://127.0.0.1:9862' },
} as const;

/** What the snapshotter takes for a key that `config.json` leaves out; without root and address it ends. */
const SNAPSHOTTER_DEFAULTS = {
  root: SHIPPED_SNAPSHOTTER.root,
  address: SHIPPED_SNAPSHOTTER.address,
  verbose: 'info',
  rwMode: 'overlayfs',
  runtimeType: 'containerd',
  logReportCaller: false,
  autoRemoveDev: false,
  asyncRemove: false,
  exporterConfig: { enable: false, uriPrefix: '/metrics', port: DEFAULT_EXPORTER_PORT },
  writableLayerType: 'append',
  mirrorRegistry: [],
  defaultFsType: 'ext4',
  tenant: -1,
  turboFsType: ['erofs', 'ext4'],
} as const;

/** What `overlaybd.json` comes to: every key, the old ones as those that took their place. */
export function effectiveBackstore(given: Keys): Keys {
  const { logLevel, logPath, registryCacheDir, registryCacheSizeGB, cacheType, credentialFilePath, ...rest } = overlay(
    BACKSTORE_DEFAULTS,
    given,
  );
  const successors: Keys = {
    ...(valueAt(rest, 'logConfig', 'logPath') === '' ? { logConfig: { logLevel, logPath } } : {}),
    ...(valueAt(rest, 'cacheConfig', 'cacheType') === ''
      ? { cacheConfig: { cacheType, cacheDir: registryCacheDir, cacheSizeGB: registryCacheSizeGB } }
      : {}),
    ...(valueAt(rest, 'credentialConfig', 'mode') === ''
      ? { credentialConfig: { mode: 'file', path: credentialFilePath } }
      : {}),
    // Either way nothing is written down.
    ...(rest.auditPath === '' ? { enableAudit: false, auditPath: BACKSTORE_DEFAULTS.auditPath } : {}),
  };
  return overlay(rest, successors);
}

/** What `config.json` comes to: every key. */
export function effectiveSnapshotter(given: Keys): Keys {
  return overlay(SNAPSHOTTER_DEFAULTS, given);
}

/** The same without the keys of what is switched off, and without what only another mode reads. */
export function whatCounts(effective: Keys): Keys {
  const entries = Object.entries(effective).map(([key, written]) => {
    const value = key === 'root' && typeof written === 'string' ? written.replace(/(?<=[^/])\/+$/, '') : written;
    const off = isKeys(value) && value.enable === false;
    return [key, off ? { enable: false } : value] as const;
  });
  const counted: Record<string, unknown> = Object.fromEntries(entries);
  if (keysAt(counted, 'credentialConfig').mode === 'file') {
    counted.credentialConfig = { mode: 'file', path: keysAt(counted, 'credentialConfig').path };
  }
  if (counted.enableAudit === false) delete counted.auditPath;
  if (isKeys(counted.cacheConfig) && counted.cacheConfig.cacheType !== 'ocf') {
    const { blockSize: _, ...cache } = counted.cacheConfig;
    counted.cacheConfig = cache;
  }
  return counted;
}
