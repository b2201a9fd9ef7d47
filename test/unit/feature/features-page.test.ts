import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OFFICIAL_EXTENSIONS } from '../../../src/feature/sysext/official.ts';
import { expandBlocks, partsOf } from '../../support/features.ts';

const PAGE = readFileSync('docs/features.md', 'utf8');

/** What the templates of the samples give. */
const VALUES: Readonly<Record<string, string>> = { 'machine.arch': 'arm64', 'parameters.reboot': 'off' };

/** The blocks below `features:` of all samples of the page. */
const SAMPLES = [...PAGE.matchAll(/^ {4}features:\n((?: {6}.*\n)+)/gm)].map(([, text = '']) =>
  text.replace(/^ {6}/gm, '').replace(/\{\{ ([a-z.]+) \}\}/g, (_, name) => VALUES[name] ?? name),
);

test('nothing is wrong with the samples of docs/features.md', () => {
  const known = SAMPLES.filter((sample) => !sample.startsWith('timesyncd'));
  assert.equal(known.length, 3);
  for (const sample of known) {
    const { document, reports } = expandBlocks(sample);
    assert.deepEqual(reports, [], sample);
    assert.ok(document !== undefined);
  }
});

test('docs/features.md shows what becomes of its sample for updates', () => {
  const sample = SAMPLES.find((each) => each.startsWith('update:')) ?? '';
  const text = partsOf(expandBlocks(sample)).files['/etc/flatcar/update.conf'] ?? '';
  assert.ok(PAGE.includes(text.replace(/^(?=.)/gm, '    ')), text);
});

test('docs/features.md names every official extension with its first release', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| `'));
  for (const [name, { first, architectures }] of Object.entries(OFFICIAL_EXTENSIONS)) {
    // Drivers share a row, which spells the first of them out and of the others what differs.
    const [, family, version] = /^(nvidia-drivers-)(\d+)/.exec(name) ?? [];
    const start = `| \`${family === undefined ? name : `${family}535`}\``;
    const rest = ` | ${first.join('.')} | ${architectures.join(', ')}`;
    const row = rows.find((line) => line.startsWith(start) && line.includes(rest));
    assert.ok(row !== undefined && (version === undefined || row.includes(`-${version}\``)), name);
  }
});
