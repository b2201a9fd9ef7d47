import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findDuplicates } from '../../../src/fragment/duplicates.ts';
import { locateText } from '../../../src/fragment/locate.ts';
import { mergeDocuments } from '../../../src/fragment/merge.ts';
import { layer } from '../../support/layer-pairs.ts';
import { fileTree, parseLayer, toPlain } from '../../support/nodes.ts';

const FILES = fileTree({ 'a.txt': 'a', 'link.txt': { link: 'a.txt' } });

function merged(earlier: string, later: string) {
  return mergeDocuments([parseLayer(earlier, 'earlier.bu'), parseLayer(later, 'later.bu')], FILES);
}

function contentsOf(earlier: string, later: string): unknown {
  const file = (contents: string) => `storage: { files: [{ path: /x, contents: ${contents} }] }`;
  const { node } = locateText(merged(file(earlier), file(later)), '$.storage.files.0.contents');
  return toPlain(node);
}

interface Case {
  readonly earlier: string;
  readonly later: string;
  readonly result: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  'resources merge by name and keep their order, new ones follow': {
    earlier: 'systemd: { units: [{ name: b, enabled: true }, { name: a, mask: true }] }',
    later: 'systemd: { units: [{ name: c }, { name: a, enabled: false }] }',
    result: {
      systemd: {
        units: [{ name: 'b', enabled: 'true' }, { name: 'a', mask: 'true', enabled: 'false' }, { name: 'c' }],
      },
    },
  },
  'scalars keep the text their author wrote': {
    earlier: 'storage: { files: [{ path: /x, mode: 0644, overwrite: yes }] }',
    later: 'storage: { files: [{ path: /x, mode: 0o600 }] }',
    result: { storage: { files: [{ path: '/x', mode: '0o600', overwrite: 'yes' }] } },
  },
  'a later null changes nothing': {
    earlier: 'storage: { files: [{ path: /x, mode: 0644 }] }',
    later: 'storage: { files: [{ path: /x, mode: ~ }, ~], links: null }\nsystemd:',
    result: { storage: { files: [{ path: '/x', mode: '0644' }], links: 'null' }, systemd: '' },
  },
  'an earlier null gives way': {
    earlier: 'storage: ~\nsystemd: { units: ~ }',
    later: 'storage: { files: [{ path: /x }] }\nsystemd: { units: [{ name: a }] }',
    result: { storage: { files: [{ path: '/x' }] }, systemd: { units: [{ name: 'a' }] } },
  },
  'a path is one thing, whatever its kind': {
    earlier: 'storage: { files: [{ path: /a }, { path: /b }], directories: [{ path: /c }] }',
    later: 'storage: { links: [{ path: /a, target: /c }, { path: /c, target: /d }] }',
    result: {
      storage: {
        files: [{ path: '/b' }],
        directories: [],
        links: [
          { path: '/a', target: '/c' },
          { path: '/c', target: '/d' },
        ],
      },
    },
  },
  'a kernel argument is wanted or unwanted, as the later layer says': {
    earlier: 'kernel_arguments: { should_exist: [a, b], should_not_exist: [c] }',
    later: 'kernel_arguments: { should_exist: [c, d], should_not_exist: [a] }',
    result: { kernel_arguments: { should_exist: ['b', 'c', 'd'], should_not_exist: ['a'] } },
  },
  'options are joined, devices and keys stand once': {
    earlier: 'storage: { raid: [{ name: m, devices: [a, b], options: [-v] }] }',
    later: 'storage: { raid: [{ name: m, devices: [b, c], options: [-v] }] }',
    result: { storage: { raid: [{ name: 'm', devices: ['a', 'b', 'c'], options: ['-v', '-v'] }] } },
  },
  'a drop-in has its contents from one place': {
    earlier: 'systemd: { units: [{ name: u, contents: a, dropins: [{ name: d, contents_local: l }] }] }',
    later: 'systemd: { units: [{ name: u, contents_local: f, dropins: [{ name: d, contents: b }] }] }',
    result: {
      systemd: { units: [{ name: 'u', dropins: [{ name: 'd', contents: 'b' }], contents_local: 'f' }] },
    },
  },
  'authorities merge by content, inline or from a file': {
    earlier: 'ignition: { security: { tls: { certificate_authorities: [{ inline: a }, { source: s }] } } }',
    later: 'ignition: { security: { tls: { certificate_authorities: [{ local: link.txt }, { inline: b }] } } }',
    result: {
      ignition: {
        security: { tls: { certificate_authorities: [{ local: 'link.txt' }, { source: 's' }, { inline: 'b' }] } },
      },
    },
  },
  'boot_device is merged key by key and mirrors over the devices of both': {
    earlier: 'boot_device: { layout: x86_64, mirror: { devices: [/dev/a, /dev/b] } }',
    later: 'boot_device: { luks: { tpm2: true }, mirror: { devices: [/dev/b, /dev/c] } }',
    result: {
      boot_device: {
        layout: 'x86_64',
        mirror: { devices: ['/dev/a', '/dev/b', '/dev/c'] },
        luks: { tpm2: 'true' },
      },
    },
  },
  'GRUB users merge by name': {
    earlier: 'grub: { users: [{ name: root, password_hash: a }] }',
    later: 'grub: { users: [{ name: root, password_hash: b }, { name: ops, password_hash: c }] }',
    result: {
      grub: {
        users: [
          { name: 'root', password_hash: 'b' },
          { name: 'ops', password_hash: 'c' },
        ],
      },
    },
  },
  'openshift metadata merges label by label, its kernel arguments are joined, extensions stand once': {
    earlier:
      'metadata: { name: a, labels: { x: 1 } }\nopenshift: { extensions: [e], kernel_arguments: [k], fips: true }',
    later: 'metadata: { name: b, labels: { y: 2 } }\nopenshift: { extensions: [e, f], kernel_arguments: [k] }',
    result: {
      metadata: { name: 'b', labels: { x: '1', y: '2' } },
      openshift: { extensions: ['e', 'f'], kernel_arguments: ['k', 'k'], fips: 'true' },
    },
  },
  'unknown keys merge like mappings do, and unknown lists are replaced': {
    earlier: 'custom: { a: { x: 1 }, list: [1], constructor: 1 }',
    later: 'custom: { a: { y: 2 }, list: [2], toString: 3 }',
    result: { custom: { a: { x: '1', y: '2' }, list: ['2'], constructor: '1', toString: '3' } },
  },
  'what has the wrong kind is left for butane to report': {
    earlier: 'storage: { files: wrong, links: [{ path: /l }] }\nsystemd: { units: [no-map, { enabled: true }] }',
    later: 'storage: { files: [{ path: /x }], links: { path: /l } }\nsystemd: { units: [no-map, { enabled: true }] }',
    result: {
      storage: { files: 'wrong', links: { path: '/l' } },
      systemd: { units: ['no-map', { enabled: 'true' }, 'no-map', { enabled: 'true' }] },
    },
  },
};

