import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { adopt } from '../../src/adopt/adopt.ts';
import { effectiveConfig as expectedConfig, readToml } from '../../src/adopt/containerd-config.ts';
import { readOriginal } from '../../src/adopt/original.ts';
import { keysAt, valueAt } from '../../src/adopt/recognition.ts';
import { readSource } from '../../src/adopt/source.ts';
import type { Keys } from '../../src/feature/keys.ts';
import { chosenContainerds, containerdPrograms, type EffectiveConfig, effectiveConfig } from '../support/containerd.ts';
import { flatcarTree } from '../support/flatcar-tree.ts';
import { startMachine } from '../support/machine-root.ts';
import { writeTree } from '../support/machine-tree.ts';

const FOLDER = 'test/golden/adopt';
const CONFIG = '/etc/containerd/config.toml';
const IMPORT = 'imports = ["/usr/share/containerd/config.toml"]';
const PROXY = '[proxy_plugins.overlaybd]\ntype = "snapshot"\naddress = "/run/overlaybd-snapshotter/overlaybd.sock"';
const CRI = 'plugins."io.containerd.grpc.v1.cri"';

/** Configs that look right, with what containerd 2 makes of them: what adopt says about them is held against the program. */
const MISLEADING: Readonly<Record<string, string>> = {
  'an old name of the plugin': `version = 2\n${IMPORT}\n[plugins.cri.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`,
  'no version': `[${CRI}.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`,
  'no table of runtimes': `version = 2\n[${CRI}.containerd]\nsnapshotter = "overlaybd"\ndisable_snapshot_annotations = false\n${PROXY}`,
  'a runtime of version 2': `version = 2\n[${CRI}.containerd.runtimes.lazy]\nruntime_type = "io.containerd.runc.v2"\nsnapshotter = "overlaybd"\n${PROXY}`,
  'runtimes over an import of version 2': `version = 3\n${IMPORT}\n[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.lazy]\nruntime_type = "io.containerd.runc.v2"\n${PROXY}`,
  'version 2 over version 3': `version = 2\nimports = ["/etc/containerd/three.toml"]\n[${CRI}]\nenable_selinux = true\n[${CRI}.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\noptions.SystemdCgroup = true\n${PROXY}`,
  'what the nvidia-runtime extension brings': `version = 3\nimports = ["/etc/containerd/config-nvidia.toml"]\n${PROXY}`,
};

/** Releases that a Flatcar with overlaybd may have; 2.3 differs in what it loses. */
const RELEASES = chosenContainerds().filter((release) => /^2\.[0-2]$/.test(release));

for (const release of RELEASES) {
  test(`containerd ${release} makes of each config what adopt says that it does`, async (t) => {
    const programs = containerdPrograms(t, release);
    if (programs === undefined) return;
    const configs = [...Object.entries(MISLEADING), ...adoptedConfigs()];
    const files = Object.fromEntries(configs.map(([, text], index) => [`/configs/${index}.toml`, text]));
    const three = `version = 3\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "overlaybd"\n`;
    const machine = await startMachine(t, {
      tree: await writeTree(t, { ...flatcarTree('nvidia'), '/etc/containerd/three.toml': three, ...files }),
      programs,
    });
    if (machine === undefined) return;
    const read = (path: string) => (path === '/etc/containerd/three.toml' ? three : undefined);
    for (const [index, [name, text]] of configs.entries()) {
      const real = await effectiveConfig(machine, `/configs/${index}.toml`);
      const config = readToml(text);
      assert.ok(config !== undefined, name);
      assert.deepEqual(inShape(expectedConfig(config, { read, bakery: false, mayBeOld: false })), real, name);
    }
  });
}

/** The hand-written configs of the golden cases. */
function adoptedConfigs(): readonly (readonly [string, string])[] {
  return readdirSync(FOLDER).flatMap((name) => {
    const text = readFileSync(`${FOLDER}/${name}/config.bu`, 'utf8');
    const source = readSource(text, name).value;
    assert.ok(source !== undefined && adopt(text, name, { now: () => 0 }).value !== undefined);
    const config = readOriginal(source).files.get(CONFIG)?.content?.text;
    return config === undefined ? [] : [[name, config] as const];
  });
}

/** What adopt says, in the shape that the dump of the real program is read into. */
function inShape(config: Keys): EffectiveConfig {
  const images = keysAt(config, 'plugins', 'io.containerd.cri.v1.images');
  const runtime = keysAt(config, 'plugins', 'io.containerd.cri.v1.runtime');
  const text = (value: unknown) => (value === undefined ? '' : String(value));
  const runtimes = Object.entries(keysAt(runtime, 'containerd', 'runtimes')).map(([name, table]) => [
    name,
    {
      systemdCgroup: valueAt(table, 'options', 'SystemdCgroup') === true,
      binaryName: text(valueAt(table, 'options', 'BinaryName')),
      snapshotter: text(valueAt(table, 'snapshotter')),
      pullSnapshotter: text(valueAt(images, 'runtime_platforms', name, 'snapshotter')),
    },
  ]);
  const proxies = Object.entries(keysAt(config, 'proxy_plugins')).map(([name, table]) => {
    const address = text(valueAt(table, 'address'));
    const exports = Object.entries(keysAt(table, 'exports')).map(([key, value]) => [key, text(value)] as const);
    // What exports anything exports its address as well.
    const exported = exports.length === 0 ? {} : { ...Object.fromEntries(exports), address };
    return [name, { type: text(valueAt(table, 'type')), address, exports: exported }];
  });
  return {
    oomScore: Number(config.oom_score),
    selinux: runtime.enable_selinux === true,
    snapshotter: text(images.snapshotter),
    disableSnapshotAnnotations: images.disable_snapshot_annotations === true,
    defaultRuntime: text(valueAt(runtime, 'containerd', 'default_runtime_name')),
    runtimes: Object.fromEntries(runtimes),
    proxyPlugins: Object.fromEntries(proxies),
  };
}
