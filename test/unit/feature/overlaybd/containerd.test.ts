import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseToml } from '../../../../src/fragment/parse-toml.ts';
import { toValue } from '../../../../src/fragment/value.ts';
import { assembled, withOverlaybd } from '../assembled.ts';

const CONFIG = '/etc/containerd/config.toml';
const OLD_CRI = 'io.containerd.grpc.v1.cri';
const RUNTIME = 'io.containerd.cri.v1.runtime';
const IMAGES = 'io.containerd.cri.v1.images';

type Table = Readonly<Record<string, unknown>>;
const table = (value: unknown, ...path: readonly string[]): Table =>
  path.reduce<Table>((inner, key) => Object(inner[key]), Object(value));

const LAYERS = {
  flatcar: {},
  nvidia: { storage: { links: [{ path: '/etc/extensions/nvidia-runtime.raw', target: '/opt/x.raw' }] } },
  bakery: { storage: { links: [{ path: '/etc/extensions/containerd-flatcar.raw', target: '/dev/null' }] } },
};

/** Everything that a block can say about containerd, as far as no rule refuses it. */
const CONFIGS = (['proxy', 'cri-default', 'cri-runtime'] as const).flatMap((mode) =>
  (['flatcar', 'nvidia', 'bakery'] as const).flatMap((base) =>
    (base === 'bakery' ? [undefined, '1.6.20', '1.7.29', '2.0.7', '2.4.2'] : [undefined]).flatMap((version) => {
      const containerd = { mode, base, architecture: 'amd64', ...(version === undefined ? {} : { version }) };
      const { diagnostics, files } = assembled(withOverlaybd({ containerd }, { butane: LAYERS[base] }));
      const text = files.get(CONFIG)?.content;
      if (text === undefined) {
        assert.ok(mode === 'cri-runtime' && base === 'bakery', JSON.stringify(diagnostics));
        return [];
      }
      return [{ ...containerd, version, config: table(toValue(parseToml(text, CONFIG).value ?? fail()).value) }];
    }),
  ),
);

function fail(): never {
  throw new Error('the config is no TOML');
}

/** What must never be written, since one containerd or another gets it wrong without a word. */
const WRONG: Readonly<Record<string, (each: (typeof CONFIGS)[number]) => boolean>> = {
  'no version, which containerd 2 reads as an old config': ({ config }) => config.version !== 2 && config.version !== 3,
  'an import into a file of version 2': ({ config }) => config.version === 2 && config.imports !== undefined,
  'runtimes of version 3 on top of an import': ({ config }) =>
    config.imports !== undefined && table(config, 'plugins')[RUNTIME] !== undefined,
  'sections of another version than that of the file': ({ config }) => {
    const names = Object.keys(table(config, 'plugins'));
    return names.some((name) => (name === OLD_CRI) !== (config.version === 2));
  },
  'a section that only a config without a version may have': ({ config }) => table(config, 'plugins').cri !== undefined,
  'a snapshotter of version 2 without runtimes in the same file': ({ config }) => {
    const { snapshotter, runtimes } = table(config, 'plugins', OLD_CRI, 'containerd');
    return snapshotter !== undefined && table(runtimes).runc === undefined;
  },
  'a runtime with a snapshotter that its pulls do not use': ({ config }) => {
    const runtimes = table(config, 'plugins', RUNTIME, 'containerd', 'runtimes');
    const platforms = table(config, 'plugins', IMAGES, 'runtime_platforms');
    return Object.keys(runtimes).some(
      (name) => table(runtimes, name).snapshotter !== undefined && table(platforms, name).snapshotter !== 'overlaybd',
    );
  },
  'a snapshotter of version 2 for one runtime, where containerd 2 reads it': ({ config, version }) =>
    Object.keys(table(config, 'plugins', OLD_CRI, 'containerd', 'runtimes')).length > 1 && version !== '1.7.29',
  'a file of version 3 for a containerd that refuses it': ({ config, version }) =>
    config.version === 3 && version?.startsWith('1.') === true,
  'a whole file without what Flatcar has': ({ config }) =>
    config.imports === undefined &&
    (config.oom_score !== -999 ||
      (table(config, 'plugins', OLD_CRI).enable_selinux ?? table(config, 'plugins', RUNTIME).enable_selinux) !== true),
  'a snapshotter for pods without the annotations that make it stream': ({ config, mode }) =>
    mode !== 'proxy' &&
    (table(config, 'plugins', IMAGES).disable_snapshot_annotations ??
      table(config, 'plugins', OLD_CRI, 'containerd').disable_snapshot_annotations) !== false,
};

test('every mode and base has a config', () => assert.equal(CONFIGS.length, 6 + 5 * 2 + 3));

for (const [name, isWrong] of Object.entries(WRONG)) {
  test(`a block cannot come to ${name}`, () => {
    assert.deepEqual(
      CONFIGS.filter(isWrong).map(({ mode, base, version }) => `${mode} ${base} ${version}`),
      [],
    );
  });
}

test('the drop-in takes the command of the unit away, and sorts after that of nvidia-runtime', () => {
  const dropins = assembled(withOverlaybd({})).units.get('containerd.service')?.dropins ?? new Map();
  assert.deepEqual([...dropins.keys()], ['90-overlaybd.conf']);
  assert.ok('90-overlaybd.conf' > '10-nvidia.conf');
  const lines = String(dropins.get('90-overlaybd.conf')).split('\n');
  assert.deepEqual(lines.slice(lines.indexOf('ExecStart=')), [
    'ExecStart=',
    `ExecStart=/usr/bin/containerd --config ${CONFIG}`,
    '',
  ]);
});
