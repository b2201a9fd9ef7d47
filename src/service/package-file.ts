import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of this program's package: the nearest one above that has a package.json. */
export function findPackage(directory: string = dirname(fileURLToPath(import.meta.url))): string {
  const above = dirname(directory);
  return existsSync(join(directory, 'package.json')) || above === directory ? directory : findPackage(above);
}

/** The version of this program, from its package. */
export async function readVersion(): Promise<string> {
  const text = await readFile(join(findPackage(), 'package.json'), 'utf8');
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown';
}
