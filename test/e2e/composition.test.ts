import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { after, before, test } from 'node:test';
import { compose } from '../../src/fragment/compose.ts';
import { emitButane } from '../../src/fragment/emit.ts';
import type { Outcome } from '../support/ignition-merge.ts';
import { meaningOf, mergeByIgnition, translate, writeFileTree } from '../support/ignition-merge.ts';
import { FILES } from '../support/layer-files.ts';
import { layerPairs } from '../support/layer-pairs.ts';
import { parseLayer } from '../support/nodes.ts';
import { requireProgram } from '../support/programs.ts';

let directory: string;
let files: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'composition-'));
  files = join(directory, 'files');
  await writeFileTree(FILES, files);
});

after(() => rm(directory, { recursive: true, force: true }));

/** What Ignition makes of the translated layers, and butane of the composed one; undefined where a layer is refused. */
interface Comparison {
  readonly merged: Outcome;
  readonly composed: Outcome;
  readonly document: string;
}

interface Programs {
  readonly butane: string;
  readonly ignition: string;
}

function requirePrograms(t: TestContext): Programs | undefined {
  const butane = requireProgram(t, 'butane');
  const ignition = butane && requireProgram(t, 'ignition');
  return butane && ignition ? { butane, ignition } : undefined;
}

async function compare(
  { butane, ignition }: Programs,
  layers: readonly string[],
  place: string,
): Promise<Comparison | { readonly refused: string }> {
  const configs: string[] = [];
  for (const layer of layers) {
    const outcome = await translate(butane, layer, files);
    if (!outcome.ok) return { refused: outcome.report };
    configs.push(outcome.output);
  }
  const { value, diagnostics } = compose(
    layers.map((layer, index) => parseLayer(layer, `${index}.bu`)),
    { files: FILES },
  );
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  const document = emitButane(value);
  const workspace = join(directory, place);
  const merged = await mergeByIgnition(ignition, configs, workspace);
  const composed = await translate(butane, document, files);
  // Ignition goes on to fetch what the layers themselves merge, so the composed config must go the same way.
  const fetches = composed.ok && composed.output.includes('"merge":');
  return {
    document,
    merged,
    composed: fetches ? await mergeByIgnition(ignition, [composed.output], workspace) : composed,
  };
}

function assertSame({ merged, composed, document }: Comparison, layers: readonly string[]): void {
  const context = `layers:\n${layers.join('\n')}\ncomposed:\n${document}`;
  assert.ok(composed.ok || !merged.ok, `butane refuses: ${composed.ok ? '' : composed.report}\n${context}`);
  assert.ok(merged.ok || !composed.ok, `Ignition refuses: ${merged.ok ? '' : merged.report}\n${context}`);
  if (composed.ok && merged.ok) assert.deepEqual(meaningOf(composed.output), meaningOf(merged.output), context);
}

test('two hundred generated pairs of layers compose to what Ignition merges them to', async (t) => {
  const programs = requirePrograms(t);
  if (programs === undefined) return;
  const pairs = layerPairs(300).map((pair) => pair.map((layer) => JSON.stringify(layer)));
  let accepted = 0;
  const work = pairs[Symbol.iterator]();
  const worker = async (place: string) => {
    for (const pair of work) {
      const comparison = await compare(programs, pair, place);
      if ('refused' in comparison) continue;
      assertSame(comparison, pair);
      if (comparison.merged.ok) accepted += 1;
    }
  };
  await Promise.all([worker('left'), worker('right')]);
  t.diagnostic(`${accepted} of ${pairs.length} pairs were merged by Ignition`);
  assert.ok(accepted >= 200, `only ${accepted} pairs were valid`);
});

const HEAD = 'variant: fcos\nversion: 1.7.0\n';

/** A document whose one file has these contents. */
function contents(text: string): string {
  return `${HEAD}storage: { files: [{ path: /etc/x, contents: ${text} }] }`;
}

function storage(text: string): string {
  return `${HEAD}storage:\n  ${text.trim().replaceAll('\n', '\n  ')}`;
}

