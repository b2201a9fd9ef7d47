#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, projects } from './lib/compile.mjs';
import { installDependencies } from './lib/dependencies.mjs';
import { provideButane, provideTestPrograms } from './lib/programs.mjs';
import { checkNode, main, say, ToolError } from './lib/project.mjs';

const usage = `usage: node tools/setup.mjs [--quiet] [--tests] [--butane FILE]

Makes this checkout ready to run: installs the npm packages, builds butane into .tools/bin and compiles the service into
dist. What is up to date already is left alone, so a second run takes no time and needs no network.

  --quiet         print only what went wrong
  --tests         build also what only the tests use: ignition-validate and Ignition itself, and the releases of
                  containerd that PILOTLIGHT_CONTAINERDS asks for: default, all, or some, like 1.7,2.2; and Afterburn where
                  PILOTLIGHT_AFTERBURN is set
  --butane FILE   the butane that will be used (or PILOTLIGHT_BUTANE), so that none is built
`;

/**
 * Runs the steps of the set-up. `butane` names one the caller brings along. Throws a ToolError at the first step that
 * fails.
 */
export async function setup({ quiet = false, tests = false, butane = process.env.PILOTLIGHT_BUTANE } = {}) {
  const speech = speaker(quiet);
  checkNode();
  await installDependencies(speech);
  if (butane === undefined || butane === '') await provideButane(speech);
  if (tests) await provideTestPrograms(speech);
  await compile(projects.service, speech);
}

/** How much the steps say: progress unless quiet, and notices always. */
export function speaker(quiet) {
  const notice = (line) => say(`setup: ${line}`);
  return { quiet, notice, announce: quiet ? () => {} : notice };
}

function parseFlags() {
  try {
    return parseArgs({
      options: {
        quiet: { type: 'boolean', default: false },
        tests: { type: 'boolean', default: false },
        butane: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new ToolError(`${error.message}\n\n${usage}`, { exitCode: 2, cause: error });
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main('setup', async () => {
    const { help, ...flags } = parseFlags();
    if (help) {
      process.stdout.write(usage);
      return 0;
    }
    if (flags.butane !== undefined && !existsSync(flags.butane)) {
      throw new ToolError(`there is no ${flags.butane} (given with --butane)`);
    }
    await setup(flags);
    return 0;
  });
}
