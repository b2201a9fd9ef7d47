import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RELEASE_LINES } from '../../../../src/feature/releases.ts';
import { CERTIFICATE } from '../../../support/certificate.ts';
import { assembled, withOverlaybd } from '../assembled.ts';

const RUNTIME = { mode: 'cri-runtime', architecture: 'amd64' };
const STABLE = '4593.2.0';
const NEW = '4790.0.0';

/** A block that a rule objects to, where it points, what it says, and the nearest block that it does not mind. */
interface Rule {
  readonly severity: 'error' | 'warning';
  readonly bad: object;
  readonly good: object;
  readonly path: string;
  readonly says: RegExp;
  readonly hint: RegExp;
  /** What a layer of the profile brings; with `good` there is none unless `layerWithGood`. */
  readonly layer?: object;
  readonly goodLayer?: object;
}

const NVIDIA = { storage: { links: [{ path: '/etc/extensions/nvidia-runtime.raw', target: '/opt/x.raw' }] } };
const MASKED = { storage: { links: [{ path: '/etc/extensions/containerd-flatcar.raw', target: '/dev/null' }] } };
const OWN_LIST = (names: string) => ({
  storage: { files: [{ path: '/etc/flatcar/enabled-sysext.conf', overwrite: true, contents: { inline: names } }] },
});
const ownConfig = (inline: string) => ({
  storage: { files: [{ path: '/etc/containerd/config.toml', overwrite: true, contents: { inline } }] },
});
const dropin = (name: string) => ({
  systemd: {
    units: [{ name: 'containerd.service', dropins: [{ name, contents: '[Service]\nExecStart=\nExecStart=/bin/x\n' }] }],
  },
});
const both = (one: object, other: object) => ({
  snapshotter: { exporterConfig: { enable: true, ...one } },
  backstore: { exporterConfig: { enable: true, ...other } },
});
const login = (registry: string, more: object = { username: 'u', password: 'p' }) => ({ registry, ...more });

