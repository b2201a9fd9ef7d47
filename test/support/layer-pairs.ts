import fc from 'fast-check';
import { CERTIFICATES, KEYS, LONG, UNIT } from './layer-files.ts';

/** Two Butane documents as data. */
export type LayerPair = readonly [object, object];

type Fields = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** A record that always has the keys of `required`, and each of `optional` half the time. */
function record(required: Fields, optional: Fields = {}): fc.Arbitrary<object> {
  const maybe = Object.entries(optional).map(
    ([key, value]) => [key, fc.option(value, { nil: undefined, freq: 2 })] as const,
  );
  return fc
    .record({ ...required, ...Object.fromEntries(maybe) })
    .map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)));
}

function some(item: fc.Arbitrary<unknown>, key?: string, minLength = 1): fc.Arbitrary<unknown[]> {
  const selector = (value: unknown) => (key === undefined ? JSON.stringify(value) : Object(value)[key]);
  return fc.uniqueArray(item, { minLength, maxLength: 3, selector });
}

const flag = fc.boolean();
const pick = (...values: readonly unknown[]) => fc.constantFrom(...values);
const owner = fc.oneof(record({ id: pick(0, 500) }), record({ name: pick('root', 'core') }));
const headers = some(record({ name: pick('X-One', 'X-Two') }, { value: pick('1', '2') }), 'name');
const hash = record({ hash: pick(`sha512-${'0'.repeat(128)}`, `sha256-${'1'.repeat(64)}`) });

const fetched = record(
  { source: pick('https://one.example/x', 'https://two.example/x') },
  { compression: pick('gzip', ''), http_headers: headers, verification: hash },
);
const embedded = fc.oneof(
  record({ inline: pick('one\n', 'two\n', LONG, '') }, { compression: pick('') }),
  record({ local: pick('short.txt', 'long.txt') }),
);
/** What a later `source` does not inherit from is documented; short texts are never compressed. */
const either = fc.oneof(
  record({ inline: pick('one\n', 'two\n') }),
  record({ local: fc.constant('short.txt') }),
  record({ source: pick('https://one.example/y', 'https://two.example/y') }),
);

const node = { overwrite: flag, user: owner, group: owner };
const mode = pick(0o600, 0o644, 0o755);
const fileOf = (path: fc.Arbitrary<unknown>, contents: fc.Arbitrary<unknown>) =>
  record({ path }, { ...node, mode, contents, append: fc.array(either, { maxLength: 2 }) }).map((file) => {
    // Ignition wants a source for a file to overwrite with.
    if ('contents' in file || !('overwrite' in file)) return file;
    return { ...file, overwrite: false };
  });
const file = fc.oneof(
  fileOf(pick('/etc/fetched', '/etc/got'), fetched),
  fileOf(pick('/etc/embedded', '/etc/plain', '/etc/tool'), embedded),
  fileOf(pick('/etc/x', '/etc/y'), either),
);
const link = record(
  { path: pick('/etc/x', '/etc/y', '/etc/link', '/etc/plain'), target: pick('a', 'b') },
  { ...node, hard: flag },
);
const directory = record({ path: pick('/etc/x', '/etc/dir', '/etc/deep', '/etc') }, { ...node, mode });
const tree = fc.oneof(
  record({ local: fc.constant('tree-a') }, { user: owner }),
  record({ local: fc.constant('tree-a/etc'), path: pick('/etc', '/opt') }, { file_mode: fc.constant(0o640) }),
  record({ local: fc.constant('tree-b'), path: fc.constant('/etc') }, { dir_mode: fc.constant(0o750), group: owner }),
);

/** Resources that share a key space must not meet within one layer. */
const paths = fc
  .tuple(
    fc.uniqueArray(
      fc.oneof(
        { weight: 4, arbitrary: file.map((item) => ({ list: 'files', item })) },
        { weight: 1, arbitrary: link.map((item) => ({ list: 'links', item })) },
        { weight: 1, arbitrary: directory.map((item) => ({ list: 'directories', item })) },
      ),
      { maxLength: 5, selector: ({ item }) => Object(item).path },
    ),
    fc.option(tree, { nil: undefined, freq: 2 }),
  )
  .map(([items, each]) => ({
    ...Object.fromEntries(
      ['files', 'links', 'directories'].map((list) => [
        list,
        items.filter((item) => item.list === list).map(({ item }) => item),
      ]),
    ),
    ...(each === undefined ? {} : { trees: [each] }),
  }));

