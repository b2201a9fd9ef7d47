import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './project.mjs';
import { mustRun } from './run.mjs';
import { digest, filesBelow, isStamped, stamp } from './stamp.mjs';

/** The service is bundled into these. */
const BUNDLED = ['dist/main.js', 'dist/main.js.LEGAL.txt', 'dist/spawner-child-process.js'];

/** The two TypeScript projects: where their sources are, and what they become. */
export const projects = {
  service: { config: 'tsconfig.json', outDir: 'dist', folders: { src: 'dist' }, bundled: BUNDLED },
  tests: {
    config: 'test/tsconfig.json',
    outDir: 'build',
    folders: { src: 'build/src', test: 'build/test', bench: 'build/bench' },
  },
};

/**
 * Compiles a project when a source, a setting or an installed package changed, and removes outputs whose source is gone:
 * a stale test would still run, a stale module would still resolve. Throws a ToolError with the compiler's report.
 */
export async function compile({ config, outDir, folders, bundled }, { quiet, announce }) {
  // An installed package holds the compiled service and nothing to compile.
  if (!existsSync(join(root, config))) return;
  const expected = new Map();
  const sources = [];
  for (const [folder, target] of Object.entries(folders)) {
    for (const file of (await filesBelow(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))) {
      sources.push(file);
      if (bundled !== undefined) continue;
      const output = `${target}${file.slice(folder.length, -'.ts'.length)}.js`;
      expected.set(output, file);
      expected.set(`${output}.map`, file);
    }
  }
  for (const output of bundled ?? []) expected.set(output, output);
  for (const file of await filesBelow(outDir)) {
    if (!expected.has(file)) await rm(join(root, file));
  }
  const settings = [...new Set(['tsconfig.json', config, 'package-lock.json', 'tools/bundle.mjs'])];
  const inputs = [...settings, ...sources].map((file) => ({ file }));
  const wanted = await digest(inputs);
  const stampFile = `.tools/stamps/${outDir}`;
  const complete = [...expected.keys()].every((file) => existsSync(join(root, file)));
  if (complete && (await isStamped(stampFile, wanted))) return;
  announce(`compiling TypeScript to ${outDir}/`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const check = bundled === undefined ? [] : ['--noEmit'];
  await mustRun(`${config} does not compile`, process.execPath, [tsc, '-p', config, ...check], { quiet });
  if (bundled !== undefined) {
    await mustRun('the service cannot be bundled', process.execPath, [join(root, 'tools/bundle.mjs')], { quiet });
  }
  await stamp(stampFile, wanted);
}
