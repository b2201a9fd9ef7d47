import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { adoptLists, adoptText, extensionList, file } from './adopted.ts';

function told(messages: readonly string[], message: RegExp): void {
  assert.ok(
    messages.some((each) => message.test(each)),
    messages.join('\n'),
  );
}

test('what cannot be read, and what is not about overlaybd, comes to nothing', () => {
  assert.equal(adoptText('a: [').value, undefined);
  const other = adoptLists({ files: [file('/etc/hostname', 'a')] });
  assert.equal(other.value, undefined);
  told(other.messages, /^error: nothing in this file is about overlaybd/);
  const fcos = adoptText(
    'variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/flatcar/enabled-sysext.conf\n      contents: { inline: overlaybd }\n',
  );
  assert.equal(fcos.value, undefined);
  told(fcos.messages, /^error: .*another variant/);
});

test('the list alone leaves containerd as it is', () => {
  const { block, layer, messages } = adoptLists({ files: [extensionList('# comment', 'overlaybd  # why')] });
  assert.deepEqual([block, layer], [{ containerd: { mode: 'none' } }, { variant: 'flatcar', version: '1.0.0' }]);
  told(messages, /^info: containerd is told nothing/);
});

test('a list is found in a data URL, packed or not', () => {
  const path = '/etc/flatcar/enabled-sysext.conf';
  const packed = `data:;base64,${gzipSync('overlaybd\n').toString('base64')}`;
  for (const contents of [{ source: 'data:,overlaybd%0A' }, { source: packed, compression: 'gzip' }]) {
    assert.ok(adoptLists({ files: [{ path, contents }] }).value !== undefined);
  }
});

test('a list that is missing beside the files of overlaybd is told of', () => {
  const { messages, value } = adoptLists({ files: [file('/etc/overlaybd/overlaybd.json', '{}')] });
  told(messages, /the extension is not enabled/);
  assert.ok(value?.differences.some(({ change, name }) => change === 'added' && name.endsWith('enabled-sysext.conf')));
  told(
    adoptLists({ files: [extensionList('-overlaybd'), file('/etc/overlaybd/overlaybd.json', '{}')] }).messages,
    /takes the extension off/,
  );
});

test('a list that stands elsewhere, or with lines that no block can say, stays', () => {
  const list = extensionList('overlaybd', 'a name with blanks', '-something');
  const { layer, value } = adoptLists({ files: [list] });
  assert.deepEqual(layer.storage, { files: [list] });
  assert.ok(value !== undefined);
});

test('other extensions of the list are those of their own block', () => {
  const { sysext, value } = adoptLists({ files: [extensionList('zfs', 'overlaybd', '-docker-flatcar')] });
  assert.deepEqual(sysext, { enable: ['zfs'], disable: ['docker-flatcar'] });
  const list = value?.differences.find(({ name }) => name === '/etc/flatcar/enabled-sysext.conf');
  // An extension of the image is left out by a link, which its line was for.
  assert.equal(list?.change, 'changed');
  assert.ok(value?.differences.some(({ name }) => name === '/etc/extensions/docker-flatcar.raw'));
});

test('a list that names what no release has stays, and is told of', () => {
  const list = extensionList('overlaybd', 'zsf');
  const { layer, sysext, messages } = adoptLists({ files: [list] });
  assert.deepEqual([sysext, layer.storage], [undefined, { files: [list] }]);
  told(messages, /^warning: no release of Flatcar has an extension of this name/);
});

test('text that looks like a template stays text', () => {
  const script = "#!/bin/sh\necho '{{.Names}}' '{% raw %}' '{{{x}}}'\n";
  const { value } = adoptLists({ files: [extensionList('overlaybd'), file('/opt/x', script)] });
  assert.ok(value?.differences.some(({ change, name }) => change === 'same' && name === '/opt/x'));
});

test('everything else stays, item by item, with modes and keys as they were written', () => {
  const text = [
    'variant: flatcar',
    'version: 1.1.0',
    'passwd:',
    '  users:',
    '    - name: core',
    'kernel_arguments:',
    '  should_exist: [quiet]',
    'storage:',
    '  directories:',
    '    - path: /data',
    '      mode: 0700',
    '  files:',
    '    - path: /etc/flatcar/enabled-sysext.conf',
    '      contents: { inline: overlaybd }',
    '    - path: /opt/local',
    '      mode: 0755',
    '      user: { name: core }',
    '      contents: { local: a/b }',
    'systemd:',
    '  units:',
    '    - name: masked.service',
    '      mask: true',
    '',
  ].join('\n');
  const { value, messages } = adoptText(text);
  const same = value?.differences.filter(({ change }) => change === 'same').map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(
    same,
    [
      'directory /data',
      'file /etc/flatcar/enabled-sysext.conf',
      'file /opt/local',
      'link /etc/systemd/system/masked.service',
      'section kernel_arguments',
      'section passwd',
    ],
    messages.join('\n'),
  );
  assert.match(value?.profile ?? '', /mode: 0755\n/);
  assert.deepEqual(
    value?.differences.filter(({ change }) => change === 'removed' || change === 'changed'),
    [],
  );
});

describe('the release', () => {
  const list = extensionList('overlaybd');

  test('is that of the flag', () => {
    const { block, value } = adoptLists({ files: [list] }, { release: '4593.2.0' });
    assert.equal(block.release, '4593.2.0');
    // It starts the services by itself.
    assert.ok(!value?.differences.some(({ name }) => name.includes('multi-user.target')));
  });

  test('is that of an image in the file', () => {
    const image = {
      path: '/etc/flatcar/sysext/flatcar-overlaybd-4515.1.0.raw',
      contents: { source: 'https://x.example/o.raw' },
    };
    assert.equal(adoptLists({ files: [list, image] }).block.release, '4515.1.0');
  });

  for (const name of ['4230.2.0', 'lts', 'nonsense']) {
    test(`is left out where it is ${name}`, () => {
      const { block, messages, value } = adoptLists({ files: [list] }, { release: name });
      assert.ok(value !== undefined);
      assert.equal(block.release, undefined);
      told(messages, /^warning: .*release/);
    });
  }

  test('is told to be too old by the channel of its updates', () => {
    const { messages, diagnostics } = adoptLists({
      files: [list, file('/etc/flatcar/update.conf', 'SERVER=x\nGROUP=lts\n')],
    });
    told(messages, /no overlaybd extension/);
    assert.ok(diagnostics.some(({ origin }) => origin !== undefined));
  });

  test('decides which keys are left out', () => {
    const json = JSON.stringify({
      serviceConfig: { enable: true },
      download: { enable: true, delay: 600 },
      gzipCacheConfig: { enable: true },
    });
    const files = [list, file('/etc/overlaybd/overlaybd.json', json)];
    assert.deepEqual(adoptLists({ files }).block.release, '4722.0.0');
    const { block, messages, value } = adoptLists({ files }, { release: '4593.2.0' });
    told(messages, /serviceConfig. needs Flatcar 4722\.0\.0/);
    assert.ok(value !== undefined);
    assert.equal('serviceConfig' in Object(block.backstore), false);
  });
});
