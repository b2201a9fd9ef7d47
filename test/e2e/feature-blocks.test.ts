import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OFFICIAL_EXTENSIONS } from '../../src/feature/sysext/official.ts';
import { emitButane } from '../../src/fragment/emit.ts';
import { realButane } from '../support/butanes.ts';
import { expandBlocks } from '../support/features.ts';

const option = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

/** Words that are right most of the time, and now and then what somebody hostile would write. */
const word = fc.oneof(
  { weight: 29, arbitrary: fc.stringMatching(/^[a-z][a-z0-9.]{0,8}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);

const digit = fc.constantFrom(...'0123456789abcdef');

const image = fc.record(
  {
    name: word,
    version: fc.oneof(word, fc.constantFrom('v1.32.2', '2.34.0')),
    architecture: fc.constantFrom('x86-64', 'amd64'),
    source: fc.oneof(fc.webUrl({ withQueryParameters: true }), word),
    hash: fc.string({ unit: digit, minLength: 64, maxLength: 64 }).map((hex) => `sha256-${hex}`),
    update: fc.constantFrom<(boolean | string)[]>(true, false, 'patch'),
  },
  { requiredKeys: ['name', 'version'] },
);

const blocks = fc.record({
  overlaybd: option(fc.constant({})),
  sysext: option(
    fc.record(
      {
        enable: fc.uniqueArray(fc.constantFrom(...Object.keys(OFFICIAL_EXTENSIONS)), { maxLength: 4 }),
        disable: fc.uniqueArray(fc.constantFrom('containerd-flatcar', 'docker-flatcar')),
        bakery: fc.uniqueArray(image, { maxLength: 3, selector: ({ name }) => name }),
      },
      { requiredKeys: [] },
    ),
  ),
  update: option(
    fc.record(
      {
        group: word,
        server: fc.oneof(fc.constant('disabled'), fc.webUrl(), word),
        reboot: fc.constantFrom('reboot', 'etcd-lock', 'off'),
        window: fc.record({ start: fc.constantFrom('04:00', 'Thu 23:30'), length: fc.constantFrom('1h', '90m') }),
        machineAlias: word,
      },
      { requiredKeys: [] },
    ),
  ),
});

test('what blocks without errors come to, butane has nothing to say about', async (t) => {
  const butane = await realButane(t);
  if (butane === undefined) return;
  let translated = 0;
  await fc.assert(
    fc.asyncProperty(blocks, async (generated) => {
      const { document, reports } = expandBlocks(JSON.stringify(generated));
      if (document === undefined) {
        assert.ok(reports.length === 0 || reports.some((report) => report.startsWith('error ')));
        return;
      }
      translated += 1;
      const translation = await butane.translate({ source: emitButane(document), strict: true });
      assert.ok(translation.ok, JSON.stringify(translation));
      assert.deepEqual(translation.entries, []);
    }),
    { numRuns: 300 },
  );
  assert.ok(translated > 40, `only ${translated} were without errors`);
});
