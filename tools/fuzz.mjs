#!/usr/bin/env node
import { compile, projects } from './lib/compile.mjs';
import { main } from './lib/project.mjs';
import { run } from './lib/run.mjs';
import { setup, speaker } from './setup.mjs';

await main('fuzz', async () => {
  await setup();
  await compile(projects.tests, speaker(false));
  const args = ['--enable-source-maps', 'build/test/support/fuzz/main.js', ...process.argv.slice(2)];
  return (await run(process.execPath, args, { output: 'inherit' })).exitCode;
});