const RULES: Readonly<Record<string, Rule>> = {
  'a release without the extension': {
    severity: 'error',
    bad: { release: '4230.2.0' },
    good: { release: '4426.0.0' },
    path: '$.features.overlaybd.release',
    says: /4230\.2\.0 has no overlaybd extension: the machine would not boot/,
    hint: /4426\.0\.0/,
  },
  'a long-term release': {
    severity: 'error',
    bad: { release: '4081.3.5' },
    good: { release: STABLE },
    path: '$.features.overlaybd.release',
    says: /as no long-term release has: the machine would not boot/,
    hint: /4426\.0\.0/,
  },
  'the long-term channel': {
    severity: 'error',
    bad: { release: 'lts' },
    good: { release: 'stable' },
    path: '$.features.overlaybd.release',
    says: /would not boot/,
    hint: /4426\.0\.0/,
  },
  'a release from before all known ones': {
    severity: 'error',
    bad: { release: '2905.2.0' },
    good: { release: 'beta' },
    path: '$.features.overlaybd.release',
    says: /older than all that are known/,
    hint: /3510/,
  },
  'an unknown channel': {
    severity: 'error',
    bad: { release: 'edge' },
    good: { release: 'alpha' },
    path: '$.features.overlaybd.release',
    says: /no release of Flatcar/,
    hint: /stable, beta, alpha/,
  },
  'credentials over https on a release that ignores them': {
    severity: 'error',
    bad: { release: '4694.0.0', credentials: { mode: 'https', path: 'https://127.0.0.1/auth' } },
    good: { release: '4722.0.0', credentials: { mode: 'https', path: 'https://127.0.0.1/auth' } },
    path: '$.features.overlaybd.credentials.mode',
    says: /4722\.0\.0 or newer/,
    hint: /boot 4722/,
  },
  'credentials over https without a release': {
    severity: 'error',
    bad: { credentials: { mode: 'https', path: 'https://127.0.0.1/auth' } },
    good: { credentials: { mode: 'http', path: 'http://127.0.0.1/auth' } },
    path: '$.features.overlaybd.credentials.mode',
    says: /4722\.0\.0 or newer/,
    hint: /release/,
  },
  'credentials over https in the file itself': {
    severity: 'error',
    bad: { release: STABLE, backstore: { credentialConfig: { mode: 'https', path: 'https://127.0.0.1/auth' } } },
    good: { release: NEW, backstore: { credentialConfig: { mode: 'https', path: 'https://127.0.0.1/auth' } } },
    path: '$.features.overlaybd.backstore.credentialConfig.mode',
    says: /4722\.0\.0 or newer/,
    hint: /boot \d+\.0\.0 or newer/,
  },
  'credentials from a socket': {
    severity: 'error',
    bad: { release: NEW, credentials: { mode: 'uds', path: '/run/auth.sock' } },
    good: { release: '4799.0.0', credentials: { mode: 'uds', path: '/run/auth.sock' } },
    path: '$.features.overlaybd.credentials.mode',
    says: /1\.0\.18/,
    hint: /boot \d+\.0\.0 or newer/,
  },
  'a credential service that is no URL': {
    severity: 'error',
    bad: { credentials: { mode: 'http', path: '/run/auth.sock' } },
    good: { credentials: { mode: 'http', path: 'http://127.0.0.1:1/auth' } },
    path: '$.features.overlaybd.credentials.path',
    says: /must be a URL that begins with http:/,
    hint: /without credentials/,
  },
  'credentials from two places': {
    severity: 'error',
    bad: { credentials: [login('a.example')], backstore: { credentialConfig: { path: '/etc/x.json' } } },
    good: { credentials: [login('a.example')] },
    path: '$.features.overlaybd.credentials',
    says: /both say where/,
    hint: /leave one/,
  },
  'the API of the backing store on an old release': {
    severity: 'error',
    bad: { release: '4694.0.0', backstore: { serviceConfig: { enable: true } } },
    good: { release: '4722.0.0', backstore: { serviceConfig: { enable: true } } },
    path: '$.features.overlaybd.backstore.serviceConfig',
    says: /4722\.0\.0 or newer/,
    hint: /boot \d+\.0\.0 or newer/,
  },
  'the API of the backing store beyond loopback': {
    severity: 'error',
    bad: { release: NEW, backstore: { serviceConfig: { enable: true, address: 'http://0.0.0.0:9862' } } },
    good: { release: NEW, backstore: { serviceConfig: { enable: true, address: 'http://127.0.0.1:9862' } } },
    path: '$.features.overlaybd.backstore.serviceConfig.address',
    says: /stay on loopback/,
    hint: /127\.0\.0\.1/,
  },
  'threads with a cache in files': {
    severity: 'error',
    bad: { backstore: { enableThread: true } },
    good: { backstore: { enableThread: true, cacheConfig: { cacheType: 'ocf' } } },
    path: '$.features.overlaybd.backstore.enableThread',
    says: /would end at once/,
    hint: /ocf/,
  },
  'a proxy by its host name': {
    severity: 'warning',
    bad: { backstore: { p2pConfig: { enable: true, address: 'http://p2p.example:9731/accelerator' } } },
    good: { backstore: { p2pConfig: { enable: true, address: 'http://192.0.2.1:9731/accelerator' } } },
    path: '$.features.overlaybd.backstore.p2pConfig.address',
    says: /0\.0\.0\.0/,
    hint: /IPv4/,
  },
  'the shipped proxy, which is a host name': {
    severity: 'warning',
    bad: { backstore: { p2pConfig: { enable: true } } },
    good: { backstore: { p2pConfig: { enable: false } } },
    path: '$.features.overlaybd.backstore.p2pConfig',
    says: /IPv4 address/,
    hint: /IPv4/,
  },
  'downloads without a disk': {
    severity: 'warning',
    bad: { diskless: true, backstore: { download: { enable: true } } },
    good: { diskless: true },
    path: '$.features.overlaybd.backstore.download.enable',
    says: /fill the memory/,
    hint: /disk/,
  },
  'a key of old': {
    severity: 'warning',
    bad: { backstore: { registryCacheSizeGB: 20 } },
    good: { backstore: { cacheConfig: { cacheSizeGB: 20 } } },
    path: '$.features.overlaybd.backstore.registryCacheSizeGB',
    says: /ignored/,
    hint: /cacheConfig\.cacheSizeGB/,
  },
  'docker on an old release': {
    severity: 'error',
    bad: { release: '4628.0.0', snapshotter: { runtimeType: 'docker' } },
    good: { release: '4669.0.0', snapshotter: { runtimeType: 'docker' } },
    path: '$.features.overlaybd.snapshotter.runtimeType',
    says: /4669\.0\.0 or newer/,
    hint: /boot \d+\.0\.0 or newer/,
  },
  'docker without a release': {
    severity: 'error',
    bad: { snapshotter: { runtimeType: 'docker' } },
    good: { snapshotter: { runtimeType: 'containerd' } },
    path: '$.features.overlaybd.snapshotter.runtimeType',
    says: /4669\.0\.0 or newer/,
    hint: /release/,
  },
  'docker with devices': {
    severity: 'error',
    bad: { release: NEW, snapshotter: { runtimeType: 'docker', rwMode: 'dev' } },
    good: { release: NEW, snapshotter: { runtimeType: 'docker', rwMode: 'overlayfs' } },
    path: '$.features.overlaybd.snapshotter.rwMode',
    says: /overlayfs alone/,
    hint: /leave `rwMode` out/,
  },
  'docker without the proxy plugin': {
    severity: 'error',
    bad: { release: NEW, containerd: { mode: 'none' }, snapshotter: { runtimeType: 'docker' } },
    good: { release: NEW, containerd: { mode: 'proxy' }, snapshotter: { runtimeType: 'docker' } },
    path: '$.features.overlaybd.snapshotter.runtimeType',
    says: /proxy plugin/,
    hint: /mode: proxy/,
  },
  'metrics of both daemons on one port': {
    severity: 'error',
    bad: both({ port: 9863 }, {}),
    good: both({}, {}),
    path: '$.features.overlaybd.snapshotter.exporterConfig.port',
    says: /one port/,
    hint: /two ports/,
  },
  'metrics of both daemons on one port, said twice': {
    severity: 'error',
    bad: both({ port: 9900 }, { port: 9900 }),
    good: both({ port: 9900 }, { port: 9901 }),
    path: '$.features.overlaybd.snapshotter.exporterConfig.port',
    says: /one port/,
    hint: /two ports/,
  },
  'another root that containerd is not told of': {
    severity: 'error',
    bad: { containerd: { mode: 'none' }, snapshotter: { root: '/data/snapshots' } },
    good: { containerd: { mode: 'proxy' }, snapshotter: { root: '/data/snapshots' } },
    path: '$.features.overlaybd.snapshotter.root',
    says: /exports\.root/,
    hint: /another than none/,
  },
  'a quota with devices': {
    severity: 'error',
    bad: { disk: { device: '/dev/vdb', wipe: true }, snapshotter: { rootfsQuota: '20g', rwMode: 'dir' } },
    good: { disk: { device: '/dev/vdb', wipe: true }, snapshotter: { rootfsQuota: '20g' } },
    path: '$.features.overlaybd.snapshotter.rootfsQuota',
    says: /rwMode overlayfs/,
    hint: /leave `rwMode` out/,
  },
  'a quota on an unknown file system': {
    severity: 'warning',
    bad: { snapshotter: { rootfsQuota: '20g' } },
    good: { disk: { device: '/dev/vdb', format: 'xfs' }, snapshotter: { rootfsQuota: '20g' } },
    path: '$.features.overlaybd.snapshotter.rootfsQuota',
    says: /prjquota/,
    hint: /disk/,
  },
  'a quota on an ext4 that may be there already': {
    severity: 'warning',
    bad: { disk: { device: '/dev/vdb' }, snapshotter: { rootfsQuota: '20g' } },
    good: { disk: { device: '/dev/vdb', wipe: true }, snapshotter: { rootfsQuota: '20g' } },
    path: '$.features.overlaybd.disk',
    says: /would not be mounted/,
    hint: /wipe: true/,
  },
  'a mirror that is none': {
    severity: 'error',
    bad: {
      snapshotter: { mirrorRegistry: [{ host: 'a.example' }] },
      prepull: [{ ref: 'a.example/x:1', plainHttp: true }],
    },
    good: { snapshotter: { mirrorRegistry: [{ host: 'a.example', insecure: true }] } },
    path: '$.features.overlaybd.snapshotter.mirrorRegistry.0',
    says: /no mirror/,
    hint: /insecure: true/,
  },
  'credentials in clear': {
    severity: 'warning',
    bad: { credentials: { mode: 'http', path: 'http://192.0.2.1/auth' } },
    good: { credentials: { mode: 'http', path: 'http://127.0.0.1/auth' } },
    path: '$.features.overlaybd.credentials.path',
    says: /in clear/,
    hint: /loopback/,
  },
  'a runtime of an unknown architecture': {
    severity: 'error',
    bad: { containerd: { mode: 'cri-runtime' } },
    good: { containerd: { mode: 'cri-runtime', architecture: 'arm64' } },
    path: '$.features.overlaybd.containerd',
    says: /architecture/,
    hint: /architecture: amd64/,
  },
  'another containerd beside nvidia-runtime': {
    severity: 'error',
    bad: { containerd: { base: 'bakery' } },
    layer: { storage: { links: [...NVIDIA.storage.links, ...MASKED.storage.links] } },
    good: { containerd: { mode: 'none' } },
    goodLayer: { storage: { links: [...NVIDIA.storage.links, ...MASKED.storage.links] } },
    path: '$.features.overlaybd.containerd',
    says: /known to be right/,
    hint: /mode: none/,
  },
  "a layer's own config of containerd": {
    severity: 'warning',
    bad: {},
    layer: ownConfig('version = 3\n'),
    good: {},
    goodLayer: ownConfig('version = 3\n[proxy_plugins.overlaybd]\n'),
    path: '',
    says: /nothing of overlaybd/,
    hint: /mode: none/,
  },
  'the snapshotter masked': {
    severity: 'error',
    bad: {},
    layer: { systemd: { units: [{ name: 'overlaybd-snapshotter.service', mask: true }] } },
    good: {},
    goodLayer: { systemd: { units: [{ name: 'overlaybd-snapshotter.service', mask: false }] } },
    path: '',
    says: /overlaybd-snapshotter\.service is masked/,
    hint: /remove `mask`/,
  },
  'pulls into a containerd that knows nothing of it': {
    severity: 'warning',
    bad: { containerd: { mode: 'none' }, prepull: [{ ref: 'a.example/x:1' }] },
    good: { containerd: { mode: 'proxy' }, prepull: [{ ref: 'a.example/x:1' }] },
    path: '$.features.overlaybd.prepull',
    says: /no pull succeeds/,
    hint: /proxy/,
  },
  'pulls with credentials that they do not know': {
    severity: 'warning',
    bad: { credentials: { mode: 'http', path: 'http://127.0.0.1/a' }, prepull: [{ ref: 'a.example/x:1' }] },
    good: { credentials: [login('a.example')], prepull: [{ ref: 'a.example/x:1' }] },
    path: '$.features.overlaybd.prepull',
    says: /for layers alone/,
    hint: /list the credentials/,
  },
  'an official image without its library': {
    severity: 'error',
    bad: { prepull: [{ ref: 'docker.io/redis:7' }] },
    good: { prepull: [{ ref: 'docker.io/library/redis:7' }] },
    path: '$.features.overlaybd.prepull.0.ref',
    says: /library/,
    hint: /docker\.io\/library\/redis/,
  },
  'a certificate that is cut off': {
    severity: 'error',
    bad: { authorities: [CERTIFICATE.replace(/\n[^\n]+\n-----END/, '\n-----END')] },
    good: { authorities: [CERTIFICATE] },
    path: '$.features.overlaybd.authorities.0',
    says: /no certificate/,
    hint: /BEGIN CERTIFICATE/,
  },
  'a quota on btrfs': {
    severity: 'error',
    bad: { disk: { device: '/dev/vdb', format: 'btrfs' }, snapshotter: { rootfsQuota: '20g' } },
    good: { disk: { device: '/dev/vdb', format: 'xfs' }, snapshotter: { rootfsQuota: '20g' } },
    path: '$.features.overlaybd.disk.format',
    says: /btrfs/,
    hint: /ext4 or xfs/,
  },
  'a runtime of a mode that has none': {
    severity: 'error',
    bad: { containerd: { mode: 'cri-default', runtimeName: 'streamed' } },
    good: { containerd: { ...RUNTIME, runtimeName: 'streamed' } },
    path: '$.features.overlaybd.containerd.runtimeName',
    says: /no runtime of its own/,
    hint: /cri-runtime/,
  },
  'a runtime that is there already': {
    severity: 'error',
    bad: { containerd: { ...RUNTIME, runtimeName: 'runc' } },
    good: { containerd: { ...RUNTIME, runtimeName: 'overlaybd' } },
    path: '$.features.overlaybd.containerd.runtimeName',
    says: /there already/,
    hint: /another name/,
  },
  'a version of the containerd that Flatcar ships': {
    severity: 'error',
    bad: { containerd: { version: '2.1.5' } },
    good: { containerd: { base: 'bakery', version: '2.1.5' } },
    goodLayer: MASKED,
    path: '$.features.overlaybd.containerd.version',
    says: /the release says/,
    hint: /bakery/,
  },
  'one runtime of an unknown containerd': {
    severity: 'error',
    bad: { containerd: { ...RUNTIME, base: 'bakery' } },
    good: { containerd: { ...RUNTIME, base: 'bakery', version: '2.1' } },
    layer: MASKED,
    goodLayer: MASKED,
    path: '$.features.overlaybd.containerd',
    says: /no config for one runtime/,
    hint: /version/,
  },
  'one runtime of a containerd without': {
    severity: 'error',
    bad: { containerd: { ...RUNTIME, base: 'bakery', version: '1.6.20' } },
    good: { containerd: { ...RUNTIME, base: 'bakery', version: '1.7.29' } },
    layer: MASKED,
    goodLayer: MASKED,
    path: '$.features.overlaybd.containerd.version',
    says: /since 1\.7/,
    hint: /cri-default/,
  },
  'a containerd that is switched off': {
    severity: 'error',
    bad: {},
    layer: MASKED,
    good: { containerd: { base: 'bakery' } },
    goodLayer: MASKED,
    path: '$.features.overlaybd.containerd',
    says: /switched off/,
    hint: /base: bakery/,
  },
  'two containerds': {
    severity: 'warning',
    bad: { containerd: { base: 'bakery' } },
    good: { containerd: { base: 'bakery' } },
    goodLayer: MASKED,
    path: '$.features.overlaybd.containerd',
    says: /not switched off/,
    hint: /containerd-flatcar/,
  },
  'the extension nvidia-runtime with another base': {
    severity: 'error',
    bad: { containerd: { base: 'flatcar' } },
    layer: NVIDIA,
    good: { containerd: { base: 'nvidia' } },
    goodLayer: NVIDIA,
    path: '$.features.overlaybd.containerd',
    says: /would be lost/,
    hint: /base: nvidia/,
  },
  'the base of an extension that is not there': {
    severity: 'warning',
    bad: { containerd: { base: 'nvidia' } },
    good: { containerd: { base: 'nvidia' } },
    goodLayer: NVIDIA,
    path: '$.features.overlaybd.containerd',
    says: /does not start/,
    hint: /nvidia/,
  },
  'a list of extensions in a layer': {
    severity: 'error',
    bad: {},
    layer: OWN_LIST('podman\n# overlaybd\n'),
    good: {},
    goodLayer: OWN_LIST('podman\noverlaybd\n'),
    path: '',
    says: /replaces the list/,
    hint: /sysext/,
  },
  'a list of extensions that is not seen': {
    severity: 'warning',
    bad: {},
    layer: {
      storage: { files: [{ path: '/etc/flatcar/enabled-sysext.conf', overwrite: true, contents: { local: 'list' } }] },
    },
    good: {},
    path: '',
    says: /cannot be seen/,
    hint: /sysext/,
  },
  'a drop-in with the last word': {
    severity: 'error',
    bad: {},
    layer: dropin('99-local.conf'),
    good: {},
    goodLayer: dropin('50-local.conf'),
    path: '',
    says: /does not read/,
    hint: /50-local/,
  },
  'containerd masked': {
    severity: 'error',
    bad: {},
    layer: { systemd: { units: [{ name: 'containerd.service', mask: true }] } },
    good: { containerd: { mode: 'none' } },
    goodLayer: { systemd: { units: [{ name: 'containerd.service', mask: true }] } },
    path: '',
    says: /masked/,
    hint: /mode: none/,
  },
  'another variant': {
    severity: 'error',
    bad: {},
    layer: { variant: 'fcos', version: '1.5.0' },
    good: {},
    goodLayer: { variant: 'flatcar', version: '1.1.0' },
    path: '$.features',
    says: /for Flatcar/,
    hint: /variant: flatcar/,
  },
  'a registry that is none': {
    severity: 'error',
    bad: { credentials: [login('registry.example.com/team/app:1.2')] },
    good: { credentials: [login('registry.example.com/team/app')] },
    path: '$.features.overlaybd.credentials.0.registry',
    says: /no registry/,
    hint: /registry\.example\.com/,
  },
  'two credentials for one place': {
    severity: 'error',
    bad: { credentials: [login('docker.io'), login('https://index.docker.io/v1/')] },
    good: { credentials: [login('docker.io'), login('docker.io/team')] },
    path: '$.features.overlaybd.credentials.1.registry',
    says: /same place/,
    hint: /namespace/,
  },
  'a user without a password': {
    severity: 'error',
    bad: { credentials: [login('a.example', { username: 'u' })] },
    good: { credentials: [login('a.example', { username: 'u', password: 'p' })] },
    path: '$.features.overlaybd.credentials.0.registry',
    says: /`username` and `password`, or `auth`/,
    hint: /one of the two/,
  },
  'a password twice': {
    severity: 'error',
    bad: { credentials: [login('a.example', { username: 'u', password: 'p', auth: 'dTpw' })] },
    good: { credentials: [login('a.example', { auth: 'dTpw' })] },
    path: '$.features.overlaybd.credentials.0.registry',
    says: /`username` and `password`, or `auth`/,
    hint: /one of the two/,
  },
  'a password that is not encoded': {
    severity: 'error',
    bad: { credentials: [login('a.example', { auth: 'u:p' })] },
    good: { credentials: [login('a.example', { auth: 'dTpw' })] },
    path: '$.features.overlaybd.credentials.0.auth',
    says: /base64/,
    hint: /base64 -w0/,
  },
  'an encoded password with a line break': {
    severity: 'error',
    bad: { credentials: [login('a.example', { auth: Buffer.from('u:p\n').toString('base64') })] },
    good: { credentials: [login('a.example', { auth: Buffer.from('u:p').toString('base64') })] },
    path: '$.features.overlaybd.credentials.0.auth',
    says: /white space/,
    hint: /line break/,
  },
  'an image without a host': {
    severity: 'error',
    bad: { prepull: [{ ref: 'library/redis:7' }] },
    good: { prepull: [{ ref: 'docker.io/library/redis:7' }] },
    path: '$.features.overlaybd.prepull.0.ref',
    says: /no reference/,
    hint: /host, repository/,
  },
  'an image without a tag': {
    severity: 'error',
    bad: { prepull: [{ ref: 'a.example/redis' }] },
    good: { prepull: [{ ref: `a.example/redis@sha256:${'0'.repeat(64)}` }] },
    path: '$.features.overlaybd.prepull.0.ref',
    says: /no reference/,
    hint: /tag or digest/,
  },
  'an image that would be more than one argument': {
    severity: 'error',
    bad: { prepull: [{ ref: 'a.example/redis:7 --user=u:p' }] },
    good: { prepull: [{ ref: 'a.example/redis:7' }] },
    path: '$.features.overlaybd.prepull.0.ref',
    says: /no reference/,
    hint: /registry\.example\.com/,
  },
  'an image twice': {
    severity: 'error',
    bad: { prepull: [{ ref: 'a.example/redis:7' }, { ref: 'a.example/redis:7' }] },
    good: { prepull: [{ ref: 'a.example/redis:7' }, { ref: 'a.example/redis:7', namespace: 'k8s.io' }] },
    path: '$.features.overlaybd.prepull.1.ref',
    says: /already/,
    hint: /remove/,
  },
  'a private key among the certificates': {
    severity: 'error',
    bad: { authorities: [`${CERTIFICATE}-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n`] },
    good: { authorities: [CERTIFICATE] },
    path: '$.features.overlaybd.authorities.0',
    says: /private key/,
    hint: /BEGIN CERTIFICATE/,
  },
  'what is no certificate': {
    severity: 'error',
    bad: { authorities: ['/etc/ssl/ca.pem'] },
    good: { authorities: [CERTIFICATE + CERTIFICATE] },
    path: '$.features.overlaybd.authorities.0',
    says: /no certificate/,
    hint: /BEGIN CERTIFICATE/,
  },
};

