import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SHIPPED_BACKSTORE, SHIPPED_SNAPSHOTTER } from '../../../src/feature/overlaybd/shipped.ts';
import { adoptLists, extensionList, file } from './adopted.ts';

const ADDRESS = SHIPPED_SNAPSHOTTER.address;
const ROOT = SHIPPED_SNAPSHOTTER.root;

function backstore(value: object | string) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return adoptLists({ files: [extensionList('overlaybd'), file('/etc/overlaybd/overlaybd.json', text)] });
}

function snapshotter(value: object, more: readonly object[] = []) {
  const text = JSON.stringify(value);
  return adoptLists({
    files: [extensionList('overlaybd'), file('/etc/overlaybd-snapshotter/config.json', text), ...more],
  });
}

const NOT_TOLD = /containerd is told nothing/;

test('a file as it is shipped leaves nothing to say', () => {
  const { block, messages } = backstore(SHIPPED_BACKSTORE);
  assert.deepEqual([block.backstore, messages.filter((each) => !NOT_TOLD.test(each))], [undefined, []]);
  assert.equal(snapshotter(SHIPPED_SNAPSHOTTER).block.snapshotter, undefined);
});

test('what an empty file leaves to the program is written where it is not what is shipped', () => {
  assert.deepEqual(backstore({}).block.backstore, {
    gzipCacheConfig: { enable: false },
    download: { enable: false },
  });
});

test('what a section leaves out is written where the two are not the same', () => {
  assert.deepEqual(backstore({ download: { enable: true }, gzipCacheConfig: { enable: true } }).block.backstore, {
    download: { delay: 300 },
  });
});

test('keys of old are those that took their place, and null is as if it were not there', () => {
  const value = {
    logLevel: 2,
    cacheType: 'ocf',
    registryCacheSizeGB: 9,
    credentialFilePath: '/etc/my.json',
    download: null,
  };
  assert.deepEqual(backstore({ ...value, gzipCacheConfig: { enable: true } }).block.backstore, {
    logConfig: { logLevel: 2 },
    cacheConfig: { cacheType: 'ocf', cacheSizeGB: 9 },
    download: { enable: false },
    credentialConfig: { mode: 'file', path: '/etc/my.json' },
  });
});

test('a version of the registry client that is unknown is the old one', () => {
  const { block } = backstore({ ...SHIPPED_BACKSTORE, registryFsVersion: 'v3' });
  assert.deepEqual(block.backstore, { registryFsVersion: 'v1' });
});

test('an empty audit path is audit that is off', () => {
  const { block } = backstore({ ...SHIPPED_BACKSTORE, auditPath: '' });
  assert.deepEqual(block.backstore, { enableAudit: false });
});

describe('a value that the program would misread:', () => {
  const cases: readonly (readonly [string, object, unknown, RegExp])[] = [
    [
      'a number as a text',
      { cacheConfig: { cacheType: 'file', cacheSizeGB: '16' } },
      { cacheConfig: { cacheSizeGB: 16 } },
      /cacheSizeGB. must be a whole number/,
    ],
    [
      'a fraction',
      { cacheConfig: { cacheType: 'file', cacheSizeGB: 1.5 } },
      undefined,
      /cacheSizeGB. must be a whole number/,
    ],
    [
      'a negative number',
      { cacheConfig: { cacheType: 'file', cacheSizeGB: -1 } },
      undefined,
      /a value that the program does not take/,
    ],
    ['a truth value as a text', { enableAudit: 'false' }, { enableAudit: false }, /enableAudit. must be true or false/],
    ['a text for a mapping', { download: 'on' }, { download: { enable: false } }, /download. must be a mapping/],
    ['an unknown word', { cacheConfig: { cacheType: 'ram' } }, undefined, /cacheConfig.cacheType. has a value/],
    ['an unknown key', { cacheConfg: {} }, undefined, /cacheConfg. is no key/],
    ['a thread with a file cache', { enableThread: true }, undefined, /a thread for each device/],
  ];
  for (const [title, value, expected, message] of cases) {
    test(title, () => {
      const { block, messages } = backstore({ ...SHIPPED_BACKSTORE, ...value });
      assert.deepEqual(block.backstore, expected);
      assert.ok(
        messages.some((each) => each.startsWith('warning: ') && message.test(each)),
        messages.join('\n'),
      );
    });
  }
});

test('comments are told at their place, and what stands beside them is taken', () => {
  const { block, diagnostics } = backstore('{\n// big\n"cacheConfig":{"cacheType":"file","cacheSizeGB":8},}');
  assert.deepEqual((block.backstore as { cacheConfig: unknown }).cacheConfig, { cacheSizeGB: 8 });
  assert.ok(diagnostics.some(({ message }) => /comments or commas/.test(message)));
});

test('of what is no JSON nothing is taken', () => {
  const { block, messages } = backstore('{"cacheConfig": ');
  assert.equal(block.backstore, undefined);
  assert.ok(messages.some((each) => /is no JSON object/.test(each)));
});

test('a file that stands elsewhere is left as it is', () => {
  const path = '/etc/overlaybd/overlaybd.json';
  const { layer, messages } = adoptLists({
    files: [extensionList('overlaybd'), { path, contents: { local: 'o.json' } }],
  });
  assert.deepEqual(layer.storage, { files: [{ path, contents: { local: 'o.json' } }] });
  assert.ok(messages.some((each) => /stands elsewhere/.test(each)));
});

test('a snapshotter without root and address ends, which is told for each', () => {
  const { block, messages } = snapshotter({ rwMode: 'dir' });
  assert.deepEqual(block.snapshotter, { rwMode: 'dir' });
  assert.equal(messages.filter((each) => /has no default for it/.test(each)).length, 2);
});

test('a root elsewhere is kept, with or without a slash at its end', () => {
  const toml =
    'version = 3\nimports = ["/usr/share/containerd/config.toml"]\n[proxy_plugins.overlaybd]\ntype = "snapshot"\n';
  const plugin = file('/etc/containerd/config.toml', `${toml}address = "${ADDRESS}"\n`);
  const { block, value } = snapshotter({ root: '/var/lib/overlaybd/', address: ADDRESS }, [plugin]);
  assert.deepEqual(block.snapshotter, { root: '/var/lib/overlaybd' });
  assert.ok(value?.differences.some(({ change, name }) => change === 'same' && name.endsWith('/config.json')));
});

test('keys of the snapshotter are read whatever their case', () => {
  assert.deepEqual(snapshotter({ Root: ROOT, ADDRESS, RWMODE: 'dev' }).block.snapshotter, { rwMode: 'dev' });
});

test('the port of metrics is that of the file, since the block has another one', () => {
  const { block } = snapshotter({ root: ROOT, address: ADDRESS, exporterConfig: { enable: true } });
  assert.deepEqual(block.snapshotter, { exporterConfig: { enable: true, port: 9863 } });
});

test('two daemons on one port are told apart', () => {
  const other = file(
    '/etc/overlaybd/overlaybd.json',
    JSON.stringify({ ...SHIPPED_BACKSTORE, exporterConfig: { enable: true, port: 9864 } }),
  );
  const { block, messages } = snapshotter(
    { root: ROOT, address: ADDRESS, exporterConfig: { enable: true, port: 9864 } },
    [other],
  );
  assert.deepEqual(block.snapshotter, { exporterConfig: { enable: true, port: 9865 } });
  assert.ok(messages.some((each) => /one port/.test(each)));
});
