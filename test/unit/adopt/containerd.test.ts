import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adoptLists, adoptText, extensionList, file, pointer } from './adopted.ts';

const CONFIG = '/etc/containerd/config.toml';
const CRI = 'plugins."io.containerd.grpc.v1.cri"';
const IMPORT = 'imports = ["/usr/share/containerd/config.toml"]';
const PROXY = '[proxy_plugins.overlaybd]\ntype = "snapshot"\naddress = "/run/overlaybd-snapshotter/overlaybd.sock"\n';
const RUNC = `[${CRI}.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\noptions.SystemdCgroup = true\n`;
const NVIDIA = { path: '/etc/extensions/nvidia-runtime.raw', target: '/opt/extensions/nvidia-runtime/n.raw' };
const MASKED = { path: '/etc/extensions/containerd-flatcar.raw', target: '/dev/null' };

function config(toml: string, links: readonly object[] = [], dropin = pointer()) {
  return adoptLists({ files: [extensionList('overlaybd'), file(CONFIG, toml)], links, units: [dropin] });
}

function told(messages: readonly string[], message: RegExp): void {
  assert.ok(
    messages.some((each) => message.test(each)),
    messages.join('\n'),
  );
}

describe('the mode and base are those that the config means:', () => {
  const bakery = {
    path: '/etc/extensions/containerd.raw',
    target: '/opt/extensions/containerd/containerd-2.0.4-x86-64.raw',
  };
  const cases: readonly (readonly [string, string, readonly object[], unknown])[] = [
    ['proxy on top of what is shipped', `version = 3\n${IMPORT}\n${PROXY}`, [], undefined],
    [
      'proxy in a whole file',
      `version = 2\noom_score = -999\n[${CRI}]\nenable_selinux = true\n${RUNC}${PROXY}`,
      [],
      undefined,
    ],
    [
      'default, version 2',
      `version = 2\n[${CRI}.containerd]\nsnapshotter = "overlaybd"\ndisable_snapshot_annotations = false\n${RUNC}${PROXY}`,
      [],
      { mode: 'cri-default' },
    ],
    [
      'default, version 3',
      `version = 3\n${IMPORT}\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "overlaybd"\n${PROXY}`,
      [],
      { mode: 'cri-default' },
    ],
    [
      'default under the oldest name',
      `version = 2\n[plugins.cri.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`,
      [],
      { mode: 'cri-default' },
    ],
    [
      'one runtime, version 2',
      `version = 2\n${RUNC}[${CRI}.containerd.runtimes.lazy]\nsnapshotter = "overlaybd"\n${PROXY}`,
      [],
      { mode: 'cri-runtime', runtimeName: 'lazy', architecture: 'amd64' },
    ],
    [
      'one runtime, version 3',
      `version = 3\n[plugins."io.containerd.cri.v1.images".runtime_platforms.overlaybd]\nplatform = "linux/amd64"\nsnapshotter = "overlaybd"\n${PROXY}`,
      [],
      { mode: 'cri-runtime', architecture: 'amd64' },
    ],
    [
      'on nvidia-runtime',
      `version = 3\nimports = ["/etc/containerd/config-nvidia.toml"]\n${PROXY}`,
      [NVIDIA],
      { base: 'nvidia' },
    ],
    ['on the bakery', `version = 3\n${IMPORT}\n${PROXY}`, [MASKED, bakery], { base: 'bakery', version: '2.0.4' }],
    ['nothing of overlaybd', `version = 2\n${RUNC}`, [], { mode: 'none' }],
  ];
  for (const [title, toml, links, expected] of cases) {
    test(title, () => {
      const { block, layer, messages, value } = config(toml, links);
      assert.deepEqual(block.containerd, expected, messages.join('\n'));
      const kept = JSON.stringify(layer).includes(CONFIG);
      assert.equal(kept, title === 'nothing of overlaybd');
      assert.ok(value !== undefined);
    });
  }
});

