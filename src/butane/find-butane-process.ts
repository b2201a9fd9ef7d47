import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { ProvisioningError } from '../errors.ts';

/** Where butane may be. */
export interface ButanePlaces {
  /** What the operator chose; nothing else is tried then. */
  readonly explicit?: string;
  /** Where `npm run setup` builds it. */
  readonly built: string;
  /** The PATH to look into; relative entries are passed over, since they mean whatever the current directory is. */
  readonly searchPath: string | undefined;
}

const ADVICE = 'install Go and run `npm run setup`, or put a butane binary into PATH, or give --butane FILE';

/** The absolute path of butane: the chosen one, else the built one, else the first in PATH. Throws `butane-missing`. */
export async function findButane(places: ButanePlaces): Promise<string> {
  const { explicit, built, searchPath } = places;
  if (explicit !== undefined) {
    const path = resolve(explicit);
    if (await isProgram(path)) return path;
    throw new ProvisioningError('butane-missing', `${path} is not a program that can be run; ${ADVICE}`);
  }
  if (await isProgram(resolve(built))) return resolve(built);
  const found = await findInPath('butane', searchPath);
  if (found !== undefined) return found;
  throw new ProvisioningError('butane-missing', `butane was not found; ${ADVICE}`);
}

/** The absolute path of a program in a PATH, whose relative entries are passed over; undefined when it has none. */
export async function findInPath(name: string, searchPath: string | undefined): Promise<string | undefined> {
  const directories = (searchPath ?? '').split(delimiter).filter((directory) => isAbsolute(directory));
  for (const directory of directories) {
    const path = join(directory, name);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