suite('What would not boot, or would not stream without a word', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    test(name, () => {
      const profile = (block: object, layer: object | undefined) =>
        withOverlaybd(block, layer === undefined ? {} : { butane: layer });
      const bad = assembled(profile(rule.bad, rule.layer));
      const found = bad.diagnostics.filter(({ message }) => rule.says.test(message));
      assert.equal(found.length, 1, JSON.stringify(bad.diagnostics));
      const [diagnostic] = found;
      assert.equal(diagnostic?.severity, rule.severity);
      assert.equal(diagnostic?.code, 'feature');
      assert.equal(diagnostic?.path ?? '', rule.path);
      assert.match(diagnostic?.hint ?? '', rule.hint);
      assert.equal(diagnostic?.origin?.file, 'profiles/p.yaml');
      assert.equal(bad.files.size > 0, rule.severity === 'warning', 'an error, and only an error, leaves no document');

      const good = assembled(profile(rule.good, rule.goodLayer));
      assert.deepEqual(good.diagnostics, []);
      assert.ok(good.files.has('/etc/overlaybd/overlaybd.json'));
    });
  }
});

test('A report about a block points at the line that caused it', () => {
  const profile = [
    'features:',
    '  overlaybd:',
    '    release: 4230.2.0',
    '    backstore:',
    '      enableThread: true',
    '',
  ];
  const places = assembled(profile.join('\n')).diagnostics.map(({ origin }) => `${origin?.line}:${origin?.column}`);
  assert.deepEqual(places, ['3:14', '5:21']);
});

test('A release from after the table is taken for the newest, with a remark', () => {
  const { diagnostics, files } = assembled(
    withOverlaybd({ release: '5000.0.0', credentials: { mode: 'uds', path: '/run/a' } }),
  );
  assert.deepEqual(
    diagnostics.map(({ severity, path }) => [severity, path]),
    [['info', '$.features.overlaybd.release']],
  );
  assert.ok(files.has('/etc/overlaybd/overlaybd.json'));
});

test('The table of releases is in order, and each channel has a line', () => {
  const numbers = RELEASE_LINES.map(({ version: [major, minor, patch] }) => major * 1e6 + minor * 1e3 + patch);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  for (const channel of ['alpha', 'beta', 'stable', 'lts'] as const) {
    assert.ok(RELEASE_LINES.some(({ channels }) => channels.includes(channel)));
  }
});
