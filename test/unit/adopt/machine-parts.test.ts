import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CERTIFICATE } from '../../support/certificate.ts';
import { adoptLists, extensionList, file, pointer } from './adopted.ts';

const LIST = extensionList('overlaybd');
const CONFIG = file(
  '/etc/containerd/config.toml',
  'version = 3\nimports = ["/usr/share/containerd/config.toml"]\n[proxy_plugins.overlaybd]\ntype = "snapshot"\naddress = "/run/overlaybd-snapshotter/overlaybd.sock"\n',
);

function told(messages: readonly string[], message: RegExp): void {
  assert.ok(
    messages.some((each) => message.test(each)),
    messages.join('\n'),
  );
}

test('services of the extension are started by the block, whatever started them', () => {
  const { layer, messages } = adoptLists({
    files: [LIST],
    links: [{ path: '/etc/systemd/system/multi-user.target.wants/overlaybd-tcmu.service', target: '/x' }],
    units: [
      {
        name: 'multi-user.target',
        dropins: [
          { name: '10-o.conf', contents: '[Unit]\nUpholds=overlaybd-tcmu.service overlaybd-snapshotter.service\n' },
        ],
      },
      { name: 'overlaybd-snapshotter.service', enabled: true },
    ],
  });
  assert.deepEqual(layer, { variant: 'flatcar', version: '1.0.0' });
  told(messages, /`enabled` is a preset/);
});

test('a drop-in that starts other services as well stays, and so do drop-ins of the services', () => {
  const units = [
    {
      name: 'multi-user.target',
      dropins: [{ name: '10-o.conf', contents: '[Unit]\nUpholds=overlaybd-tcmu.service mine.service\n' }],
    },
    { name: 'overlaybd-tcmu.service', dropins: [{ name: 'a.conf', contents: '[Service]\nNice=1\n' }] },
  ];
  assert.deepEqual(adoptLists({ files: [LIST], units }).layer.systemd, { units });
});

test('modules of overlaybd are loaded by the block, and others where they were', () => {
  const own = file('/etc/modules-load.d/overlaybd.conf', '# tcmu\ntarget_core_user\ntcm_loop\n');
  const other = file('/etc/modules-load.d/other.conf', 'target_core_user\nvfio\n');
  const { layer } = adoptLists({ files: [LIST, own, other] });
  assert.deepEqual(layer.storage, { files: [other] });
});

test('tmpfiles that repeat those of the extension go', () => {
  const copy = 'C /etc/overlaybd/overlaybd.json 0644 root root - /usr/local/overlaybd/etc/overlaybd.json\n';
  const own = file('/etc/tmpfiles.d/overlaybd.conf', copy);
  const other = file('/etc/tmpfiles.d/cache.conf', 'd /opt/overlaybd/registry_cache 0700\n');
  assert.deepEqual(adoptLists({ files: [LIST, own, other] }).layer.storage, { files: [other] });
});

const DOCKER = { features: { 'containerd-snapshotter': true }, 'storage-driver': 'overlaybd' };
const SNAPSHOTTER = {
  root: '/var/lib/containerd/io.containerd.snapshotter.v1.overlaybd',
  address: '/run/overlaybd-snapshotter/overlaybd.sock',
  runtimeType: 'docker',
};

test('docker needs a release, and the block names the first that has it', () => {
  const { block, layer, value } = adoptLists({
    files: [
      LIST,
      CONFIG,
      file('/etc/docker/daemon.json', JSON.stringify(DOCKER)),
      file('/etc/overlaybd-snapshotter/config.json', JSON.stringify(SNAPSHOTTER)),
    ],
    units: [pointer()],
  });
  assert.deepEqual(
    [block, layer.storage],
    [{ release: '4669.0.0', snapshotter: { runtimeType: 'docker' } }, undefined],
  );
  assert.ok(value?.differences.some(({ change, name }) => change === 'same' && name === '/etc/docker/daemon.json'));
});

test('docker without what else it needs gets it, and is told of it', () => {
  const { block, messages } = adoptLists({
    files: [LIST, file('/etc/docker/daemon.json', '{"storage-driver": "overlaybd"}')],
  });
  assert.deepEqual(block, { release: '4669.0.0', snapshotter: { runtimeType: 'docker' } });
  told(messages, /without `features\.containerd-snapshotter`/);
  told(messages, /set up to serve containerd/);
  told(messages, /docker needs the proxy plugin/);
});

test('a config of docker with more in it stays as it is', () => {
  const daemon = file('/etc/docker/daemon.json', JSON.stringify({ ...DOCKER, 'log-driver': 'journald' }));
  const { layer, value } = adoptLists({
    files: [LIST, CONFIG, daemon, file('/etc/overlaybd-snapshotter/config.json', JSON.stringify(SNAPSHOTTER))],
    units: [pointer()],
  });
  assert.deepEqual(layer.storage, { files: [daemon] });
  assert.ok(value?.differences.some(({ change, name }) => change === 'same' && name === '/etc/docker/daemon.json'));
});

const PEM = CERTIFICATE;
const UPDATE = {
  name: 'ca.service',
  enabled: true,
  contents: '[Service]\nType=oneshot\nExecStart=/usr/sbin/update-ca-certificates\n',
};

test('certificates with the unit that trusts them are the block’s, unless another file names them', () => {
  const cert = file('/etc/ssl/certs/mine.pem', PEM);
  const { block, layer } = adoptLists({ files: [LIST, cert], units: [UPDATE] });
  assert.deepEqual([block.authorities, layer], [[PEM], { variant: 'flatcar', version: '1.0.0' }]);
  const hosts = file('/etc/containerd/certs.d/r/hosts.toml', 'ca = "/etc/ssl/certs/mine.pem"\n');
  assert.equal(adoptLists({ files: [LIST, cert, hosts], units: [UPDATE] }).block.authorities, undefined);
  assert.equal(adoptLists({ files: [LIST, cert] }).block.authorities, undefined);
});

describe('a disk for containerd:', () => {
  const disk = { device: '/dev/vdb', path: '/var/lib/containerd', format: 'ext4', with_mount_unit: true };

  test('is the block’s, with the caches where they were', () => {
    const { block, layer } = adoptLists({ files: [LIST], filesystems: [disk] });
    assert.deepEqual(block.disk, { device: '/dev/vdb' });
    assert.deepEqual(block.backstore, {
      cacheConfig: { cacheDir: '/opt/overlaybd/registry_cache' },
      gzipCacheConfig: { cacheDir: '/opt/overlaybd/gzip_cache' },
    });
    assert.equal(layer.storage !== undefined && 'filesystems' in (layer.storage as object), false);
  });

  for (const [title, rest] of [
    ['with options', { options: ['-m', '0'] }],
    ['with mount options', { mount_options: ['noatime'] }],
    ['without a mount unit', { with_mount_unit: false }],
    ['of another format', { format: 'swap' }],
  ] as const) {
    test(`stays ${title}`, () => {
      const { block, layer } = adoptLists({ files: [LIST], filesystems: [{ ...disk, ...rest }] });
      assert.equal(block.disk, undefined);
      assert.deepEqual((layer.storage as { filesystems: unknown }).filesystems, [{ ...disk, ...rest }]);
    });
  }
});