describe('a config that looks right and is not:', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'a table of a plugin that is gone',
      `version = 2\n${RUNC}[plugins."io.containerd.runtime.v1.linux"]\nshim = "x"\n${PROXY}`,
      /a plugin that containerd 2 has no more/,
    ],
    ['no version', `[plugins.cri.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`, /without `version` at its top/],
    [
      'the oldest name in version 2',
      `version = 2\n[plugins.cri.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`,
      /the plugin is called io\.containerd\.grpc\.v1\.cri/,
    ],
    [
      'runtimes over an import of version 2',
      `version = 3\n${IMPORT}\n[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.x]\nruntime_type = "y"\n${PROXY}`,
      /lose SystemdCgroup before containerd 2\.3/,
    ],
    [
      'CRI over an import',
      `version = 2\n${IMPORT}\n[${CRI}]\nenable_selinux = true\n${PROXY}`,
      /lose what a config of version 2 says about CRI/,
    ],
    [
      'no table of runtimes',
      `version = 2\n[${CRI}.containerd]\nsnapshotter = "overlaybd"\n${PROXY}`,
      /without a table of runtimes in the same file/,
    ],
    [
      'a runtime of version 2',
      `version = 2\n${RUNC}[${CRI}.containerd.runtimes.lazy]\nsnapshotter = "overlaybd"\n${PROXY}`,
      /for containers and not for pulls/,
    ],
    [
      'no annotations',
      `version = 3\n${IMPORT}\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "overlaybd"\n${PROXY}`,
      /nothing is read lazily/,
    ],
    ['SELinux lost', `version = 2\n${RUNC}${PROXY}`, /SELinux is off/],
    [
      'SystemdCgroup lost',
      `version = 2\n[${CRI}]\nenable_selinux = true\n${PROXY}`,
      /does not use the cgroups of systemd/,
    ],
    [
      'an import that is missing',
      `version = 3\nimports = ["/usr/share/containerd/config.toml", "/etc/containerd/mine.toml"]\n${PROXY}`,
      /a file is imported that is not seen here/,
    ],
    ['no TOML', 'version = = 2\n[proxy_plugins.overlaybd]\n', /this is no TOML/],
  ];
  for (const [title, toml, message] of cases) {
    test(title, () => told(config(toml).messages, message));
  }

  test('version 2 that imports version 3', () => {
    const three = file(
      '/etc/containerd/three.toml',
      `version = 3\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "overlaybd"\n`,
    );
    const main = file(
      CONFIG,
      `version = 2\nimports = ["/etc/containerd/three.toml"]\n[${CRI}]\nenable_selinux = true\n${RUNC}${PROXY}`,
    );
    const { messages, block } = adoptLists({ files: [extensionList('overlaybd'), main, three], units: [pointer()] });
    told(messages, /loses SELinux and SystemdCgroup/);
    assert.deepEqual(block.containerd, { mode: 'cri-default' });
  });

  test('version 3 for a containerd of the bakery, which may be old', () => {
    told(config(`version = 3\n${IMPORT}\n${PROXY}`, [MASKED]).messages, /older than 2 does not start/);
  });

  test('a runtime of its own on a containerd that is not known stays as it is', () => {
    const { block, messages } = config(
      `version = 2\n${RUNC}[${CRI}.containerd.runtimes.lazy]\nsnapshotter = "overlaybd"\n${PROXY}`,
      [MASKED],
    );
    assert.deepEqual(block.containerd, { mode: 'none' });
    told(messages, /which containerd the bakery extension holds/);
  });
});

test('a key is told at its own place in the file', () => {
  const text = [
    'variant: flatcar',
    'version: 1.0.0',
    'storage:',
    '  files:',
    `    - path: ${CONFIG}`,
    '      contents:',
    '        inline: |',
    '          version = 2',
    '          [plugins."io.containerd.runtime.v1.linux"]',
    '          [proxy_plugins.overlaybd]',
    '          address = "/run/overlaybd-snapshotter/overlaybd.sock"',
    '',
  ].join('\n');
  const { diagnostics } = adoptText(text);
  const dead = diagnostics.find(({ message }) => /has no more/.test(message));
  assert.deepEqual(dead?.origin, { file: 'config.bu', line: 9, column: 20 });
});

