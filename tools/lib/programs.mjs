import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { root, ToolError } from './project.mjs';
import { run } from './run.mjs';
import { digest, isStamped, stamp } from './stamp.mjs';

const module = 'github.com/coreos/ignition/v2';
const moduleFolder = 'tools/ignition';
const binFolder = '.tools/bin';

/** What is built, as upstream's own `build` script does it. */
const programs = {
  butane: { package: 'butane/internal', version: 'butane/internal/version.Raw', cgo: false },
  'ignition-validate': { package: 'validate', version: 'internal/version.Raw', cgo: false },
  ignition: { package: 'internal', version: 'internal/version.Raw', cgo: true },
};

/**
 * Builds butane into .tools/bin, unless it is there already. Without a way to build it, a butane in PATH will do; with
 * neither, a ToolError says how to get one.
 */
export async function provideButane({ quiet, announce, notice }) {
  const fault = await build('butane', { quiet, announce });
  if (fault === undefined) return;
  const found = inSearchPath('butane');
  if (found === undefined) {
    throw new ToolError(
      `there is no butane, and it cannot be built: ${fault}\n` +
        'Any one of these helps:\n' +
        '  - install Go (https://go.dev/doc/install) and run this again: it builds the pinned butane\n' +
        '  - put a butane binary into PATH\n' +
        '  - name one: npm start -- --butane FILE',
    );
  }
  notice(`butane cannot be built (${fault}); using ${found}`);
}

/** Builds what only the tests use. What cannot be built is said; the tests that need it say so again. */
export async function provideTestPrograms({ quiet, announce, notice }) {
  for (const name of ['ignition-validate', 'ignition']) {
    const fault = await build(name, { quiet, announce });
    if (fault !== undefined) notice(`${name} cannot be built (${fault})`);
  }
}

/** Resolves to undefined when the program is in place, and to the reason when it cannot be built. */
async function build(name, { quiet, announce }) {
  const program = programs[name];
  const sources = [{ file: `${moduleFolder}/go.mod` }, { file: `${moduleFolder}/go.sum` }];
  const version = await pinnedVersion();
  const args = ['build', '-trimpath', '-ldflags', `-X ${module}/${program.version}=${version}`];
  const target = join(root, binFolder, name);
  const recipe = [...sources, JSON.stringify({ args, cgo: program.cgo })];

  const go = await run('go', ['version'], { cwd: join(root, moduleFolder), quiet: true }).catch((error) => error);
  if (go instanceof ToolError || go.exitCode !== 0) {
    // Go was there once: what it built from these very sources is still good.
    const kept = existsSync(target) && (await isStamped(recipeStamp(name), await digest(recipe)));
    return kept ? undefined : 'Go is not installed';
  }
  const wanted = await digest([...recipe, go.printed]);
  if (existsSync(target) && (await isStamped(stampFile(name), wanted))) return undefined;
  if (program.cgo && !(await hasBlkid())) return 'it needs a C compiler and libblkid-dev';

  announce(`building ${name} ${version} (a minute, the first time)`);
  await mkdir(join(root, binFolder), { recursive: true });
  const env = { ...process.env, CGO_ENABLED: program.cgo ? '1' : '0' };
  // Two set-ups may run at the same time, in two terminals say.
  const fresh = `${target}.${process.pid}.new`;
  const built = await run('go', [...args, '-o', fresh, `${module}/${program.package}`], {
    cwd: join(root, moduleFolder),
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

async function pinnedVersion() {
  const text = await readFile(join(root, moduleFolder, 'go.mod'), 'utf8');
  const version = text.match(/^\s*github\.com\/coreos\/ignition\/v2 (v\S+)/m)?.[1];
  if (version === undefined) throw new ToolError(`${moduleFolder}/go.mod does not pin ${module}`);
  return version;
}

/** Asking the compiler is the one test that covers a missing compiler, a missing header and an unusual include path. */
async function hasBlkid() {
  const options = { input: '#include <blkid/blkid.h>\n', quiet: true };
  const probe = await run(process.env.CC ?? 'cc', ['-fsyntax-only', '-x', 'c', '-'], options).catch((error) => error);
  return !(probe instanceof ToolError) && probe.exitCode === 0;
}

function inSearchPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
