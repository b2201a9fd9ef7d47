import type { Static } from 'typebox';
import { Type } from 'typebox';
import {
  closed,
  described,
  FLAG,
  oneOf,
  optional,
  PATH,
  PORT,
  POSITIVE,
  PRINTABLE,
  SECRET,
  TEXT,
  text,
  URL_PATH,
  URL_TEXT,
  USER,
  WHOLE,
} from '../schema-parts.ts';

/** Every key of `/etc/overlaybd-snapshotter/config.json`, as accelerated-container-image 1.4 reads it. */
const Snapshotter = closed({
  root: optional(PATH, 'Where snapshots are kept, below the root of containerd'),
  address: optional(PATH, 'The socket that containerd connects to'),
  verbose: optional(oneOf(['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic']), 'The log level'),
  rwMode: optional(oneOf(['overlayfs', 'dir', 'dev']), 'What a container writes to'),
  runtimeType: optional(oneOf(['containerd', 'docker']), 'Who asks for snapshots; docker since 4669'),
  logReportCaller: optional(FLAG, 'Names the line of code in each line of the log'),
  autoRemoveDev: optional(FLAG, 'Detaches a device after its last user'),
  asyncRemove: optional(FLAG, 'Removes snapshots in the background'),
  exporterConfig: optional(
    closed({
      enable: optional(FLAG, 'Serves metrics, on all addresses'),
      uriPrefix: optional(URL_PATH, 'Their path'),
      port: optional(PORT, 'Their port; 9864 unless given, since the backing store takes 9863'),
    }),
    'Metrics of the snapshotter',
  ),
  writableLayerType: optional(oneOf(['append', 'sparse']), 'How a writable layer grows'),
  mirrorRegistry: optional(
    Type.Array(closed({ host: described(TEXT, 'Host and port'), insecure: optional(FLAG, 'Read layers over http') }), {
      maxItems: 100,
    }),
    'Registries whose layers are read over http; no mirrors, whatever the name says',
  ),
  defaultFsType: optional(TEXT, 'The file system where an image names none, with its options'),
  rootfsQuota: optional(text('^[1-9][0-9]*[kmgtKMGT]?$', 'a size such as 20g'), 'The quota of a root file system'),
  tenant: optional(Type.Integer({ minimum: -1, maximum: 127 }), 'Tells several snapshotters of one host apart'),
  turboFsType: optional(Type.Array(oneOf(['erofs', 'ext4']), { maxItems: 2 }), 'File systems for TurboOCI'),
});