describe('the drop-in:', () => {
  const toml = `version = 3\n${IMPORT}\n${PROXY}`;
  const dropins = (contents: string, name?: string, links: readonly object[] = []) =>
    config(toml, links, pointer(contents, name));

  test('none at all', () => {
    const { messages } = adoptLists({ files: [extensionList('overlaybd'), file(CONFIG, toml)] });
    told(messages, /nothing makes containerd read this config/);
  });

  test('none, beside a whole unit that names the config', () => {
    const unit = {
      name: 'containerd.service',
      contents: `[Service]\nExecStart=/usr/bin/containerd --config ${CONFIG}\n`,
    };
    const { messages, layer } = adoptLists({ files: [extensionList('overlaybd'), file(CONFIG, toml)], units: [unit] });
    assert.ok(!messages.some((each) => /nothing makes/.test(each)));
    assert.deepEqual(layer.systemd, { units: [unit] });
  });

  test('no reset', () => {
    told(dropins(`[Service]\nExecStart=/usr/bin/containerd --config ${CONFIG}\n`).messages, /systemd refuses the unit/);
  });

  test('before that of nvidia-runtime', () => {
    told(
      dropins(`[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config ${CONFIG}\n`, '10-configtoml.conf', [
        NVIDIA,
      ]).messages,
      /has the last word/,
    );
    const later = dropins(`[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config ${CONFIG}\n`, '20-x.conf', [
      NVIDIA,
    ]);
    assert.ok(!later.messages.some((each) => /last word/.test(each)));
  });

  test('more flags', () => {
    told(
      dropins(`[Service]\nExecStart=\nExecStart=/usr/bin/containerd -c ${CONFIG} --log-level=debug\n`).messages,
      /more than --config: --log-level/,
    );
  });

  test('the variable of the unit', () => {
    const { block, layer } = dropins(`[Service]\nEnvironment="CONTAINERD_CONFIG=${CONFIG}"\n`);
    assert.deepEqual([block, layer.systemd], [{}, undefined]);
  });

  test('another program keeps all of it as it is', () => {
    const { block, layer, messages } = dropins(
      `[Service]\nExecStart=\nExecStart=/opt/bin/containerd --config ${CONFIG}\n`,
    );
    assert.deepEqual(block.containerd, { mode: 'none' });
    assert.match(JSON.stringify(layer), /opt\/bin\/containerd/);
    told(messages, /another program/);
  });

  test('what else it says stays, under a name that is not that of the block', () => {
    const { layer } = dropins(
      `[Service]\nLimitNOFILE=5\nExecStart=\nExecStart=/usr/bin/containerd --config ${CONFIG}\n`,
      '90-overlaybd.conf',
    );
    assert.deepEqual(layer.systemd, {
      units: [
        {
          name: 'containerd.service',
          dropins: [{ name: '80-containerd.conf', contents: '[Service]\nLimitNOFILE=5\n' }],
        },
      ],
    });
  });

  test('a config elsewhere takes the place of one that nobody reads', () => {
    const other = '/etc/containerd/overlaybd.toml';
    const { block, layer, messages, value } = adoptLists({
      files: [extensionList('overlaybd'), file(other, toml), file(CONFIG, 'version = 2\n')],
      units: [pointer(`[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config ${other}\n`)],
    });
    assert.deepEqual([block, layer.storage], [{}, undefined]);
    told(messages, /nothing reads this config/);
    assert.ok(value?.differences.some(({ change, name }) => change === 'removed' && name === other));
  });
});

test('keys that the block does not have are told', () => {
  const { messages } = config(`version = 3\n${IMPORT}\n[metrics]\naddress = "127.0.0.1:1338"\n${PROXY}`);
  told(messages, /is another in metrics\.address$/);
});
