import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { expandBlock, partsOf } from '../../support/features.ts';
import { timesyncd } from './timesyncd-feature.ts';

const PATH = '/etc/systemd/timesyncd.conf.d/50-pilotlight.conf';

test('the feature that docs/features.md adds writes the time servers', () => {
  const { files } = partsOf(expandBlock(timesyncd, 'servers: [10.7.0.1, ntp.example]'));
  assert.deepEqual(files, { [PATH]: '[Time]\nNTP=10.7.0.1 ntp.example\n' });
});

test('the feature that docs/features.md adds doubts a single server, and says where it stands', () => {
  const { diagnostics, document } = expandBlock(timesyncd, 'servers:\n  - 10.7.0.1');
  assert.deepEqual(
    diagnostics.map(({ severity, path, origin }) => [severity, path, origin?.line, origin?.column]),
    [['warning', '$.features.timesyncd.servers.0', 2, 5]],
  );
  assert.ok(document !== undefined);
});

test('docs/features.md shows this feature as it is, in a folder of its own', () => {
  const source = readFileSync('test/unit/feature/timesyncd-feature.ts', 'utf8');
  const shown = source
    .replaceAll('../../../src/feature/', '../')
    .trimEnd()
    .replace(/^(?=.)/gm, '    ');
  const page = readFileSync('docs/features.md', 'utf8');
  assert.ok(page.includes(`\n${shown}\n`), shown);
});
