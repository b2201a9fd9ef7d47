import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteFormat } from './revision.ts';

/** What a file in one of the two folders that both formats have tells of the format. */
const OWN_ENDING = /\.(?:bu|ign|ya?ml|toml)$/;

/**
 * Tells how a directory is laid out: as the data directory of matchbox, where its groups or profiles are JSON and none of
 * them is anything that pilotlight reads; else as a site of pilotlight's own, also when it cannot be read.
 */
export async function recogniseFormat(directory: string): Promise<SiteFormat> {
  const folders = await Promise.all(
    ['profiles', 'groups'].map((folder) => readdir(join(directory, folder)).catch((): string[] => [])),
  );
  const names = folders.flat().filter((name) => !name.startsWith('.'));
  const isMatchbox = names.some((name) => name.endsWith('.json')) && !names.some((name) => OWN_ENDING.test(name));
  return isMatchbox ? 'matchbox' : 'pilotlight';
}