describe('merging two documents', () => {
  for (const [title, { earlier, later, result }] of Object.entries(CASES)) {
    test(title, () => assert.deepEqual(toPlain(merged(earlier, later)), result));
  }
});

describe('the contents of a resource are one choice', () => {
  const fetched =
    '{ source: "https://a", compression: gzip, verification: { hash: h }, http_headers: [{ name: n, value: v }] }';

  test('inline takes the place of source, and of what was said about it', () => {
    assert.deepEqual(contentsOf(fetched, '{ inline: b }'), { inline: 'b' });
  });

  test('what a layer says about its own content stays', () => {
    assert.deepEqual(contentsOf(fetched, '{ local: x.gz, compression: gzip, verification: { hash: i } }'), {
      local: 'x.gz',
      compression: 'gzip',
      verification: { hash: 'i' },
    });
  });

  test('source takes the place of source alone, so that a mirror stays verified', () => {
    assert.deepEqual(contentsOf(fetched, '{ source: "https://b" }'), {
      source: 'https://b',
      compression: 'gzip',
      verification: { hash: 'h' },
      http_headers: [{ name: 'n', value: 'v' }],
    });
  });

  test('the same content said again keeps its hash', () => {
    assert.deepEqual(contentsOf('{ inline: a, verification: { hash: h } }', '{ inline: a }'), {
      inline: 'a',
      verification: { hash: 'h' },
    });
  });

  test('a layer without a choice adds to the earlier one', () => {
    assert.deepEqual(contentsOf('{ inline: a }', '{ verification: { hash: h } }'), {
      inline: 'a',
      verification: { hash: 'h' },
    });
  });

  test('two choices in one layer are left for butane to report', () => {
    assert.deepEqual(contentsOf('{ source: s }', '{ inline: a, local: b }'), { inline: 'a', local: 'b' });
  });
});

