import type { Keys } from '../feature/keys.ts';
import { isKeys, overlay } from '../feature/keys.ts';
import { SNAPSHOTTER_ADDRESS } from '../feature/overlaybd/shipped.ts';
import { parseToml } from '../fragment/parse-toml.ts';
import { toValue } from '../fragment/value.ts';
import { keysAt, valueAt } from './recognition.ts';

const CRI = 'io.containerd.grpc.v1.cri';
const IMAGES = 'io.containerd.cri.v1.images';
const RUNTIME = 'io.containerd.cri.v1.runtime';
/** A plugin that containerd 2 has no more, whose table everybody copies from Flatcar's old file. */
export const DEAD_PLUGIN = 'io.containerd.runtime.v1.linux';
/** How containerd 1.0 called the CRI plugin. */
const OLD_CRI = 'cri';

const RUNC = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };

/** `/usr/share/containerd/config.toml`, the same in all releases that have overlaybd, without what containerd 2 ignores. */
const SHIPPED: Keys = {
  version: 2,
  root: '/var/lib/containerd',
  state: '/run/containerd',
  oom_score: -999,
  grpc: { address: '/run/containerd/containerd.sock' },
  plugins: { [CRI]: { enable_selinux: true, containerd: { runtimes: { runc: RUNC } } } },
};

/** Files that come with Flatcar or with an extension, by what they say. */
const SHIPPED_PATH = '/usr/share/containerd/config.toml';
const KNOWN_FILES: Readonly<Record<string, Keys>> = {
  [SHIPPED_PATH]: SHIPPED,
  '/usr/share/containerd/config-cgroupfs.toml': {
    ...SHIPPED,
    plugins: { [CRI]: { containerd: { runtimes: { runc: { ...RUNC, options: { SystemdCgroup: false } } } } } },
  },
  '/etc/containerd/config-nvidia.toml': overlay(SHIPPED, {
    plugins: {
      [CRI]: {
        containerd: {
          default_runtime_name: 'nvidia',
          runtimes: {
            nvidia: { ...RUNC, options: { BinaryName: '/usr/bin/nvidia-container-runtime', SystemdCgroup: true } },
          },
        },
      },
    },
  }),
};

/** What the containerd of the bakery has in the place of Flatcar's file. */
const BAKERY: Keys = {
  version: 3,
  oom_score: -999,
  plugins: { [RUNTIME]: { containerd: { runtimes: { runc: { options: { SystemdCgroup: true } } } } } },
};

/** What containerd does where a config says nothing. */
const DEFAULTS: Keys = {
  root: '/var/lib/containerd',
  state: '/run/containerd',
  oom_score: 0,
  grpc: { address: '/run/containerd/containerd.sock' },
  plugins: {
    [RUNTIME]: {
      enable_selinux: false,
      containerd: {
        default_runtime_name: 'runc',
        runtimes: { runc: { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: false } } },
      },
    },
    [IMAGES]: { snapshotter: 'overlayfs', disable_snapshot_annotations: true },
  },
};

/** What of the CRI plugin of old went to the one for images; all else went to the one for containers. */
const OF_IMAGES = [
  'registry',
  'image_decryption',
  'max_concurrent_downloads',
  'image_pull_progress_timeout',
  'image_pull_with_sync_fs',
  'stats_collect_period',
];
const OF_SERVER = ['stream_server_address', 'stream_server_port', 'stream_idle_timeout', 'enable_tls_streaming'];

/** What is known of the other files of a machine. */
export interface Surroundings {
  /** Gives the text of a file. */
  read(path: string): string | undefined;
  /** Flatcar's own containerd is switched off, and that of the bakery is there. */
  readonly bakery: boolean;
  /** That one is older than 2, or nobody knows. */
  readonly mayBeOld: boolean;
}

/** What a file that may be imported says; undefined for one that is not known. */
function readConfig(path: string, { read, bakery }: Surroundings): Keys | undefined {
  const text = read(path);
  if (text !== undefined) return readToml(text);
  return bakery && path === SHIPPED_PATH ? BAKERY : KNOWN_FILES[path];
}

