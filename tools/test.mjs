#!/usr/bin/env node
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, projects } from './lib/compile.mjs';
import { installDependencies } from './lib/dependencies.mjs';
import { provideButane, provideTestPrograms } from './lib/programs.mjs';
import { checkNode, main, root, say, ToolError } from './lib/project.mjs';
import { mustRun, run } from './lib/run.mjs';
import { filesBelow } from './lib/stamp.mjs';
import { speaker } from './setup.mjs';

const usage = `usage: npm test -- [--tests-only] [--except PATTERN]... [PATTERN...]

Checks everything: formatting and lint, types, and the tests. Every check runs, also after one that fails.

  PATTERN        run only the test files whose path contains one of these
  --except PATTERN  leave out the test files whose path contains this; may stand more than once
  --tests-only   only run the tests that are compiled already, with whichever Node.js runs this

With CI set in the environment a skipped test is a failure.
`;

/** A test that waits forever must end the run rather than hold it. */
const testTimeoutMs = 600_000;

await main('test', async () => {
  const { patterns, except, testsOnly, help } = parseFlags();
  if (help) {
    process.stdout.write(usage);
    return 0;
  }
  checkNode();
  const speech = speaker(false);
  // Without the packages there is nothing to check with, so this alone ends the run.
  if (!testsOnly) await installDependencies(speech);
  const checks = testsOnly
    ? [[`Tests, Node.js ${process.versions.node}`, () => runTests({ patterns, except })]]
    : [
        ['Programs', () => providePrograms(speech)],
        ['Format and lint', lint],
        ['Types', () => compileAll(speech)],
        [`Tests, Node.js ${process.versions.node}`, () => runTests({ patterns, except })],
      ];
  const failed = [];
  for (const [title, check] of checks) {
    say(`\n== ${title}`);
    const fault = await faultOf(check);
    if (fault === undefined) continue;
    if (fault !== '') say(fault);
    failed.push(title);
  }
  say(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join('; ')}.`);
  return failed.length === 0 ? 0 : 1;
});

function parseFlags() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        'tests-only': { type: 'boolean', default: false },
        except: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return { patterns: positionals, except: values.except, testsOnly: values['tests-only'], help: values.help };
  } catch (error) {
    throw new ToolError(`${error.message}\n\n${usage}`, { exitCode: 2, cause: error });
  }
}

/** What is wrong according to a check, undefined when nothing is, empty when it has said so itself. */
async function faultOf(check) {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
}

/** A missing program is no failure here: the tests that need it are skipped, and say how to get it. */
async function providePrograms(speech) {
  await provideButane(speech).catch((error) => {
    if (!(error instanceof ToolError)) throw error;
    speech.notice(error.message);
  });
  await provideTestPrograms(speech);
}

async function lint() {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  // Biome colours its report also for a file, when the environment looks like a terminal.
  const colours = process.stderr.isTTY ? [] : ['--colors=off'];
  await mustRun('Biome found faults', process.execPath, [biome, 'ci', ...colours, '.']);
}

async function compileAll(speech) {
  const faults = [];
  for (const project of [projects.service, projects.tests]) {
    faults.push(await faultOf(() => compile(project, speech)));
  }
  return faults.filter((fault) => fault !== undefined).join('\n') || undefined;
}

async function runTests({ patterns, except }) {
  const all = (await filesBelow('build/test')).filter((file) => file.endsWith('.test.js'));
  const sourceOf = (file) => file.replace(/^build\//, '').replace(/\.js$/, '.ts');
  const isNamed = (file, parts) => parts.some((part) => sourceOf(file).includes(part));
  const wanted = all.filter((file) => (patterns.length === 0 || isNamed(file, patterns)) && !isNamed(file, except));
  if (wanted.length === 0) {
    return patterns.length === 0 ? 'there are no tests' : `no test file has ${patterns.join(' or ')} in its path`;
  }
  const scratch = await mkdtemp(join(tmpdir(), 'pilotlight-test-'));
  try {
    const skips = join(scratch, 'skipped');
    const { exitCode } = await run(process.execPath, [...testFlags(skips), ...wanted], { output: 'inherit' });
    const skipFault = reportSkips(await readSkips(skips));
    return exitCode === 0 ? skipFault : (skipFault ?? '');
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function testFlags(skips) {
  return [
    '--enable-source-maps',
    '--test',
    // Most tests wait for other programs most of the time; one file less than cores, as by default, leaves half of two idle.
    `--test-concurrency=${availableParallelism()}`,
    `--test-timeout=${testTimeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('lib/skipped-reporter.mjs', import.meta.url)}`,
    `--test-reporter-destination=${skips}`,
  ];
}

async function readSkips(file) {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

/** Lists what was not checked, by reason, so that one look tells what to install. */
function reportSkips(skips) {
  if (skips.length === 0) return undefined;
  say('\nSkipped:');
  for (const reason of new Set(skips.map((skip) => skip.reason))) {
    say(`  ${reason}`);
    for (const { name } of skips.filter((skip) => skip.reason === reason)) say(`    - ${name}`);
  }
  return process.env.CI ? `${skips.length} skipped; with CI set every test must run` : undefined;
}
