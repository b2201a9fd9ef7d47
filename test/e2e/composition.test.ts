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
import { FILES, layerPairs } from '../support/layer-pairs.ts';
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
  const composed = await translate(butane, document, files);
  return { composed, document, merged: await mergeByIgnition(ignition, configs, join(directory, place)) };
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