/** Every key of `/etc/overlaybd/overlaybd.json`, as overlaybd 1.0 reads it. */
const Backstore = closed({
  logConfig: optional(
    closed({
      logLevel: optional(Type.Integer({ minimum: 0, maximum: 3 }), '0 debug, 1 info, 2 warnings, 3 errors'),
      logPath: optional(PATH, 'The log file'),
      logSizeMB: optional(POSITIVE, 'Megabytes after which it is rotated'),
      logRotateNum: optional(WHOLE, 'How many rotated ones are kept'),
    }),
    'The log of the backing store',
  ),
  cacheConfig: optional(
    closed({
      cacheType: optional(oneOf(['file', 'ocf', 'download']), 'How layers are cached'),
      cacheDir: optional(PATH, 'Where they are cached'),
      cacheSizeGB: optional(POSITIVE, 'Gigabytes at most'),
      refillSize: optional(POSITIVE, 'Bytes that are read ahead at once'),
      blockSize: optional(POSITIVE, 'Bytes of a block, for ocf'),
    }),
    'The cache of layers',
  ),
  gzipCacheConfig: optional(
    closed({
      enable: optional(FLAG, 'Caches what TurboOCI unpacks'),
      cacheDir: optional(PATH, 'Where'),
      cacheSizeGB: optional(POSITIVE, 'Gigabytes at most'),
      refillSize: optional(POSITIVE, 'Bytes that are unpacked at once'),
    }),
    'The cache of unpacked gzip, which TurboOCI needs',
  ),
  credentialConfig: optional(
    closed({
      mode: optional(oneOf(['file', 'http', 'https', 'uds']), 'https since 4722, uds since overlaybd 1.0.18'),
      path: optional(URL_TEXT, 'A file, URL or socket'),
      timeout: optional(POSITIVE, 'Seconds'),
      client_cert_path: optional(PATH, 'Client certificate for https'),
      client_key_path: optional(PATH, 'Its key'),
      server_ca_path: optional(PATH, 'Whom to trust'),
    }),
    'Where credentials come from; `credentials` sets it',
  ),
  ioEngine: optional(Type.Integer({ minimum: 0, maximum: 2 }), '0 psync, 1 libaio, 2 POSIX aio'),
  download: optional(
    closed({
      enable: optional(FLAG, 'Fetches each layer whole in the background'),
      delay: optional(WHOLE, 'Seconds after which that begins'),
      delayExtra: optional(WHOLE, 'Up to so many seconds more, by chance'),
      maxMBps: optional(POSITIVE, 'Megabytes in a second at most'),
      tryCnt: optional(POSITIVE, 'How often it is tried'),
      blockSize: optional(POSITIVE, 'Bytes at once'),
    }),
    'Background download',
  ),
  p2pConfig: optional(
    closed({
      enable: optional(FLAG, 'Reads layers through a proxy'),
      address: optional(URL_TEXT, 'The proxy, http://ADDRESS:PORT/PREFIX'),
    }),
    'A proxy that shares layers between machines',
  ),
  exporterConfig: optional(
    closed({
      enable: optional(FLAG, 'Serves metrics, on all addresses'),
      uriPrefix: optional(URL_PATH, 'Their path'),
      port: optional(PORT, 'Their port'),
      updateInterval: optional(POSITIVE, 'Microseconds between updates'),
    }),
    'Metrics of the backing store',
  ),
  enableAudit: optional(FLAG, 'Writes down each read'),
  auditPath: optional(PATH, 'Where to'),
  enableThread: optional(FLAG, 'A thread for each device; not with cacheType file'),
  prefetchConfig: optional(closed({ concurrency: optional(POSITIVE, 'Reads at once') }), 'Replay of a recorded trace'),
  registryFsVersion: optional(oneOf(['v1', 'v2']), 'Which client reads from the registry'),
  certConfig: optional(
    closed({ certFile: optional(PATH, 'Client certificate'), keyFile: optional(PATH, 'Its key') }),
    'What the registry is shown',
  ),
  userAgent: optional(PRINTABLE, 'What the registry is told'),
  serviceConfig: optional(
    closed({ enable: optional(FLAG, 'Serves an API'), address: optional(URL_TEXT, 'http://127.0.0.1:9862') }),
    'The API of the backing store, without authentication; since 4722',
  ),
  logLevel: optional(Type.Integer({ minimum: 0, maximum: 3 }), 'Of old; logConfig counts'),
  logPath: optional(PATH, 'Of old; logConfig counts'),
  registryCacheDir: optional(PATH, 'Of old; cacheConfig counts'),
  registryCacheSizeGB: optional(POSITIVE, 'Of old; cacheConfig counts'),
  cacheType: optional(oneOf(['file', 'ocf', 'download']), 'Of old; cacheConfig counts'),
  credentialFilePath: optional(PATH, 'Of old; credentialConfig counts'),
});

const Registry = closed({
  registry: described(TEXT, 'Host, with port and namespace or repository as needed'),
  username: optional(USER, 'The user'),
  password: optional(SECRET, 'The password or token'),
  auth: optional(TEXT, 'Both, as base64 of user:password'),
  login: optional(oneOf(['basic', 'token']), 'How the registry wants them at a pull; known ones need not be told'),
});

