import type { Origin, Severity } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import {
  configsOf,
  DEAD_PLUGIN,
  effectiveConfig,
  missingImports,
  PLUGIN_NAMES,
  type Surroundings,
} from './containerd-config.ts';
import { keysAt, valueAt } from './recognition.ts';

/** What is wrong in a config of containerd: the path of the key that shows it, what it is, and what becomes of it. */
export interface ConfigFault {
  readonly path: readonly string[];
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string;
}

/** What a rule looks at. */
interface Written {
  readonly config: Keys;
  readonly imported: readonly Keys[];
  /** What containerd 2 makes of it. */
  readonly effective: Keys;
  readonly around: Surroundings;
}

const { cri: CRI, images: IMAGES, runtime: RUNTIME, old: OLD } = PLUGIN_NAMES;
const BLOCK = 'the block writes a config that every containerd of its release reads';

type Rule = (written: Written) => (Omit<ConfigFault, 'severity'> & { readonly severity?: Severity }) | undefined;

/** What goes wrong with configs that look right; containerd itself says little or nothing about any of it. */
const RULES: readonly Rule[] = [
  ({ config }) =>
    valueAt(config, 'plugins', DEAD_PLUGIN) === undefined
      ? undefined
      : {
          path: ['plugins', DEAD_PLUGIN],
          severity: 'info',
          message: 'this table is for a plugin that containerd 2 has no more, and is ignored',
          hint: 'it is left out',
        },
  ({ config }) =>
    config.version === undefined && config.plugins !== undefined
      ? {
          path: ['plugins'],
          message: 'without `version` at its top, containerd 2 ignores what the config says about plugins',
          hint: BLOCK,
        }
      : undefined,
  ({ config }) =>
    config.version === 2 && valueAt(config, 'plugins', OLD) !== undefined
      ? {
          path: ['plugins', OLD],
          message:
            'in a config of version 2 the plugin is called io.containerd.grpc.v1.cri; containerd 1 does not start with this, and 2 ignores it',
          hint: BLOCK,
        }
      : undefined,
  ({ config, imported }) =>
    config.version === 2 && imported.some(({ version }) => version === 3)
      ? {
          path: ['imports'],
          message: 'a config of version 2 that imports one of version 3 loses SELinux and SystemdCgroup',
          hint: BLOCK,
        }
      : undefined,
  ({ config, imported }) =>
    config.version === 3 &&
    Object.keys(keysAt(config, 'plugins', RUNTIME)).length > 0 &&
    imported.some(({ version }) => version === 2)
      ? {
          path: ['plugins', RUNTIME],
          message:
            'runtimes in a config of version 3 that imports one of version 2 lose SystemdCgroup before containerd 2.3',
          hint: BLOCK,
        }
      : undefined,
  ({ config, imported }) =>
    config.version === 2 && imported.length > 0 && Object.keys(keysAt(config, 'plugins', CRI)).length > 0
      ? {
          path: ['plugins', CRI],
          message:
            'containerd 1 and 2.3 lose what a config of version 2 says about CRI when it imports another that does',
          hint: BLOCK,
        }
      : undefined,
  ({ config }) => {
    const containerd = keysAt(config, 'plugins', CRI, 'containerd');
    if (config.version !== 2 || containerd.snapshotter === undefined || containerd.runtimes !== undefined)
      return undefined;
    return {
      path: ['plugins', CRI, 'containerd', 'snapshotter'],
      message:
        'without a table of runtimes in the same file, containerd 2 drops `snapshotter` and `disable_snapshot_annotations`',
      hint: BLOCK,
    };
  },
  ({ config }) => {
    const runtimes = keysAt(config, 'plugins', CRI, 'containerd', 'runtimes');
    const named = Object.keys(runtimes).find((name) => valueAt(runtimes, name, 'snapshotter') !== undefined);
    if (config.version !== 2 || named === undefined) return undefined;
    return {
      path: ['plugins', CRI, 'containerd', 'runtimes', named, 'snapshotter'],
      message: 'containerd 2 takes the snapshotter of one runtime for containers and not for pulls',
      hint: 'mode cri-runtime says it for both, in a config of version 3',
    };
  },
  ({ config, around }) =>
    config.version === 3 && around.mayBeOld
      ? { path: ['version'], message: 'containerd older than 2 does not start with a config of version 3', hint: BLOCK }
      : undefined,
  ({ config, effective }) =>
    valueAt(effective, 'plugins', IMAGES, 'snapshotter') === 'overlaybd' &&
    valueAt(effective, 'plugins', IMAGES, 'disable_snapshot_annotations') !== false
      ? {
          path: ['plugins', config.version === 3 ? IMAGES : CRI],
          message:
            'without `disable_snapshot_annotations = false` the snapshotter is not told the image, and nothing is read lazily',
          hint: 'the block says it',
        }
      : undefined,
  ({ config, effective, around }) =>
    // The config of the bakery leaves it off.
    around.bakery || valueAt(effective, 'plugins', RUNTIME, 'enable_selinux') === true
      ? undefined
      : {
          path: ['plugins'],
          message: 'SELinux is off for containers, which it is not in the config that Flatcar ships',
          hint: config.imports === undefined ? 'the block keeps what Flatcar ships' : BLOCK,
        },
  ({ effective }) =>
    valueAt(effective, 'plugins', RUNTIME, 'containerd', 'runtimes', 'runc', 'options', 'SystemdCgroup') === true
      ? undefined
      : {
          path: ['plugins'],
          message: 'runc does not use the cgroups of systemd, which it does in the config that Flatcar ships',
          hint: 'the block keeps what Flatcar ships',
        },
  ({ config, around }) => {
    const [missing] = missingImports(config, around);
    if (missing === undefined) return undefined;
    return {
      path: ['imports'],
      message: 'a file is imported that is not seen here; without it containerd does not start',
      hint: 'what it says is not looked at',
    };
  },
];

/** What is wrong in a config, in the order of the rules. Messages quote no value. */
export function configFaults(config: Keys, around: Surroundings): readonly ConfigFault[] {
  const [, ...imported] = configsOf(config, around);
  const written: Written = { config, imported, effective: effectiveConfig(config, around), around };
  return RULES.flatMap((rule) => {
    const fault = rule(written);
    return fault === undefined ? [] : [{ severity: 'warning' as const, ...fault }];
  });
}

/** The place of a key in a parsed document, or of its nearest parent. */
export type PlaceOf = (path: readonly string[]) => Origin;
