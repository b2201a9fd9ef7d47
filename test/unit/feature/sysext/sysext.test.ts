import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandBlocks, partsOf } from '../../../support/features.ts';

/** What is said about a `sysext` block. */
function reportsOn(text: string, layers: readonly string[] = []): readonly string[] {
  return expandBlocks(`sysext:\n${text.replace(/^/gm, '  ')}`, layers).reports;
}

function partsFrom(text: string) {
  return partsOf(expandBlocks(`sysext:\n${text.replace(/^/gm, '  ')}`));
}

describe('official extensions', () => {
  test('are listed once, in order, whoever else wants them', () => {
    const { files } = partsOf(expandBlocks('overlaybd: {}\nsysext: { enable: [zfs, overlaybd, podman] }'));
    assert.equal(files['/etc/flatcar/enabled-sysext.conf'], 'overlaybd\npodman\nzfs\n');
  });

  test('are known by name', () => {
    assert.deepEqual(reportsOn('enable: [podmann]'), [
      'error sysext.enable.0: no release of Flatcar has an extension of this name: the machine would not boot - did you mean `podman`?',
    ]);
    const [report = ''] = reportsOn('enable: [constructor]');
    assert.match(report, /would not boot - the official ones are incus, .*, zfs; another one belongs under `bakery`$/);
  });

  test('are not looked for in a release when none is named', () => {
    assert.deepEqual(reportsOn('enable: [incus]'), []);
  });

  test('are in the release that is named', () => {
    const cases: readonly (readonly [name: string, release: string, first: string | undefined])[] = [
      ['zfs', '3913.0.0', undefined],
      ['zfs', '3912.9.9', '3913.0.0'],
      ['podman', '3941.0.0', undefined],
      ['podman', '3940.0.0', '3941.0.0'],
      ['python', '4012.0.0', undefined],
      ['python', '4011.0.0', '4012.0.0'],
      ['incus', '4285.0.0', undefined],
      ['incus', '4230.2.1', '4285.0.0'],
      ['nvidia-drivers-550-open', '4344.0.0', undefined],
      ['nvidia-drivers-550-open', 'lts', '4344.0.0'],
      ['overlaybd', '4426.0.0', undefined],
      ['overlaybd', '4425.9.9', '4426.0.0'],
      ['zfs', 'stable', undefined],
    ];
    for (const [name, release, first] of cases) {
      const reports = reportsOn(`release: ${release}\nenable: [${name}]`);
      if (first === undefined) assert.deepEqual(reports, [], `${name} ${release}`);
      else assert.match(reports.join(), new RegExp(`error sysext.enable.0: .*would not boot - .* is ${first}$`));
    }
  });

  test('are not read at all by the oldest long-term release', () => {
    assert.deepEqual(reportsOn('release: 3510.3.8\nenable: [zfs]'), [
      'error sysext.enable.0: Flatcar 3510.3.8 is older than official extensions, and does not read the list of them - the first release that has it is 3913.0.0',
    ]);
  });

  test('are held against the release that another feature names', () => {
    const { reports } = expandBlocks('overlaybd: { release: 4593.2.0 }\nsysext: { enable: [zfs], release: 4230.2.0 }');
    assert.match(reports.join(), /another feature names the release `4593.2.0`/);
    const lacks = expandBlocks('sysext: { enable: [incus] }\noverlaybd: { release: 4230.2.0 }').reports;
    assert.ok(lacks.some((report) => /^error sysext\.enable\.0: .* has no extension `incus`/.test(report)));
  });

  test('are enabled once', () => {
    assert.deepEqual(reportsOn('enable: [zfs, podman, zfs]'), [
      'error sysext.enable.2: this extension is enabled already - remove one of the two',
    ]);
  });

  test('of the image are not enabled', () => {
    assert.match(reportsOn('enable: [docker-flatcar]').join(), /is part of the image, and on already - remove it/);
    assert.match(
      reportsOn('enable: [docker-flatcar]\ndisable: [docker-flatcar]').join(),
      /is both enabled and disabled - take it out of one/,
    );
  });

  test('exist for the architecture of the machine', () => {
    const text = (arch: string) =>
      `enable: [nvidia-drivers-570]\nbakery: [{ name: k9s, version: 1.0.0, architecture: ${arch} }]`;
    assert.match(reportsOn(text('arm64')).join(), /error sysext.enable.0: no release has this extension for arm64/);
    assert.deepEqual(reportsOn(text('amd64')), []);
  });

  test('have one driver for a device', () => {
    assert.match(
      reportsOn('enable: [nvidia-drivers-570, zfs, nvidia-drivers-535-open]').join(),
      /error sysext.enable.2: two drivers .* `nvidia-drivers-570` as the other/,
    );
  });

  test('are not taken from the bakery as well', () => {
    assert.match(
      reportsOn('enable: [podman]\nbakery: [{ name: podman, version: 5.0.0 }]').join(),
      /error sysext.enable.0: this extension is also taken from the bakery/,
    );
  });

  test('stay on the list when a layer writes it', () => {
    const layer = (text: string) =>
      `storage: { files: [{ path: /etc/flatcar/enabled-sysext.conf, contents: { inline: ${JSON.stringify(text)} } }] }`;
    assert.match(
      reportsOn('enable: [zfs, podman]', [layer('zfs # for data\n')]).join(),
      /^error : a layer replaces the list of enabled extensions, and podman is not on its own/,
    );
    assert.deepEqual(reportsOn('enable: [zfs]', [layer('zfs # for data\n')]), []);
  });
});

describe('extensions of the image', () => {
  test('are hidden by a link to nothing', () => {
    assert.deepEqual(partsFrom('disable: [docker-flatcar, containerd-flatcar]').links, {
      '/etc/extensions/docker-flatcar.raw': '/dev/null',
      '/etc/extensions/containerd-flatcar.raw': '/dev/null',
    });
  });

  test('are a closed list', () => {
    assert.match(reportsOn('disable: [podman]').join(), /error sysext.disable.0: must be one of "containerd-flatcar"/);
  });

  test('are disabled once', () => {
    assert.deepEqual(reportsOn('disable: [docker-flatcar, docker-flatcar]'), [
      'error sysext.disable.1: this extension is disabled already - remove one of the two',
    ]);
  });

  test('leave docker with a containerd', () => {
    assert.match(
      reportsOn('disable: [containerd-flatcar]').join(),
      /^warning sysext.disable.0: docker is left on, and does not start without containerd/,
    );
    assert.deepEqual(reportsOn('disable: [containerd-flatcar]\nbakery: [{ name: containerd, version: 2.1.4 }]'), []);
  });

  test('may be replaced by what overlaybd builds on', () => {
    const sysext = 'sysext: { disable: [containerd-flatcar], bakery: [{ name: containerd, version: 2.1.4 }] }';
    assert.deepEqual(expandBlocks(`overlaybd: { containerd: { base: bakery } }\n${sysext}`).reports, []);
  });
});