const Service = closed({
  mode: described(oneOf(['http', 'https', 'uds']), 'How it is asked'),
  path: described(URL_TEXT, 'Its URL or socket'),
  timeout: optional(POSITIVE, 'Seconds'),
  client_cert_path: optional(PATH, 'Client certificate for https'),
  client_key_path: optional(PATH, 'Its key'),
  server_ca_path: optional(PATH, 'Whom to trust'),
});

/** Credentials of one registry. */
export type RegistryCredential = Static<typeof Registry>;
/** A service that is asked for credentials. */
export type CredentialService = Static<typeof Service>;

const Containerd = closed({
  mode: optional(
    oneOf(['proxy', 'cri-default', 'cri-runtime', 'none']),
    'proxy: for clients that ask for overlaybd; cri-default: for all pods; cri-runtime: for pods of one RuntimeClass; none: containerd is left alone',
  ),
  base: optional(
    oneOf(['flatcar', 'nvidia', 'bakery']),
    'Whose config it builds on: that of Flatcar, of the nvidia-runtime extension, or of the containerd extension of the bakery',
  ),
  runtimeName: optional(
    text('^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$', 'a name of lower-case letters, digits and dashes'),
    'The handler of the RuntimeClass, for cri-runtime',
  ),
  version: optional(
    text('^[1-9][0-9]*\\.[0-9]+(\\.[0-9]+)?$', 'a version such as 2.1.5, in quotes'),
    'Which containerd the bakery extension holds',
  ),
  architecture: optional(oneOf(['amd64', 'arm64']), 'The architecture of the machine, which cri-runtime needs'),
});

const Prepull = closed({
  ref: described(TEXT, 'Host, repository, and tag or digest'),
  namespace: optional(
    text('^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$', 'a name of letters and digits, with single . _ - between them', 76),
    'k8s.io for the kubelet, moby for docker, default for ctr; unless given, what the mode and runtimeType say',
  ),
  downloadBlobs: optional(FLAG, 'Fetches the layers whole as well'),
  plainHttp: optional(FLAG, 'The registry speaks http'),
});

/** An image that is pulled at boot. */
export type PrepullItem = Static<typeof Prepull>;

const Disk = closed({
  device: described(PATH, 'The disk or partition, best by its id'),
  format: optional(oneOf(['ext4', 'xfs', 'btrfs']), 'The file system'),
  wipe: optional(FLAG, 'Makes it anew at each provisioning'),
  label: optional(text('^[A-Za-z0-9._-]{1,12}$', 'at most 12 letters, digits, . _ -'), 'Its label'),
});

/** The typed block `overlaybd`. */
export const OverlaybdBlock = closed({
  release: optional(Type.String({ maxLength: 64 }), 'The Flatcar release or channel that the machine boots'),
  containerd: optional(Containerd, 'How containerd uses the snapshotter'),
  snapshotter: optional(Snapshotter, 'Keys of /etc/overlaybd-snapshotter/config.json'),
  backstore: optional(Backstore, 'Keys of /etc/overlaybd/overlaybd.json'),
  credentials: optional(
    Type.Unsafe<readonly RegistryCredential[] | CredentialService>({
      ...Service,
      type: ['array', 'object'],
      maxItems: 100,
      items: Registry,
    }),
    'Credentials of registries, or the service that knows them',
  ),
  prepull: optional(Type.Array(Prepull, { maxItems: 100 }), 'Images that are pulled at boot'),
  authorities: optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100_000 }), { maxItems: 20 }),
    'Certificates, as PEM, of authorities that the registries are certified by',
  ),
  disk: optional(Disk, 'A disk for containerd and the caches'),
  diskless: optional(FLAG, 'The root file system is in memory'),
});

/** A block that fits the schema. */
export type Overlaybd = Static<typeof OverlaybdBlock>;
/** Keys of the two JSON files. */
export type SnapshotterKeys = Static<typeof Snapshotter>;
/** Keys of overlaybd.json. */
export type BackstoreKeys = Static<typeof Backstore>;
/** How containerd uses the snapshotter. */
export type ContainerdKeys = Static<typeof Containerd>;
