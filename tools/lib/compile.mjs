import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './project.mjs';
import { mustRun } from './run.mjs';
import { digest, filesBelow, isStamped, stamp } from './stamp.mjs';

/** The two TypeScript projects: where their sources are and which folder each source folder is compiled into. */
export const projects = {
  service: { config: 'tsconfig.json', outDir: 'dist', folders: { src: 'dist' } },
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
export async function compile({ config, outDir, folders }, { quiet, announce }) {
  // An installed package holds the compiled service and nothing to compile.
  if (!existsSync(join(root, config))) return;
  const expected = new Map();
  for (const [folder, target] of Object.entries(folders)) {
    for (const file of (await filesBelow(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))) {
      const output = `${target}${file.slice(folder.length, -'.ts'.length)}.js`;
      expected.set(output, file);
      expected.set(`${output}.map`, file);
    }
  }
  for (const file of await filesBelow(outDir)) {
    if (!expected.has(file)) await rm(join(root, file));
  }
  const settings = [...new Set(['tsconfig.json', config, 'package-lock.json'])];
  const inputs = [...settings, ...new Set(expected.values())].map((file) => ({ file }));
  const wanted = await digest(inputs);
  const stampFile = `.tools/stamps/${outDir}`;
  const complete = [...expected.keys()].every((file) => existsSync(join(root, file)));
  if (complete && (await isStamped(stampFile, wanted))) return;
  announce(`compiling TypeScript to ${outDir}/`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await mustRun(`${config} does not compile`, process.execPath, [tsc, '-p', config], { quiet });
  await stamp(stampFile, wanted);
}
