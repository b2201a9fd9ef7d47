import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root, ToolError } from './project.mjs';
import { run } from './run.mjs';
import { digest, isStamped, stamp } from './stamp.mjs';

/** A program that a test runs for a second need not be fast, and is built in a fraction of the time. */
const PROFILE = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/**
 * Builds a program of a published crate into .tools/bin with the dependencies that the crate itself locks, unless it is
 * there already. Resolves to undefined when the program is in place, and to the reason when it cannot be built.
 *
 * A program has the `version` of the crate of its name, and the C libraries that it `links`, as pkg-config calls them, each
 * with the package that Debian has it in.
 */
export async function buildCrate(name, program, { quiet, announce }) {
  const { version, links } = program;
  const target = join(root, '.tools/bin', name);
  const cargo = await run('cargo', ['--version'], { quiet: true }).catch((error) => error);
  const stampFile = `.tools/stamps/${name}`;
  if (cargo instanceof ToolError || cargo.exitCode !== 0) {
    return existsSync(target) ? undefined : 'Rust is not installed';
  }
  const wanted = await digest([JSON.stringify({ name, version, PROFILE }), cargo.printed]);
  if (existsSync(target) && (await isStamped(stampFile, wanted))) return undefined;
  for (const [library, debianPackage] of Object.entries(links)) {
    if (!(await hasLibrary(library))) return `it needs pkg-config and ${debianPackage}`;
  }

  announce(`building ${name} ${version} (some minutes, the first time)`);
  const folder = `.tools/cargo/${name}`;
  const args = ['install', '--locked', '--force', '--version', version, '--root', folder, name];
  const env = { ...process.env, ...PROFILE, CARGO_TARGET_DIR: join(root, folder, 'target') };
  const built = await run('cargo', args, { env, quiet });
  if (built.exitCode !== 0) return `cargo install ended with ${built.exitCode}`;
  await mkdir(join(root, '.tools/bin'), { recursive: true });
  // A test may be running the old one, which cannot be written to, but can be replaced.
  const fresh = `${target}.${process.pid}.new`;
  await copyFile(join(root, folder, 'bin', name), fresh);
  await rename(fresh, target);
  await stamp(stampFile, wanted);
  // Hundreds of megabytes that nothing is built from again.
  await rm(join(root, folder), { recursive: true, force: true });
  return undefined;
}

async function hasLibrary(library) {
  const probe = await run('pkg-config', ['--exists', library], { quiet: true }).catch((error) => error);
  return !(probe instanceof ToolError) && probe.exitCode === 0;
}
