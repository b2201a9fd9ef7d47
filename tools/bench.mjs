#!/usr/bin/env node
import { compile, projects } from './lib/compile.mjs';
import { main } from './lib/project.mjs';
import { run } from './lib/run.mjs';
import { setup, speaker } from './setup.mjs';

await main('bench', async () => {
  await setup({ tests: true });
  await compile(projects.tests, speaker(false));
  const args = ['--enable-source-maps', 'build/bench/main.js', ...process.argv.slice(2)];
  return (await run(process.execPath, args, { output: 'inherit' })).exitCode;
});