/** A TOML text as values; undefined when it is none. */
export function readToml(text: string): Keys | undefined {
  const parsed = parseToml(text, '').value;
  const value = parsed === undefined ? undefined : toValue(parsed).value;
  return isKeys(value) ? value : undefined;
}

/** What a config and all that it imports say, each as it stands, the first one first. */
export function configsOf(config: Keys, around: Surroundings): readonly Keys[] {
  const imports = Array.isArray(config.imports) ? config.imports.map(String) : [];
  return [config, ...imports.map((path) => readConfig(path, around)).filter((each) => each !== undefined)];
}

/** Imports that lead to a file nobody is known to write; a pattern may match nothing. */
export function missingImports(config: Keys, around: Surroundings): readonly string[] {
  const imports = Array.isArray(config.imports) ? config.imports.map(String) : [];
  return imports.filter((path) => !/[*?[]/.test(path) && readConfig(path, around) === undefined);
}

/**
 * What containerd 2, which every release with overlaybd has, makes of a config: all that it says and imports, in the terms
 * of version 3, what it drops without a word left out, and what is left out filled in.
 */
export function effectiveConfig(config: Keys, around: Surroundings): Keys {
  const configs = configsOf(config, around);
  const [own = {}, ...imported] = configs.map(asVersion3);
  const lost = lostByImports(configs);
  const united = [own, ...imported].reduce(overlay, {});
  const {
    version: _,
    imports,
    subreaper: __,
    disabled_plugins: disabled,
    ...rest
  } = overlay(DEFAULTS, overlay(united, lost));
  const missing = missingImports(config, around);
  const grpc = Object.entries(keysAt(rest, 'grpc')).filter(([key, value]) => !(/^[ug]id$/.test(key) && value === 0));
  return {
    ...withoutUsual(rest),
    grpc: Object.fromEntries(grpc),
    ...(Array.isArray(disabled) && disabled.length > 0 ? { disabled_plugins: disabled } : {}),
    ...(imports !== undefined && missing.length > 0 ? { imports: missing } : {}),
  };
}

/** Runtimes without what each of them has unless it is told otherwise. */
function withoutUsual(config: Keys): Keys {
  const runtimes = Object.entries(keysAt(config, 'plugins', RUNTIME, 'containerd', 'runtimes')).map(
    ([name, runtime]) => {
      const { privileged_without_host_devices: privileged, ...others } = isKeys(runtime) ? runtime : {};
      return [name, privileged === true ? { ...others, privileged_without_host_devices: true } : others] as const;
    },
  );
  const plugins = keysAt(config, 'plugins');
  const runtime = keysAt(plugins, RUNTIME);
  const containerd = { ...keysAt(runtime, 'containerd'), runtimes: Object.fromEntries(runtimes) };
  return { ...config, plugins: { ...plugins, [RUNTIME]: { ...runtime, containerd } } };
}

/** What containerd 2 loses because a config and what it imports are of two versions. */
function lostByImports(configs: readonly Keys[]): Keys {
  const [own = {}, ...imported] = configs;
  const runc = { containerd: { runtimes: { runc: { options: { SystemdCgroup: false } } } } };
  if (own.version === 2 && imported.some(({ version }) => version === 3)) {
    return { plugins: { [RUNTIME]: { enable_selinux: false, ...runc } } };
  }
  const overrides = Object.keys(keysAt(own, 'plugins', RUNTIME)).length > 0;
  return own.version === 3 && overrides && imported.some(({ version }) => version === 2)
    ? { plugins: { [RUNTIME]: runc } }
    : {};
}

function asVersion3(config: Keys): Keys {
  const { plugins, ...rest } = config;
  if (!isKeys(plugins)) return rest;
  const { [CRI]: cri, [DEAD_PLUGIN]: _, [OLD_CRI]: __, ...others } = plugins;
  if (config.version === 3) return { ...rest, plugins: { ...others, ...(cri === undefined ? {} : { [CRI]: cri }) } };
  if (config.version !== 2 || !isKeys(cri)) return { ...rest, plugins: others };
  const { containerd, sandbox_image: sandbox, ...keys } = cri;
  const {
    snapshotter,
    disable_snapshot_annotations: annotations,
    discard_unpacked_layers: discard,
    ...runtimes
  } = isKeys(containerd) ? containerd : {};
  const pick = (wanted: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(keys).filter(([key]) => wanted(key)));
  // Without a table of runtimes in the same file the two are dropped.
  const kept = runtimes.runtimes !== undefined;
  const images = {
    ...pick((key) => OF_IMAGES.includes(key)),
    ...(kept && snapshotter !== undefined ? { snapshotter } : {}),
    ...(kept && annotations !== undefined ? { disable_snapshot_annotations: annotations } : {}),
    ...(discard === undefined ? {} : { discard_unpacked_layers: discard }),
    ...(sandbox === undefined ? {} : { pinned_images: { sandbox } }),
  };
  const server = pick((key) => OF_SERVER.includes(key));
  const runtime = {
    ...pick((key) => !OF_IMAGES.includes(key) && !OF_SERVER.includes(key)),
    ...(Object.keys(runtimes).length === 0 ? {} : { containerd: runtimes }),
  };
  const split = [
    [IMAGES, images],
    [RUNTIME, runtime],
    [CRI, server],
  ] as const;
  const used = split.filter(([, value]) => Object.keys(value).length > 0);
  return { ...rest, plugins: overlay(others, Object.fromEntries(used)) };
}

/** What a config asks of overlaybd, whether containerd hears it or not. */
export interface Wish {
  readonly mode: 'proxy' | 'cri-default' | 'cri-runtime';
  readonly runtimeName?: string;
  /** Of the images that the runtime pulls, as far as the config says it. */
  readonly architecture?: string;
}

/** Reads from configs what their author wants of overlaybd; undefined for one who wants nothing. */
export function wishOf(configs: readonly Keys[]): Wish | undefined {
  const all = configs.reduce(overlay, {});
  const proxy = valueAt(all, 'proxy_plugins', 'overlaybd') ?? proxyAt(all, SNAPSHOTTER_ADDRESS);
  const defaults = [
    valueAt(all, 'plugins', CRI, 'containerd', 'snapshotter'),
    valueAt(all, 'plugins', OLD_CRI, 'containerd', 'snapshotter'),
    valueAt(all, 'plugins', IMAGES, 'snapshotter'),
  ];
  if (defaults.includes('overlaybd')) return { mode: 'cri-default' };
  const tables = [CRI, OLD_CRI, RUNTIME].map((plugin) => keysAt(all, 'plugins', plugin, 'containerd', 'runtimes'));
  const platforms = keysAt(all, 'plugins', IMAGES, 'runtime_platforms');
  const named = [...tables, platforms]
    .flatMap((table) => Object.entries(table))
    .find(([, runtime]) => valueAt(runtime, 'snapshotter') === 'overlaybd');
  if (named !== undefined) {
    const [runtimeName] = named;
    const platform = valueAt(platforms, runtimeName, 'platform');
    const architecture = platform === 'linux/arm64' ? 'arm64' : platform === 'linux/amd64' ? 'amd64' : undefined;
    return { mode: 'cri-runtime', runtimeName, ...(architecture === undefined ? {} : { architecture }) };
  }
  return proxy === undefined ? undefined : { mode: 'proxy' };
}

function proxyAt(config: Keys, address: string): unknown {
  return Object.values(keysAt(config, 'proxy_plugins')).find((plugin) => valueAt(plugin, 'address') === address);
}

/** Paths of tables that tell the versions apart. */
export const PLUGIN_NAMES = { cri: CRI, images: IMAGES, runtime: RUNTIME, old: OLD_CRI } as const;