const partition = record(
  { label: pick('root', 'var', 'data') },
  { number: pick(0, 1, 2), size_mib: pick(100, 200), resize: flag, wipe_partition_entry: flag, guid: pick('') },
);
const tang = record(
  { url: pick('https://t1.example', 'https://t2.example'), thumbprint: pick('abc', 'def') },
  { advertisement: pick('{"a":1}', '{"b":2}') },
);
const devices = record(
  {},
  {
    disks: some(
      record({ device: pick('/dev/vda', '/dev/vdb') }, { wipe_table: flag, partitions: some(partition, 'label') }),
      'device',
    ),
    filesystems: some(
      record(
        { device: pick('/dev/vda1', '/dev/vdb1'), format: pick('ext4', 'xfs') },
        {
          label: pick('a', 'b'),
          wipe_filesystem: flag,
          options: fc.array(pick('-q', '-L'), { maxLength: 2 }),
          mount_options: fc.array(pick('ro', 'nosuid'), { maxLength: 2 }),
        },
      ),
      'device',
    ),
    luks: some(
      record(
        { name: pick('data', 'more'), device: pick('/dev/vda2', '/dev/vdb2') },
        {
          key_file: either,
          clevis: record({}, { tang: some(tang, 'url'), tpm2: flag, threshold: pick(1, 2) }),
          options: fc.array(pick('--pbkdf', '-q'), { maxLength: 2 }),
          open_options: some(pick('--perf-no_read_workqueue', '--readonly')),
          discard: flag,
          label: pick('l1', 'l2'),
        },
      ),
      'name',
    ),
    raid: some(
      record(
        {
          name: pick('md0', 'md1'),
          level: pick('raid1', 'raid0'),
          devices: some(pick('/dev/a', '/dev/b', '/dev/c'), undefined, 2),
        },
        { spares: pick(0), options: fc.array(pick('--verbose'), { maxLength: 2 }) },
      ),
      'name',
    ),
  },
);

const content = fc.oneof(
  record({ contents: pick(UNIT, '[Unit]\nDescription=one\n', '') }),
  record({ contents_local: fc.constant('unit.service') }),
);
const join = (base: fc.Arbitrary<object>, extra: fc.Arbitrary<object>) =>
  fc.tuple(base, fc.option(extra, { nil: {} })).map(([a, b]) => ({ ...a, ...b }));
const systemd = record(
  {},
  {
    units: some(
      join(
        record(
          { name: pick('a.service', 'b.service', 'c.service') },
          {
            enabled: flag,
            mask: flag,
            dropins: some(join(record({ name: pick('10.conf', '20.conf') }), content), 'name'),
          },
        ),
        content,
      ),
      'name',
    ),
  },
);

const passwd = record(
  {},
  {
    users: some(
      join(
        record(
          { name: pick('core', 'ops') },
          {
            uid: pick(1000, 1001),
            shell: pick('/bin/sh', '/bin/bash'),
            groups: some(pick('wheel', 'docker', 'sudo')),
            home_dir: pick('/home/x'),
            no_create_home: flag,
            password_hash: pick('$y$1', '$y$2'),
            system: flag,
          },
        ),
        fc.oneof(
          record({ ssh_authorized_keys: some(pick(...KEYS)) }),
          record({ ssh_authorized_keys_local: pick(['keys/one'], ['keys/both']) }),
        ),
      ),
      'name',
    ),
    groups: some(
      record({ name: pick('docker', 'ops') }, { gid: pick(10, 20), system: flag, should_exist: flag }),
      'name',
    ),
  },
);

const kernelArguments = fc
  .uniqueArray(fc.tuple(pick('should_exist', 'should_not_exist'), pick('quiet', 'nosmt', 'a=b')), {
    selector: ([, argument]) => argument,
  })
  .map((all) =>
    Object.fromEntries(
      ['should_exist', 'should_not_exist'].map((list) => [
        list,
        all.filter(([name]) => name === list).map(([, argument]) => argument),
      ]),
    ),
  );

const authority = fc.oneof(
  ...CERTIFICATES.map((inline) => record({ inline: fc.constant(inline) })),
  record({ local: fc.constant('a.pem') }),
);
/** The local file holds the first certificate. */
function distinct(authorities: readonly unknown[]): boolean {
  return authorities.filter((each) => Object(each).inline !== CERTIFICATES[1]).length < 2;
}

const ignition = record(
  {},
  {
    proxy: record(
      {},
      {
        http_proxy: pick('http://p1', 'http://p2'),
        https_proxy: pick('https://p1'),
        no_proxy: some(pick('a.example', 'b.example')),
      },
    ),
    timeouts: record({}, { http_response_headers: pick(5, 10), http_total: pick(20, 30) }),
    security: record({ tls: record({ certificate_authorities: some(authority).filter(distinct) }) }),
  },
);

/** One Butane document of fcos 1.7.0 with keys out of small pools, so that two of them often name the same resource. */
export const layer: fc.Arbitrary<object> = record(
  { variant: fc.constant('fcos'), version: fc.constant('1.7.0') },
  {
    ignition,
    kernel_arguments: kernelArguments,
    passwd,
    storage: fc.tuple(paths, devices).map(([a, b]) => ({ ...a, ...b })),
    systemd,
  },
);

/** The same pairs in every run. */
export function layerPairs(count: number): readonly LayerPair[] {
  return fc.sample(fc.tuple(layer, layer), { seed: 20260824, numRuns: count });
}
