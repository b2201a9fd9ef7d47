import { Command, CommanderError } from 'commander';
import { readConfig } from '../config.ts';
import type { Surroundings } from './commands.ts';
import { declareCommands } from './commands.ts';
import { EXIT } from './exit.ts';
import { failWith } from './failure.ts';
import { matchboxCommand } from './matchbox.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line and resolves to its exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  if (argv[0] === 'matchbox') return matchboxCommand(argv.slice(1), terminal, version);
  let exitCode: number = EXIT.fine;
  const program = new Command('pilotlight')
    .description('Serves Ignition configs to booting machines, written as Butane and translated by the real butane.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void terminal.out(text), writeErr: terminal.err })
    .showHelpAfterError('(add --help for the flags)')
    .helpCommand(false)
    .addHelpText('after', HELP);

  /** Runs a command with a checked config and turns what it throws into an exit code. */
  const act: Surroundings['act'] = (run, flags, variables = SITE_VARIABLES) => {
    const environment = Object.fromEntries(
      Object.entries(terminal.environment).filter(([name]) => variables === 'all' || variables.has(name)),
    );
    const result = readConfig(flags, environment, terminal.onTerminal);
    if (!result.ok) {
      for (const fault of result.faults) terminal.err(`error: ${fault}\n`);
      exitCode = EXIT.usage;
      return Promise.resolve();
    }
    return run(result.config).then(
      (code) => {
        exitCode = code;
      },
      (error: unknown) => {
        exitCode = failWith(error, terminal);
      },
    );
  };
  declareCommands(program, { terminal, version, act });

  try {
    if (argv.length === 0) {
      terminal.err(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    throw error;
  }
  return exitCode;
}

/** What commands other than `serve` look at: a listener that is set wrongly is no reason not to lint. */
const SITE_VARIABLES: ReadonlySet<string> = new Set([
  'PILOTLIGHT_SITE',
  'PILOTLIGHT_SITE_FORMAT',
  'PILOTLIGHT_ASSETS',
  'PILOTLIGHT_BUTANE',
  'PILOTLIGHT_PUBLIC_URL',
]);

const HELP = `
Examples:
  pilotlight serve --site ./site
  pilotlight lint --site ./site
  pilotlight render worker --mac 52:54:00:a1:9c:ae --site ./site
  pilotlight explain --mac 52:54:00:a1:9c:ae --site ./site

Exit codes: 0 fine, 1 the site or the run has faults, 2 wrong usage.
`;
