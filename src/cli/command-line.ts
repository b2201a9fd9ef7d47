import { Command, CommanderError, Option } from 'commander';
import { BOOT_TARGETS } from '../boot/plan.ts';
import type { Config, Flags } from '../config.ts';
import { readConfig } from '../config.ts';
import { POINTER_VARIANTS } from '../pointer/butane-pointer.ts';
import { ENCODINGS } from '../pointer/encode.ts';
import { PLATFORM_IDS } from '../pointer/platforms.ts';
import { POINTER_FORMATS } from '../pointer/user-data.ts';
import type { AdoptFlags } from './adopt.ts';
import { adoptCommand } from './adopt.ts';
import type { VerifyFlags } from './assets-verify.ts';
import { assetsVerifyCommand } from './assets-verify.ts';
import type { BootFlags } from './boot.ts';
import { bootCommand } from './boot.ts';
import type { DiffFlags } from './diff.ts';
import { diffCommand } from './diff.ts';
import { EXIT } from './exit.ts';
import { explainCommand } from './explain.ts';
import { failWith } from './failure.ts';
import type { ImportFlags } from './import.ts';
import { importCommand } from './import.ts';
import type { LabelFlags } from './labels.ts';
import { lintCommand } from './lint.ts';
import { matchboxCommand } from './matchbox.ts';
import type { OpenapiFlags } from './openapi.ts';
import { openapiCommand } from './openapi.ts';
import type { PointerFlags } from './pointer.ts';
import { pointerCommand } from './pointer.ts';
import type { RenderFlags } from './render.ts';
import { renderCommand } from './render.ts';
import { REPORT_FORMATS } from './report-formats.ts';
import { serveCommand } from './serve.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line and resolves to its exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
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
  const action = (
    run: (config: Config) => Promise<number>,
    flags: Flags,
    variables: ReadonlySet<string> | 'all' = SITE_VARIABLES,
  ): Promise<void> => {
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

  withAssets(withSite(program.command('serve')))
    .description('Run the service.')
    .option('--listen <host:port>', 'where machines ask (default 127.0.0.1:8080; PILOTLIGHT_LISTEN)')
    .option(
      '--operator-listen <host:port>',
      'where people and tools ask (default 127.0.0.1:8081; PILOTLIGHT_OPERATOR_LISTEN)',
    )
    .option(
      '--operator-token-file <file>',
      'file with the bearer token of the operator API (PILOTLIGHT_OPERATOR_TOKEN_FILE)',
    )
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .option(
      '--state-dir <dir>',
      'directory for what has to outlive a request (default .pilotlight; PILOTLIGHT_STATE_DIR)',
    )
    .option(
      '--watch <mode>',
      'how edits of the site are noticed: on, poll (for network file systems) or off (default on; PILOTLIGHT_WATCH)',
    )
    .option('--tls-cert <file>', 'certificate in PEM: machines ask over https (PILOTLIGHT_TLS_CERT)')
    .option('--tls-key <file>', 'its key in PEM (PILOTLIGHT_TLS_KEY)')
    .option(
      '--trusted-proxy <cidr>',
      'network whose X-Forwarded-For is believed; repeatable (PILOTLIGHT_TRUSTED_PROXIES)',
      collect,
    )
    .option(
      '--metadata <dialects>',
      'metadata services of clouds to answer as, separated by commas, such as aws,gcp (PILOTLIGHT_METADATA)',
    )
    .option(
      '--metadata-key-file <file>',
      'file with the key of session tokens and instance ids, which replicas share (PILOTLIGHT_METADATA_KEY_FILE)',
    )
    .option(
      '--neighbour-table',
      'know machines on the same network by their MAC, from the table of the kernel (PILOTLIGHT_NEIGHBOUR_TABLE)',
    )
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (PILOTLIGHT_LOG_LEVEL)')
    .option('--log-format <format>', 'json, or pretty as on a terminal (PILOTLIGHT_LOG_FORMAT)')
    .addHelpText(
      'after',
      '\nExample:\n  pilotlight serve --site ./site --listen 0.0.0.0:8080 --public-url http://boot.example:8080\n',
    )
    .action((flags: Flags) => action((config) => serveCommand(config, terminal), flags, 'all'));

  withLabels(withSiteOnly(program.command('render')))
    .description('Print the exact bytes that a machine would get.')
    .argument('<profile>', 'the id of a profile')
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .option('--spec <version>', 'render for a client that reads specs up to this one, such as 3.3.0')
    .addOption(new Option('--pretty', 'indent the JSON').conflicts('butane'))
    .addOption(
      new Option('--butane', 'print the composed Butane instead (the binary is named by PILOTLIGHT_BUTANE here)'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  pilotlight render worker --mac 52:54:00:a1:9c:ae\n  pilotlight render worker --mac 52:54:00:a1:9c:ae --label rack=r7 --spec 3.3.0 | ignition-validate -\n',
    )
    .action((profile: string, flags: Omit<Flags, 'butane'> & RenderFlags) => {
      const { butane, ...rest } = flags;
      return action(
        (config) => renderCommand(profile, config, { ...rest, ...(butane === undefined ? {} : { butane }) }, terminal),
        rest,
      );
    });

  withSite(program.command('lint'))
    .description('Render every profile for every group and report all faults; exit 1 when there are errors.')
    .addOption(new Option('--format <format>', 'how to report').choices(Object.keys(REPORT_FORMATS)).default('text'))
    .addHelpText('after', '\nExample:\n  pilotlight lint --site ./site --format github\n')
    .action((flags: Flags & { readonly format: string }) =>
      action((config) => lintCommand(config, flags.format, terminal, version), flags),
    );

  withLabels(withSiteOnly(program.command('explain')))
    .description('Tell which group and profile a machine gets, and why not the others.')
    .addHelpText('after', '\nExample:\n  pilotlight explain --mac 52:54:00:a1:9c:ae --label rack=r7\n')
    .action((flags: Flags & LabelFlags) => action((config) => explainCommand(config, flags, terminal), flags));

  withLabels(withSite(program.command('boot')))
    .description('Print the script that the boot loader of a machine would get.')
    .argument('[profile]', 'the id of a profile; without it the groups select')
    .addOption(new Option('--format <loader>', 'the boot loader').choices(BOOT_TARGETS).default('ipxe'))
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .addHelpText('after', '\nExample:\n  pilotlight boot --mac 52:54:00:a1:9c:ae --format grub\n')
    .action((profile: string | undefined, flags: Flags & BootFlags) =>
      action((config) => bootCommand(profile, config, flags, terminal), flags),
    );

  withLabels(withSite(program.command('pointer')))
    .description('Print the small config that leads a machine to its profile, as the user data of a cloud.')
    .argument('<profile>', 'the id of a profile')
    .addOption(new Option('--platform <id>', 'whose limit and encoding count').choices(PLATFORM_IDS))
    .addOption(new Option('--format <format>', 'what to print').choices(POINTER_FORMATS).default('user-data'))
    .addOption(
      new Option('--encoding <encoding>', "another encoding than the platform's own tool takes").choices(ENCODINGS),
    )
    .option('--wrap', 'fold base64 into lines of 76 characters')
    .addOption(new Option('--variant <variant>', 'the variant of Butane').choices(POINTER_VARIANTS).default('flatcar'))
    .option('--merge', 'merge the config over the pointer instead of replacing it')
    .option('--ca <file>', 'certificates in PEM that the machine trusts for this')
    .option('--pin', 'let the machine refuse any other config than the one that it gets now')
    .option('--spec <version>', 'the newest spec that the machine reads, such as 3.3.0')
    .option('--header <name=file>', 'a header that the machine sends, with its value in a file; repeatable', collect)
    .option('--http-total <seconds>', 'how long the machine tries, 0 for ever (default 600)')
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .addHelpText(
      'after',
      '\nExample:\n  pilotlight pointer worker --platform aws --label rack=r7 --ca ca.pem --public-url https://boot.example\n',
    )
    .action((profile: string, flags: Flags & PointerFlags) =>
      action((config) => pointerCommand(profile, config, flags, terminal), flags),
    );

  withButane(program.command('diff'))
    .description('Show which machines get other configs from one site directory than from another.')
    .argument('<a>', 'a site directory, such as a checkout of what is served')
    .argument('<b>', 'another one, such as a checkout of what is to be served')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('--exit-code', 'exit with 1 when any machine gets another config')
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .addHelpText('after', '\nExample:\n  git worktree add ../main main && pilotlight diff ../main/site ./site\n')
    .action((a: string, b: string, flags: Flags & DiffFlags) =>
      action((config) => diffCommand([a, b], config, flags, terminal), flags),
    );

  program
    .command('adopt')
    .description('Print the composed profile that a hand-written Butane file with overlaybd comes to.')
    .argument('<file>', 'a Butane file of the variant flatcar')
    .option('--release <name>', 'the Flatcar release or channel that the machines boot, such as 4593.2.0')
    .addHelpText('after', '\nExample:\n  pilotlight adopt config.bu > site/profiles/node.yaml\n')
    .action((file: string, flags: AdoptFlags) => action(() => adoptCommand(file, flags, terminal), {}));

  const imports = program.command('import').description('Turn what another service serves into a site.');
  withButane(imports.command('matchbox'))
    .description('Write a data directory of matchbox as a site that gives every group the same config.')
    .argument('<dir>', 'the data directory')
    .requiredOption('--out <site>', 'the directory to write, which must not exist or be empty')
    .addHelpText('after', '\nExample:\n  pilotlight import matchbox /var/lib/matchbox --out ./site\n')
    .action((dir: string, flags: Flags & ImportFlags) =>
      action((config) => importCommand(dir, config, flags, terminal), flags),
    );

  if (argv[0] === 'matchbox') return matchboxCommand(argv.slice(1), terminal, version);
  program.command('matchbox').description('Run the service with the flags and the environment of matchbox.');

  const assets = program.command('assets').description('Look after the kernels and initrds that are served.');
  withAssets(withSiteOnly(assets.command('verify')))
    .description('Check assets against SHA256SUMS and SHA512SUMS among them, and against the signatures beside them.')
    .option(
      '--keyring <file>',
      'public keys whose signatures count, armored or not; without it no signature is checked',
    )
    .addHelpText(
      'after',
      '\nExample:\n  pilotlight assets verify --site ./site --keyring Flatcar_Image_Signing_Key.asc\n',
    )
    .action((flags: Flags & VerifyFlags) => {
      const { keyring, ...rest } = flags;
      return action((config) => assetsVerifyCommand(config, keyring === undefined ? {} : { keyring }, terminal), rest);
    });

  program
    .command('openapi')
    .description('Print the OpenAPI document of one API, or write all.')
    .addOption(
      new Option('--api <name>', 'which one to print').choices(['machine', 'matchbox', 'operator']).default('machine'),
    )
    .option('--write <dir>', 'write machine.yaml, matchbox.yaml and operator.yaml into this directory')
    .action((flags: OpenapiFlags) => action(() => openapiCommand(flags, terminal), {}));

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

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function withSiteOnly(command: Command): Command {
  return command
    .option('--site <dir>', 'the site directory (default site; PILOTLIGHT_SITE)')
    .option(
      '--site-format <format>',
      'how it is laid out: pilotlight, matchbox, or auto for what it looks like (default auto; PILOTLIGHT_SITE_FORMAT)',
    );
}

function withSite(command: Command): Command {
  return withButane(withSiteOnly(command));
}

function withAssets(command: Command): Command {
  return command.option(
    '--assets <dir>',
    'folder of kernels and initrds (default assets in the site; PILOTLIGHT_ASSETS)',
  );
}

function withButane(command: Command): Command {
  return command.option(
    '--butane <file>',
    'the butane binary (default: the built one, then the one in PATH; PILOTLIGHT_BUTANE)',
  );
}

function withLabels(command: Command): Command {
  return command
    .option('--mac <address>', 'the MAC address of the machine')
    .option('--uuid <uuid>', 'its SMBIOS UUID')
    .option('--serial <text>', 'its serial number')
    .option('--hostname <name>', 'its host name')
    .option('--arch <arch>', 'its architecture')
    .option('--ip <address>', 'its address')
    .option('--label <key=value>', 'any other label; repeatable', collect);
}
