import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { afterTest } from './after-test.ts';

/** The site that `npm start` serves. */
export const EXAMPLE_SITE: string = resolve('examples/site');

/** An empty directory that is removed after the test, with what an orphan of a killed process still writes into it. */
export async function scratchDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pilotlight-'));
  afterTest(t, () => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** A site with these files, by their paths in it; removed after the test. Gives its directory. */
export async function writeSite(t: TestContext, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const directory = await scratchDirectory(t);
  await addToSite(directory, files);
  return directory;
}

/** Writes more files into a site. */
export async function addToSite(directory: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** A plain Butane profile that writes one file. */
export function butaneProfile(variant: string, version: string, text = 'hello'): string {
  const contents = JSON.stringify(text);
  return `variant: ${variant}\nversion: ${version}\nstorage:\n  files:\n    - path: /etc/motd\n      contents: { inline: ${contents} }\n`;
}
