import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { child, childItems } from '../../../../src/fragment/node.ts';
import { expandBlocks, partsOf } from '../../../support/features.ts';
import { toPlain } from '../../../support/nodes.ts';

function expand(...items: readonly string[]) {
  return expandBlocks(`sysext:\n  bakery:\n${items.map((item) => `    - { ${item} }\n`).join('')}`);
}

function reportsOn(...items: readonly string[]): readonly string[] {
  return expand(...items).reports;
}

const HASH = `sha256-${'0a'.repeat(32)}`;

describe('an image of the bakery', () => {
  test('is fetched, checked and linked', () => {
    const { document, reports } = expand(
      `name: docker-compose, version: 2.34.0, hash: ${HASH}`,
      'name: k9s, version: v1, source: https://a.example/k9s.raw',
    );
    assert.deepEqual(reports, []);
    const storage = child(document, 'storage');
    assert.deepEqual(childItems(storage, 'files').map(toPlain), [
      {
        path: '/opt/extensions/docker-compose/docker-compose-2.34.0-x86-64.raw',
        overwrite: 'true',
        mode: '0644',
        contents: {
          source: 'https://extensions.flatcar.org/extensions/docker-compose-2.34.0-x86-64.raw',
          verification: { hash: HASH },
        },
      },
      {
        path: '/opt/extensions/k9s/k9s-v1-x86-64.raw',
        overwrite: 'true',
        mode: '0644',
        contents: { source: 'https://a.example/k9s.raw' },
      },
    ]);
    assert.deepEqual(partsOf(expand('name: k9s, version: v1, architecture: arm64')).links, {
      '/etc/extensions/k9s.raw': '/opt/extensions/k9s/k9s-v1-arm64.raw',
    });
  });

  test('has a name and a version that are safe in paths and commands', () => {
    for (const name of ['a/b', '..', '-x', 'a b', 'a%n', "a'b", 'a"b', '$(reboot)', '']) {
      const text = JSON.stringify(name);
      assert.match(reportsOn(`name: ${text}, version: v1`).join(), /^error sysext.bakery.0.name: must /, name);
      assert.match(reportsOn(`name: a, version: ${text}`).join(), /^error sysext.bakery.0.version: must /, name);
    }
  });

  test('has a digest that butane knows', () => {
    for (const hash of ['sha1-00', `sha256-${'0a'.repeat(64)}`, `sha512-${'0a'.repeat(32)}`, '0a'.repeat(32)]) {
      assert.match(reportsOn(`name: a, version: v1, hash: ${hash}`).join(), /error sysext.bakery.0.hash/, hash);
    }
    assert.deepEqual(reportsOn(`name: a, version: v1, hash: sha512-${'0a'.repeat(64)}`), []);
  });

  test('is taken once', () => {
    assert.deepEqual(reportsOn('name: a, version: v1', 'name: b, version: v1', 'name: a, version: v2'), [
      'error sysext.bakery.2.name: this extension is taken from the bakery already - remove one of the two',
    ]);
  });

  test("does not take a link of Flatcar's own", () => {
    for (const name of ['docker-flatcar', 'flatcar-zfs', 'oem-qemu']) {
      assert.match(reportsOn(`name: ${name}, version: v1`).join(), /error .*name: the link of this name is Flatcar's/);
    }
  });

  test('is for the architecture of the others', () => {
    assert.match(
      reportsOn('name: a, version: v1, architecture: amd64', 'name: b, version: v1, architecture: arm64').join(),
      /error sysext.bakery.1.architecture: another image is for amd64/,
    );
    assert.deepEqual(reportsOn('name: a, version: v1', 'name: b, version: v1, architecture: amd64'), []);
  });

  test('comes from a URL', () => {
    assert.match(reportsOn('name: a, version: v1, source: ftp://a/b').join(), /error sysext.bakery.0.source: must/);
    assert.match(reportsOn('name: a, version: v1, source: "https://a b"').join(), /error sysext.bakery.0.source: must/);
    assert.match(reportsOn('name: a, version: v1, source: "https://["').join(), /0.source: this is no URL/);
  });

  test('does not come over http unchecked', () => {
    const source = 'source: http://a.example/a.raw';
    assert.match(reportsOn(`name: a, version: v1, ${source}`).join(), /^warning sysext.bakery.0.source: .*over http/);
    assert.deepEqual(reportsOn(`name: a, version: v1, ${source}, hash: ${HASH}`), []);
  });

  test('replaces what is switched off', () => {
    assert.match(
      reportsOn('name: docker, version: 28.0.4').join(),
      /^warning sysext.bakery.0.name: Flatcar's own docker-flatcar is not switched off/,
    );
    assert.deepEqual(
      expandBlocks('sysext: { disable: [docker-flatcar], bakery: [{ name: docker, version: 28.0.4 }] }').reports,
      [],
    );
  });
});

describe('updates of images', () => {
  test('are asked for by a timer, extension by extension', () => {
    const { files, units } = partsOf(
      expand('name: a, version: v1, update: true', 'name: b, version: v1', 'name: c, version: v1, update: true'),
    );
    assert.deepEqual(
      Object.keys(files).filter((path) => path.startsWith('/etc/')),
      ['/etc/sysupdate.a.d/a.conf', '/etc/sysupdate.c.d/c.conf', '/etc/sysupdate.d/noop.conf'],
    );
    assert.equal(
      files['/etc/sysupdate.a.d/a.conf'],
      `[Transfer]
Verify=false

[Source]
Type=url-file
Path=https://extensions.flatcar.org/extensions/a/
MatchPattern=a-@v-x86-64.raw

[Target]
InstancesMax=3
Type=regular-file
Path=/opt/extensions/a
CurrentSymlink=/etc/extensions/a.raw
`,
    );
    assert.deepEqual(units['systemd-sysupdate.timer'], { enabled: 'true' });
    const command = (name: string) =>
      `[Service]\nExecStartPre=/usr/bin/sh -c 'before=$$(readlink --canonicalize /etc/extensions/${name}.raw); /usr/lib/systemd/systemd-sysupdate --component=${name} update || exit; test "$$before" = "$$(readlink --canonicalize /etc/extensions/${name}.raw)" || touch /run/reboot-required'\n`;
    assert.deepEqual(units['systemd-sysupdate.service'], {
      dropins: [
        { name: 'a.conf', contents: command('a') },
        { name: 'c.conf', contents: command('c') },
      ],
    });
  });

  test('are not asked for unless somebody wants them', () => {
    const { files, units } = partsOf(expand('name: a, version: v1', 'name: b, version: v1, update: false'));
    assert.deepEqual(
      Object.keys(files).filter((path) => path.startsWith('/etc/')),
      [],
    );
    assert.deepEqual(units, {});
  });

  test('come from beside the image', () => {
    const { files } = partsOf(
      expand('name: a, version: v1, update: true, source: https://x.example/my%20own/a-v1-x86-64.raw'),
    );
    assert.match(files['/etc/sysupdate.a.d/a.conf'] ?? '', /^Path=https:\/\/x\.example\/my%%20own\/$/m);
    assert.match(
      reportsOn('name: a, version: v1, update: true, source: https://x.example/a.raw').join(),
      /error sysext.bakery.0.source: newer versions would not be found beside it: .* a-v1-x86-64.raw/,
    );
    assert.deepEqual(reportsOn('name: a, version: v1, source: https://x.example/a.raw'), []);
  });

  test('stay within a minor version where that is wanted', () => {
    const { files } = partsOf(expand('name: kubernetes, version: v1.32.2, update: patch, architecture: arm64'));
    assert.match(
      files['/etc/sysupdate.kubernetes.d/kubernetes.conf'] ?? '',
      /^MatchPattern=kubernetes-v1\.32\.@v-arm64\.raw$/m,
    );
    assert.match(
      reportsOn('name: a, version: v1, update: patch').join(),
      /error sysext.bakery.0.update: this version has no patch number/,
    );
    assert.match(
      reportsOn('name: kubernetes, version: v1.32.2, update: true').join(),
      /^warning sysext.bakery.0.update: .*step by step - write `update: patch`/,
    );
  });
});
