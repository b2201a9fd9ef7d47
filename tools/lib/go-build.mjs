import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root, ToolError } from './project.mjs';
import { run } from './run.mjs';
import { digest, isStamped, stamp } from './stamp.mjs';

const binFolder = '.tools/bin';

/**
 * Builds a program into .tools/bin from the Go module that pins it, unless it is there already. Resolves to undefined
 * when the program is in place, and to the reason when it cannot be built.
 *
 * A program has the `folder` with its go.mod and go.sum, the `module` that it is part of, its `package` therein, the
 * variable that gets the `version` (if there is one), build `tags`, and whether it needs `cgo`. A program that is our own
 * has its `sources` in the folder instead, and neither module nor package.
 */
export async function buildProgram(name, program, { quiet, announce }) {
  const { folder, module } = program;
  const sources = (program.sources ?? ['go.mod', 'go.sum']).map((file) => ({ file: `${folder}/${file}` }));
  const isOwn = module === undefined;
  const version = isOwn ? '' : await pinnedVersion(program);
  const flags = program.version === undefined ? '-s -w' : `-X ${module}/${program.version}=${version}`;
  const tags = program.tags === undefined ? [] : ['-tags', program.tags.join()];
  const args = ['build', '-trimpath', ...tags, '-ldflags', flags];
  const target = join(root, binFolder, name);
  const recipe = [...sources, JSON.stringify({ args, cgo: program.cgo })];

  const go = await run('go', ['version'], { cwd: join(root, folder), quiet: true }).catch((error) => error);
  if (go instanceof ToolError || go.exitCode !== 0) {
    // Go was there once: what it built from these very sources is still good.
    const kept = existsSync(target) && (await isStamped(recipeStamp(name), await digest(recipe)));
    return kept ? undefined : 'Go is not installed';
  }
  const wanted = await digest([...recipe, go.printed]);
  if (existsSync(target) && (await isStamped(stampFile(name), wanted))) return undefined;
  if (program.cgo && !(await hasBlkid())) return 'it needs a C compiler and libblkid-dev';

  announce(`building ${`${name} ${version}`.trim()} (a minute, the first time)`);
  await mkdir(join(root, binFolder), { recursive: true });
  const env = { ...process.env, CGO_ENABLED: program.cgo ? '1' : '0' };
  // Two set-ups may run at the same time, in two terminals say.
  const fresh = `${target}.${process.pid}.new`;
  const built = await run('go', [...args, '-o', fresh, isOwn ? '.' : `${module}/${program.package}`], {
    cwd: join(root, folder),
    env,
    quiet,
  });
  if (built.exitCode !== 0) {
    await rm(fresh, { force: true });
    return `go build ended with ${built.exitCode}${built.printed === '' ? '' : `: ${built.printed.trim()}`}`;
  }
  // A running service may be executing the old one, which cannot be written to, but can be replaced.
  await rename(fresh, target);
  await stamp(recipeStamp(name), await digest(recipe));
  await stamp(stampFile(name), wanted);
  return undefined;
}

function stampFile(name) {
  return `.tools/stamps/${name}`;
}

function recipeStamp(name) {
  return `.tools/stamps/${name}.recipe`;
}

async function pinnedVersion({ folder, module }) {
  const lines = (await readFile(join(root, folder, 'go.mod'), 'utf8')).split('\n');
  const version = lines.map((line) => line.trim().split(' ')).find(([name]) => name === module)?.[1];
  if (version === undefined) throw new ToolError(`${folder}/go.mod does not pin ${module}`);
  return version;
}

/** Asking the compiler is the one test that covers a missing compiler, a missing header and an unusual include path. */
async function hasBlkid() {
  const options = { input: '#include <blkid/blkid.h>\n', quiet: true };
  const probe = await run(process.env.CC ?? 'cc', ['-fsyntax-only', '-x', 'c', '-'], options).catch((error) => error);
  return !(probe instanceof ToolError) && probe.exitCode === 0;
}
