#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { main, root, ToolError } from './lib/project.mjs';
import { serviceEnvironment, serviceFlags } from './lib/service-flags.mjs';
import { setup } from './setup.mjs';

/** A terminal and npm both pass on one Ctrl-C; what comes later than this is a person who insists. */
const echoMs = 1000;

await main('start', async () => {
  const flags = process.argv.slice(2);
  const asksForHelp = flags.includes('--help') || flags.includes('-h');
  // The service itself judges the butane it is given; help needs none.
  const butane = asksForHelp ? 'none' : (flagValue('--butane', flags) ?? process.env.PILOTLIGHT_BUTANE);
  await setup({ quiet: asksForHelp, butane });
  const siteIsGiven = flagValue('--site', flags) !== undefined || (process.env.PILOTLIGHT_SITE ?? '') !== '';
  const site = siteIsGiven ? [] : ['--site', join(root, 'examples/site')];
  return await serve([...site, ...flags]);
});

/**
 * Runs the service and resolves to its exit code. The service has a session of its own, so that a Ctrl-C reaches it once,
 * through here, and its orderly shutdown is not cut short by the second copy that npm sends.
 */
function serve(flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        ...serviceFlags,
        `--import=${new URL('lib/end-with-parent.mjs', import.meta.url)}`,
        join(root, 'dist/main.js'),
        'serve',
        ...flags,
      ],
      {
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
        detached: true,
        env: { ...serviceEnvironment, ...process.env },
      },
    );
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      let passedOn = Number.NEGATIVE_INFINITY;
      // From here on a signal is the service's to answer, no longer the set-up's.
      process.removeAllListeners(signal);
      process.on(signal, () => {
        const now = performance.now();
        if (now - passedOn < echoMs) return;
        passedOn = now;
        child.kill(signal);
      });
    }
    child.once('error', (error) =>
      reject(new ToolError(`cannot start the service: ${error.message}`, { cause: error })),
    );
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** The value of a flag in either of its forms, `--flag value` and `--flag=value`. */
function flagValue(flag, flags) {
  const joined = flags.find((argument) => argument.startsWith(`${flag}=`));
  if (joined !== undefined) return joined.slice(flag.length + 1);
  const at = flags.indexOf(flag);
  return at < 0 ? undefined : (flags[at + 1] ?? '');
}
