import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compareWithGo, type Ending } from './compare.ts';
import { fuzzCase } from './generate.ts';
import { startOracle } from './oracle.ts';

const usage = `usage: npm run fuzz -- go-template [--seed N] [--runs N] [--program FILE]

Draws templates and values, and compares what src/go-template makes of them with what Go does. A difference is made as
small as can be, and printed with its seed. Exit code 1 when there is one.

  --seed N        draws the same again; without it a seed is chosen, and printed
  --runs N        how many, 1000000 if nothing is said
  --program FILE  the program of test/go-template, .tools/bin/go-template if nothing is said
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1000000' },
    program: { type: 'string', default: '.tools/bin/go-template' },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<void> {
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
  process.stderr.write(`fuzz: seed ${seed}\n`);
  const oracle = startOracle(values.program);
  const endings = new Map<Ending, number>();
  const started = performance.now();
  const property = fc.asyncProperty(fuzzCase, async (tried) => {
    const ending = await compareWithGo(oracle, tried);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  });
  const result = await fc.check(property, { numRuns: Number(values.runs), seed });
  oracle.close();
  const seconds = (performance.now() - started) / 1000;
  const counts = [...endings].map(([ending, count]) => `${ending}: ${count}`).join(', ');
  process.stdout.write(`${result.numRuns} templates in ${seconds.toFixed(1)} s; ${counts}\n`);
  if (!result.failed) process.stdout.write('nothing differs\n');
  else {
    const [{ template, data } = { template: '', data: null }] = result.counterexample ?? [];
    const shown = `template: ${JSON.stringify(template)}\ndata: ${JSON.stringify(data)}`;
    process.stdout.write(`DIFFERENCE, with seed ${seed}:\n${shown}\n${String(result.errorInstance)}\n`);
    process.exitCode = 1;
  }
}

if (values.help) process.stdout.write(usage);
else await run();
