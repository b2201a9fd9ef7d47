import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';
import { mustRun } from './run.mjs';
import { digest, isStamped, stamp } from './stamp.mjs';

const stampFile = 'node_modules/.pilotlight-stamp';

/** Installs exactly what package-lock.json says, when that is not what node_modules holds already. */
export async function installDependencies({ quiet, announce }) {
  // An installed package has its dependencies beside it already.
  if (!existsSync(join(root, 'package-lock.json'))) return;
  const wanted = await digest([{ file: 'package-lock.json' }, `${process.platform} ${process.arch}`]);
  if (existsSync(join(root, 'node_modules')) && (await isStamped(stampFile, wanted))) return;
  announce('installing npm packages (npm ci)');
  // The compiler is a development dependency, so an environment set up for production must not leave it out.
  await mustRun('the npm packages could not be installed', 'npm', ['ci', '--include=dev', '--loglevel=error'], {
    quiet,
  });
  await stamp(stampFile, wanted);
}