describe('origins', () => {
  const result = merged(
    'storage:\n  files:\n    - path: /x\n      mode: 0644\n',
    'storage:\n  files:\n    - path: /x\n      user: { name: core }\n    - path: /y\n',
  );
  const origin = (path: string) => locateText(result, path).node.origin;

  test('a value points at the layer that wrote it', () => {
    assert.deepEqual(origin('$.storage.files.0.mode'), { file: 'earlier.bu', line: 4, column: 13 });
    assert.deepEqual(origin('$.storage.files.0.user.name'), { file: 'later.bu', line: 4, column: 21 });
    assert.deepEqual(origin('$.storage.files.1'), { file: 'later.bu', line: 5, column: 7 });
  });

  test('what both layers wrote points at the later one', () => {
    assert.equal(origin('$.storage.files.0.path').file, 'later.bu');
    assert.equal(origin('$.storage.files.0').file, 'later.bu');
    assert.equal(origin('$.storage.files').file, 'later.bu');
  });
});

describe('duplicates in one layer', () => {
  test('the second definition is an error that names the line of the first', () => {
    const layer = parseLayer(
      'systemd:\n  units:\n    - name: a.service\n    - name: b.service\n    - name: a.service\n',
    );
    assert.deepEqual(findDuplicates(layer, FILES), [
      {
        severity: 'error',
        code: 'duplicate',
        message: 'the unit `a.service` is defined twice in one layer, first in line 3',
        path: '$.systemd.units.2',
        origin: { file: 'layer.bu', line: 5, column: 7 },
        hint: 'make one entry of the two; a later layer may change what an earlier one defines',
      },
    ]);
  });

  test('keys and contents are not repeated in the message', () => {
    const [found] = findDuplicates(
      parseLayer('passwd: { users: [{ name: core, ssh_authorized_keys: [ssh-rsa X, ssh-rsa X] }] }'),
      FILES,
    );
    assert.equal(found?.message, 'this key is defined twice in one layer, first in line 1');
    assert.equal(found?.path, '$.passwd.users.0.ssh_authorized_keys.1');
  });

  const accepted: Readonly<Record<string, string>> = {
    'contents to append': 'storage: { files: [{ path: /x, append: [{ inline: a }, { inline: a }] }] }',
    options: 'storage: { filesystems: [{ device: /d, options: [-q, -q], mount_options: [ro, ro] }] }',
    'users of two names': 'passwd: { users: [{ name: a, groups: [g] }, { name: b, groups: [g] }] }',
    'a group and a user of one name': 'passwd: { users: [{ name: a }], groups: [{ name: a }] }',
    'names that are missing': 'systemd: { units: [{ enabled: true }, { enabled: true }] }',
  };
  for (const [title, text] of Object.entries(accepted)) {
    test(`${title} may repeat`, () => assert.deepEqual(findDuplicates(parseLayer(text), FILES), []));
  }
});

test('layers merge one after the other, however many there are', () => {
  const stack = fc.array(layer, { minLength: 3, maxLength: 5 });
  fc.assert(
    fc.property(stack, (layers) => {
      const [first, ...rest] = layers.map((each, index) => parseLayer(JSON.stringify(each), `${index}.bu`));
      assert.ok(first !== undefined);
      const inPairs = rest.reduce((earlier, later) => mergeDocuments([earlier, later], FILES), first);
      assert.deepEqual(mergeDocuments([first, ...rest], FILES), inPairs);
    }),
    { numRuns: 200, seed: 7 },
  );
});
