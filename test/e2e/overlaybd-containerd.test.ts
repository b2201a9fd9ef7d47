import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import {
  chosenContainerds,
  containerdPrograms,
  type EffectiveConfig,
  effectiveConfig,
  type RuntimeConfig,
  startContainerd,
} from '../support/containerd.ts';
import { type ContainerdBase, flatcarTree } from '../support/flatcar-tree.ts';
import { type Machine, startMachine } from '../support/machine-root.ts';
import { type Tree, writeTree } from '../support/machine-tree.ts';
import { renderedTree } from '../support/rendered-tree.ts';

/** A machine of test/machines, and what has to come of its config of containerd. */
interface Mode {
  /** The end of a sentence that starts with a release of containerd. */
  readonly promise: string;
  readonly base: ContainerdBase;
  /** Its folder. */
  readonly machine: string;
  /** The releases of containerd that the machine may have; Flatcar has 2.0 and newer. */
  readonly releases: RegExp;
  readonly images: Pick<EffectiveConfig, 'snapshotter' | 'disableSnapshotAnnotations'>;
  readonly runtimes: Readonly<Record<string, RuntimeConfig>>;
}

const RUNC: RuntimeConfig = { systemdCgroup: true, binaryName: '', snapshotter: '', pullSnapshotter: '' };
const NVIDIA: RuntimeConfig = { ...RUNC, binaryName: '/usr/bin/nvidia-container-runtime' };
const LAZY: RuntimeConfig = { ...RUNC, snapshotter: 'overlaybd', pullSnapshotter: 'overlaybd' };
const PLAIN = { snapshotter: 'overlayfs', disableSnapshotAnnotations: true };
const DEFAULT = { snapshotter: 'overlaybd', disableSnapshotAnnotations: false };
const BOTH = { snapshotter: 'overlayfs', disableSnapshotAnnotations: false };
const SINCE_2 = /^2\./;
const ANY = /^/;

const MODES: readonly Mode[] = [
  {
    promise: 'has OverlayBD for those who ask for it, beside what Flatcar set up',
    base: 'flatcar',
    machine: 'proxy-flatcar-4593',
    releases: SINCE_2,
    images: PLAIN,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'has OverlayBD for those who ask for it, beside what nvidia-runtime set up',
    base: 'nvidia',
    machine: 'proxy-nvidia-4593',
    releases: SINCE_2,
    images: PLAIN,
    runtimes: { runc: RUNC, nvidia: NVIDIA },
  },
  {
    promise: 'has OverlayBD for those who ask for it, as the bakery’s containerd',
    base: 'bakery',
    machine: 'proxy-bakery-4593',
    releases: ANY,
    images: PLAIN,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for all of CRI, on top of what Flatcar set up',
    base: 'flatcar',
    machine: 'cri-default-flatcar-4593',
    releases: SINCE_2,
    images: DEFAULT,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for all of CRI, on top of what nvidia-runtime set up',
    base: 'nvidia',
    machine: 'cri-default-nvidia-4593',
    releases: SINCE_2,
    images: DEFAULT,
    runtimes: { runc: RUNC, nvidia: NVIDIA },
  },
  {
    promise: 'takes OverlayBD for all of CRI, as the bakery’s containerd',
    base: 'bakery',
    machine: 'cri-default-bakery-4593',
    releases: ANY,
    images: DEFAULT,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for one runtime',
    base: 'flatcar',
    machine: 'cri-runtime-flatcar-4593',
    releases: SINCE_2,
    images: BOTH,
    runtimes: { runc: RUNC, overlaybd: LAZY },
  },
  {
    promise: 'takes OverlayBD for one runtime beside that of NVIDIA',
    base: 'nvidia',
    machine: 'cri-runtime-nvidia-4593',
    releases: SINCE_2,
    images: BOTH,
    runtimes: { runc: RUNC, nvidia: NVIDIA, overlaybd: LAZY },
  },
  {
    promise: 'takes OverlayBD for one runtime, as the bakery’s containerd',
    base: 'bakery',
    machine: 'cri-runtime-bakery-4593',
    releases: SINCE_2,
    images: BOTH,
    runtimes: { runc: RUNC, overlaybd: LAZY },
  },
  {
    promise: 'takes OverlayBD for one runtime, as an older containerd of the bakery',
    base: 'bakery',
    machine: 'cri-runtime-bakery-1.7',
    releases: /^1\.7/,
    images: BOTH,
    // There is one plugin for both, which uses the snapshotter of the runtime for the pull as well.
    runtimes: { runc: RUNC, streamed: LAZY },
  },
];

