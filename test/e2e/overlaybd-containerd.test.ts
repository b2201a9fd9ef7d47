import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import {
  chosenContainerds,
  containerdPrograms,
  type EffectiveConfig,
  effectiveConfig,
  type RuntimeConfig,
  startContainerd,
} from '../support/containerd.ts';
import type { ContainerdBase } from '../support/flatcar-tree.ts';
import { type Machine, startMachine } from '../support/machine-root.ts';
import { type Tree, writeTree } from '../support/machine-tree.ts';
import {
  importedDefaultConfig,
  misleadingDefaultConfig,
  overlaybdTree,
  proxyConfig,
  runtimeConfig,
  wholeDefaultConfig,
} from '../support/overlaybd-tree.ts';

/** A config of containerd, and what has to come of it. */
interface Mode {
  /** The end of a sentence that starts with a release of containerd. */
  readonly promise: string;
  readonly base: ContainerdBase;
  readonly config: string;
  /** Releases before 2.0 have no such way. */
  readonly needs2?: true;
  readonly images: Pick<EffectiveConfig, 'snapshotter' | 'disableSnapshotAnnotations'>;
  readonly runtimes: Readonly<Record<string, RuntimeConfig>>;
}

const RUNC: RuntimeConfig = { systemdCgroup: true, binaryName: '', snapshotter: '', pullSnapshotter: '' };
const NVIDIA: RuntimeConfig = { ...RUNC, binaryName: '/usr/bin/nvidia-container-runtime' };
const LAZY: RuntimeConfig = { ...RUNC, snapshotter: 'overlaybd', pullSnapshotter: 'overlaybd' };
const PLAIN = { snapshotter: 'overlayfs', disableSnapshotAnnotations: true };
const DEFAULT = { snapshotter: 'overlaybd', disableSnapshotAnnotations: false };
const BOTH = { snapshotter: 'overlayfs', disableSnapshotAnnotations: false };

const MODES: readonly Mode[] = [
  {
    promise: 'has OverlayBD for those who ask for it, beside what Flatcar set up',
    base: 'flatcar',
    config: proxyConfig('flatcar'),
    images: PLAIN,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'has OverlayBD for those who ask for it, beside what nvidia-runtime set up',
    base: 'nvidia',
    config: proxyConfig('nvidia'),
    images: PLAIN,
    runtimes: { runc: RUNC, nvidia: NVIDIA },
  },
  {
    promise: 'has OverlayBD for those who ask for it, beside what the bakery’s containerd set up',
    base: 'bakery',
    config: proxyConfig('bakery'),
    needs2: true,
    images: PLAIN,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for all of CRI from one whole file',
    base: 'flatcar',
    config: wholeDefaultConfig(),
    images: DEFAULT,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for all of CRI, on top of what Flatcar set up',
    base: 'flatcar',
    config: importedDefaultConfig('flatcar'),
    needs2: true,
    images: DEFAULT,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for all of CRI, on top of what nvidia-runtime set up',
    base: 'nvidia',
    config: importedDefaultConfig('nvidia'),
    needs2: true,
    images: DEFAULT,
    runtimes: { runc: RUNC, nvidia: NVIDIA },
  },
  {
    promise: 'takes OverlayBD for all of CRI, on top of what the bakery’s containerd set up',
    base: 'bakery',
    config: importedDefaultConfig('bakery'),
    needs2: true,
    images: DEFAULT,
    runtimes: { runc: RUNC },
  },
  {
    promise: 'takes OverlayBD for one runtime',
    base: 'flatcar',
    config: runtimeConfig('lazy', 'flatcar'),
    needs2: true,
    images: BOTH,
    runtimes: { runc: RUNC, lazy: LAZY },
  },
  {
    promise: 'takes OverlayBD for one runtime beside that of NVIDIA',
    base: 'nvidia',
    config: runtimeConfig('lazy', 'nvidia'),
    needs2: true,
    images: BOTH,
    runtimes: { runc: RUNC, nvidia: NVIDIA, lazy: LAZY },
  },
];

for (const release of chosenContainerds()) {
  suite(`containerd ${release}`, { concurrency: false }, () => {
    for (const mode of MODES) {
      if (mode.needs2 === true && release.startsWith('1.')) continue;
      test(mode.promise, (t) => assertMode(t, release, mode));
    }

    test('is seen to overlook a snapshotter where it does', async (t) => {
      const machine = await bootMachine(t, release, overlaybdTree(misleadingDefaultConfig()));
      if (machine === undefined) return;
      const containerd = await startContainerd(machine);
      const expected = release.startsWith('1.') ? 'overlaybd' : 'overlayfs';
      assert.equal((await effectiveConfig(machine, containerd.configFile)).snapshotter, expected);
      assert.equal(containerd.criSnapshotter(), expected);
    });
  });
}

async function bootMachine(t: TestContext, release: string, tree: Tree): Promise<Machine | undefined> {
  const programs = containerdPrograms(t, release);
  return programs && (await startMachine(t, { tree: await writeTree(t, tree), programs }));
}

async function assertMode(t: TestContext, release: string, mode: Mode): Promise<void> {
  const machine = await bootMachine(t, release, overlaybdTree(mode.config, { base: mode.base }));
  if (machine === undefined) return;
  const containerd = await startContainerd(machine);
  assert.equal(containerd.configFile, '/etc/containerd/config.toml');

  const { proxyPlugins, ...config } = await effectiveConfig(machine, containerd.configFile);
  assert.deepEqual(config, {
    oomScore: -999,
    selinux: mode.base !== 'bakery',
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
