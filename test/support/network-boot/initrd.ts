import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { requireDataFile, requireProgram } from '../programs.ts';

const run = promisify(execFile);

/** Scripts of the initrd, by their places there. */
const SCRIPTS = { init: 'init.sh', 'bin/udhcpc.sh': 'udhcpc.sh' };

/** What the machines' system is made of, by absolute paths of this host. */
export interface BootPrograms {
  readonly linux: string;
  readonly ignition: string;
  readonly busybox: string;
  readonly cpio: string;
  readonly ldd: string;
}

/** Finds all that `writeBootAssets` needs. Gives undefined when the test is skipped. */
export function requireBootPrograms(t: TestContext): BootPrograms | undefined {
  const linux = requireDataFile(t, 'linux');
  const ignition = linux && requireProgram(t, 'ignition-2.14');
  const busybox = ignition && requireProgram(t, 'busybox');
  const cpio = busybox && requireProgram(t, 'cpio');
  const ldd = cpio && requireProgram(t, 'ldd');
  return linux && ignition && busybox && cpio && ldd ? { linux, ignition, busybox, cpio, ldd } : undefined;
}

/**
 * Puts a kernel and an initrd into an empty folder as `vmlinuz` and `initrd`: Debian's kernel, and a system that lives in
 * memory, has the real Ignition provision a root, prints every file that came of it and turns itself off.
 */
export async function writeBootAssets(folder: string, programs: BootPrograms): Promise<void> {
  const { linux, ignition, busybox, cpio, ldd } = programs;
  const files: Record<string, string> = { 'bin/busybox': busybox, 'bin/ignition': ignition };
  const modules = join(dirname(linux), 'modules');
  for (const name of await readdir(modules)) files[`modules/${name}`] = join(modules, name);
  for (const library of [...(await librariesOf(ldd, ignition)), ...(await librariesOf(ldd, busybox))]) {
    files[library] = library;
  }
  for (const [place, name] of Object.entries(SCRIPTS)) files[place] = join('test/support/network-boot', name);

  const root = await mkdtemp(join(tmpdir(), 'pilotlight-initrd-'));
  try {
    for (const [place, source] of Object.entries(files)) {
      await mkdir(join(root, dirname(place)), { recursive: true });
      await copyFile(source, join(root, place));
    }
    for (const place of Object.keys(SCRIPTS)) await chmod(join(root, place), 0o755);
    // Ignition needs one to label what it wrote for SELinux; no policy is installed, so there is nothing to do.
    await writeFile(join(root, 'bin/setfiles'), '#!/bin/sh\nexec cat >/dev/null\n', { mode: 0o755 });
    await pack(cpio, root, join(folder, 'initrd'));
  } finally {
    await rm(root, { recursive: true });
  }
  await copyFile(linux, join(folder, 'vmlinuz'));
}

/** The shared libraries of a program, its loader among them; none for a static one. */
async function librariesOf(ldd: string, program: string): Promise<readonly string[]> {
  const { stdout } = await run(ldd, [program]).catch((error: { stdout: string }) => error);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

async function pack(cpio: string, root: string, target: string): Promise<void> {
  const names = await readdir(root, { recursive: true });
  const child = spawn(cpio, ['--create', '--format=newc', '--owner=0:0', '--quiet'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  child.stdin.end(`${names.join('\n')}\n`);
  await pipeline(child.stdout, createGzip({ level: 1 }), createWriteStream(target));
  const [code] = await ended;
  if (code !== 0) throw new Error(`${basename(cpio)} ended with exit code ${code}`);
}
