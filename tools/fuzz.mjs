#!/usr/bin/env node
import { compile, projects } from './lib/compile.mjs';
import { main } from './lib/project.mjs';
import { run } from './lib/run.mjs';
import { setup, speaker } from './setup.mjs';

/** What there is to fuzz beside the service, by the first argument. */
const others = new Map([['go-template', 'build/test/support/go-template/main.js']]);

await main('fuzz', async () => {
  const [first, ...rest] = process.argv.slice(2);
  const other = others.get(first);
  await setup({ tests: other !== undefined });
  await compile(projects.tests, speaker(false));
  const flags = other === undefined ? ['build/test/support/fuzz/main.js', ...process.argv.slice(2)] : [other, ...rest];
  return (await run(process.execPath, ['--enable-source-maps', ...flags], { output: 'inherit' })).exitCode;
});