for (const release of chosenContainerds()) {
  suite(`containerd ${release}`, { concurrency: false }, () => {
    for (const mode of MODES) {
      if (mode.releases.test(release)) test(mode.promise, (t) => assertMode(t, release, mode));
    }

    test('is seen to overlook a snapshotter where it does', async (t) => {
      const machine = await bootMachine(t, release, 'flatcar', { [CONFIG]: MISLEADING });
      if (machine === undefined) return;
      const containerd = await startContainerd(machine);
      const expected = release.startsWith('1.') ? 'overlaybd' : 'overlayfs';
      assert.equal((await effectiveConfig(machine, containerd.configFile)).snapshotter, expected);
      assert.equal(containerd.criSnapshotter(), expected);
    });
  });
}

const CONFIG = '/usr/share/containerd/config.toml';

/** What looks like OverlayBD as the default of CRI, and is not for containerd 2, because the file names no runtime. */
const MISLEADING = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlaybd"
disable_snapshot_annotations = false

[proxy_plugins.overlaybd]
type = "snapshot"
address = "/run/overlaybd-snapshotter/overlaybd.sock"
`;

/** A machine with what its base has and what was rendered for it. */
async function bootMachine(
  t: TestContext,
  release: string,
  base: ContainerdBase,
  tree: Tree,
): Promise<Machine | undefined> {
  const programs = containerdPrograms(t, release);
  if (programs === undefined) return undefined;
  return await startMachine(t, { tree: await writeTree(t, { ...flatcarTree(base), ...tree }), programs });
}

async function assertMode(t: TestContext, release: string, mode: Mode): Promise<void> {
  const profile = await readFile(join(resolve('test/machines'), mode.machine, 'profile.yaml'), 'utf8');
  const tree = await renderedTree(t, profile);
  const machine = tree && (await bootMachine(t, release, mode.base, tree));
  if (machine === undefined) return;
  const containerd = await startContainerd(machine);
  assert.equal(containerd.configFile, '/etc/containerd/config.toml');

  const { proxyPlugins, ...config } = await effectiveConfig(machine, containerd.configFile);
  assert.deepEqual(config, {
    oomScore: -999,
    selinux: true,
    ...mode.images,
    defaultRuntime: mode.base === 'nvidia' ? 'nvidia' : 'runc',
    runtimes: mode.runtimes,
  });
  const { type, address, exports } = proxyPlugins.overlaybd ?? {};
  assert.deepEqual([type, address], ['snapshot', '/run/overlaybd-snapshotter/overlaybd.sock']);
  // 1.6 has no such table yet and leaves it out.
  if (release !== '1.6') {
    assert.equal(exports?.root, '/var/lib/containerd/io.containerd.snapshotter.v1.overlaybd');
    assert.equal(exports?.enable_remote_snapshot_annotations, 'true');
  }

  // The dump is what the file says; this is what the daemon does.
  assert.equal(await containerd.oomScore(), -999);
  assert.equal(containerd.criSnapshotter(), mode.images.snapshotter);
  const plugins = await containerd.plugins();
  assert.equal(plugins.get('io.containerd.snapshotter.v1.overlaybd'), 'ok');
  assert.equal(plugins.get('io.containerd.grpc.v1.cri'), 'ok');
}