/** Layers, and what their composition shows; the first part of a title is the kind of resource. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'an inline content replaces a compressed source': [
    contents('{ source: "https://a.example/x.gz", compression: gzip }'),
    contents('{ inline: hello }'),
  ],
  'a local content replaces a compressed inline one': [
    contents('{ inline: "no gzip", compression: gzip }'),
    contents('{ local: long.txt }'),
  ],
  'a source replaces a short inline content': [contents('{ inline: a }'), contents('{ source: "https://a.example" }')],
  'a mirror inherits the hash and the compression of the source it stands in for': [
    contents(
      `{ source: "https://a.example/x.gz", compression: gzip, verification: { hash: sha256-${'0'.repeat(64)} } }`,
    ),
    contents('{ source: "https://mirror.example/x.gz" }'),
  ],
  'a header without value deletes, others merge by name': [
    contents('{ source: "https://a.example", http_headers: [{ name: A, value: 1 }, { name: B, value: 2 }] }'),
    contents(
      '{ source: "https://a.example", http_headers: [{ name: A }, { name: C, value: 3 }, { name: B, value: 4 }] }',
    ),
  ],
  'an empty inline content is a content': [contents('{ inline: a }'), contents('{ inline: "" }')],
  'null is absent': [
    storage('files: [{ path: /etc/x, mode: 0600, user: { name: core }, contents: { inline: a } }]\nlinks: ~'),
    `${storage('files: [{ path: /etc/x, mode: ~, user: null, contents: { inline: , local: } }]')}\npasswd:`,
  ],
  'three layers compose one after the other': [
    contents('{ source: "https://a.example", compression: gzip }'),
    contents('{ inline: b }'),
    contents('{ source: "https://c.example" }'),
  ],
  'a link replaces a file, and a file in it a directory in turn': [
    storage('files: [{ path: /srv/x, contents: { inline: a } }, { path: /srv/y }]'),
    storage('links: [{ path: /srv/x, target: /y }]'),
    storage('directories: [{ path: /srv/x, mode: 0755 }]\nfiles: [{ path: /srv/x/in }, { path: /srv/y, mode: 0600 }]'),
  ],
  'partitions merge by number, however it is written': [
    storage('disks: [{ device: /dev/vda, partitions: [{ number: 010, label: a, size_mib: 1 }, { label: b }] }]'),
    storage(
      'disks: [{ device: /dev/vda, partitions: [{ number: 8, size_mib: 2 }, { number: 0, label: b, start_mib: 9 }] }]',
    ),
  ],
  'a custom clevis pin is changed key by key': [
    storage('luks: [{ name: a, device: /dev/a, clevis: { custom: { pin: sss, config: one, needs_network: true } } }]'),
    storage('luks: [{ name: a, device: /dev/b, clevis: { custom: { pin: sss, config: two } } }]'),
  ],
  'one merged config given twice, inline and as a file, is one': [
    `${HEAD}ignition: { config: { merge: [{ inline: "${`{\\"ignition\\": {\\"version\\": \\"3.6.0\\"}}`}" }] } }`,
    `${HEAD}ignition: { config: { merge: [{ local: child.ign }] } }`,
  ],
  'merged configs of two layers are both merged': [
    `${HEAD}ignition: { config: { merge: [{ local: child.ign }] } }`,
    `${HEAD}ignition: { config: { merge: [{ local: group.ign }] } }`,
  ],
  'layers of two versions compose at the newer one': [
    'variant: fcos\nversion: 1.5.0\nsystemd: { units: [{ name: a.service, enabled: true }] }',
    `${HEAD}systemd: { units: [{ name: a.service, contents_local: unit.service }] }`,
  ],
  'flatcar layers compose like any other': [
    'variant: flatcar\nversion: 1.1.0\nstorage: { files: [{ path: /a, contents: { inline: a } }] }',
    'variant: flatcar\nversion: 1.1.0\nstorage: { links: [{ path: /a, target: /b }] }',
  ],
  'a mount unit of the earlier layer is changed by a unit of the later one': [
    storage('filesystems: [{ device: /dev/vdb1, path: /var/lib, format: xfs, with_mount_unit: true }]'),
    `${HEAD}systemd: { units: [{ name: var-lib.mount, enabled: false, dropins: [{ name: a.conf, contents: "[Mount]" }] }] }`,
  ],
  'storage of a later layer changes what boot_device makes': [
    `${HEAD}boot_device: { layout: x86_64, mirror: { devices: [/dev/vda, /dev/vdb] }, luks: { tpm2: true } }`,
    storage(
      'disks: [{ device: /dev/vda, partitions: [{ label: root-1, size_mib: 9000 }] }]\nfilesystems: [{ device: /dev/mapper/root, format: btrfs }]',
    ),
  ],
  'GRUB users of one layer stay beside the files of another': [
    `${HEAD}grub: { users: [{ name: root, password_hash: grub.pbkdf2.sha512.1 }] }`,
    storage('files: [{ path: /etc/x, contents: { inline: x } }]'),
  ],
  'a tree keeps its contents where a later layer only sets the mode': [
    storage('trees: [{ local: tree-a }]'),
    storage('files: [{ path: /etc/tool, mode: 0700 }, { path: /etc/plain, user: { name: core } }]'),
  ],
  'a tree of a later layer replaces what an earlier one wrote': [
    storage(
      'files: [{ path: /etc/tool, mode: 0700, user: { name: core }, contents: { inline: a } }, { path: /etc/link }]',
    ),
    storage('trees: [{ local: tree-a }]'),
  ],
  'two trees meet file by file, with owners and modes': [
    storage('trees: [{ local: tree-a/etc, path: /etc/, user: { name: core }, dir_mode: 0700 }]'),
    storage('trees: [{ local: ./tree-b/, path: /etc, group: { id: 7 }, file_mode: 0600 }]'),
  ],
  'a file without contents takes them from the tree of its own layer': [
    storage('trees: [{ local: tree-a }]\nfiles: [{ path: /etc/plain, mode: 0600, group: { id: 3 } }]'),
    storage('files: [{ path: /etc/plain, overwrite: false, append: [{ inline: more }] }]'),
  ],
  'a link replaces a file of a tree': [
    storage('trees: [{ local: tree-b, path: /etc }]'),
    storage('links: [{ path: /etc/plain, target: /elsewhere }]'),
  ],
  'a key that two key files hold is written once': [
    `${HEAD}passwd: { users: [{ name: core, ssh_authorized_keys_local: [keys/one] }] }`,
    `${HEAD}passwd: { users: [{ name: core, ssh_authorized_keys_local: [keys/both] }, { name: ops, ssh_authorized_keys_local: [keys/one] }] }`,
  ],
};

for (const [title, layers] of Object.entries(CASES)) {
  test(`composed as by Ignition: ${title}`, async (t) => {
    const programs = requirePrograms(t);
    if (programs === undefined) return;
    const comparison = await compare(programs, layers, 'case');
    if ('refused' in comparison) assert.fail(comparison.refused);
    assertSame(comparison, layers);
    assert.ok(comparison.merged.ok, 'Ignition merges the layers');
  });
}

/** One layer each, which defines something twice. */
const DUPLICATES: Readonly<Record<string, string>> = {
  'a path': storage('files: [{ path: /x }]\nlinks: [{ path: /x, target: /y }]'),
  'a disk': storage('disks: [{ device: /dev/a }, { device: /dev/a }]'),
  'a partition': storage('disks: [{ device: /dev/a, partitions: [{ number: 010 }, { number: 8 }] }]'),
  'a filesystem': storage('filesystems: [{ device: /dev/a, format: xfs }, { device: /dev/a, format: xfs }]'),
  'a RAID': storage('raid: [{ name: a, level: raid1, devices: [/a] }, { name: a, level: raid1, devices: [/b] }]'),
  'a device of a RAID': storage('raid: [{ name: a, level: raid1, devices: [/a, /a] }]'),
  'a LUKS device': storage('luks: [{ name: a, device: /a }, { name: a, device: /b }]'),
  'an option to open with': storage('luks: [{ name: a, device: /a, open_options: [-a, -a] }]'),
  'a Tang server': storage(
    'luks: [{ name: a, device: /a, clevis: { tang: [{ url: "http://a", thumbprint: a }, { url: "http://a", thumbprint: b }] } }]',
  ),
  'a header': contents('{ source: "http://a", http_headers: [{ name: A, value: a }, { name: A, value: b }] }'),
  'a unit': `${HEAD}systemd: { units: [{ name: a.service }, { name: a.service }] }`,
  'a drop-in': `${HEAD}systemd: { units: [{ name: a.service, dropins: [{ name: a.conf }, { name: a.conf }] }] }`,
  'a user': `${HEAD}passwd: { users: [{ name: a }, { name: a }] }`,
  'a group': `${HEAD}passwd: { groups: [{ name: a }, { name: a }] }`,
  'a group of a user': `${HEAD}passwd: { users: [{ name: a, groups: [b, b] }] }`,
  'a public key': `${HEAD}passwd: { users: [{ name: a, ssh_authorized_keys: [b, b] }] }`,
  'a key file': `${HEAD}passwd: { users: [{ name: a, ssh_authorized_keys_local: [keys/one, keys/one] }] }`,
  'a kernel argument': `${HEAD}kernel_arguments: { should_exist: [a], should_not_exist: [a] }`,
  'an address without proxy': `${HEAD}ignition: { proxy: { no_proxy: [a, a] } }`,
  'a merged config': `${HEAD}ignition: { config: { merge: [{ local: child.ign }, { local: child.ign }] } }`,
  'an authority': `${HEAD}ignition: { security: { tls: { certificate_authorities: [{ local: a.pem }, { local: a.pem }] } } }`,
  'a mirrored device': `${HEAD}boot_device: { layout: x86_64, mirror: { devices: [/dev/a, /dev/a] } }`,
};

for (const [what, layer] of Object.entries(DUPLICATES)) {
  test(`${what} defined twice in one layer is refused, as butane refuses it`, async (t) => {
    const butane = requireProgram(t, 'butane');
    if (butane === undefined) return;
    const { diagnostics } = compose([parseLayer(layer)], { files: FILES });
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['duplicate'],
    );
    const outcome = await translate(butane, layer, files);
    assert.match(outcome.ok ? 'accepted' : outcome.report, /duplicate entry defined/);
  });
}
