import type { Command } from 'commander';
import { Option } from 'commander';
import { BOOT_TARGETS } from '../boot/plan.ts';
import type { Config, Flags } from '../config.ts';
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
import { explainCommand } from './explain.ts';
import type { ImportFlags } from './import.ts';
import { importCommand } from './import.ts';
import type { LabelFlags } from './labels.ts';
import type { LintFlags } from './lint.ts';
import { lintCommand } from './lint.ts';
import type { OpenapiFlags } from './openapi.ts';
import { openapiCommand } from './openapi.ts';
import type { PointerFlags } from './pointer.ts';
import { pointerCommand } from './pointer.ts';
import type { RenderFlags } from './render.ts';
import { renderCommand } from './render.ts';
import { REPORT_FORMATS } from './report-formats.ts';
import { serveCommand } from './serve.ts';
import { collect, withAssets, withButane, withLabels, withSite, withSiteOnly } from './shared-flags.ts';
import type { Terminal } from './terminal.ts';

/** What the commands are run with. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly version: string;
  /** Runs a command with a config of its flags and of the variables that it looks at; what comes of it is its exit code. */
  readonly act: (
    run: (config: Config) => Promise<number>,
    flags: Flags,
    variables?: ReadonlySet<string> | 'all',
  ) => Promise<void>;
}

/** Gives a program all of its commands, in the order of its help. */
export function declareCommands(program: Command, surroundings: Surroundings): void {
  for (const declare of COMMANDS) declare(program, surroundings);
}

function declareServe(program: Command, { act, terminal }: Surroundings): void {
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
    .action((flags: Flags) => act((config) => serveCommand(config, terminal), flags, 'all'));
}

function declareRender(program: Command, { act, terminal }: Surroundings): void {
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
      return act(
        (config) => renderCommand(profile, config, { ...rest, ...(butane === undefined ? {} : { butane }) }, terminal),
        rest,
      );
    });
}

function declareLint(program: Command, { act, terminal, version }: Surroundings): void {
  withSite(program.command('lint'))
    .description('Render every profile for every group and report all faults; exit 1 when there are errors.')
    .addOption(new Option('--format <format>', 'how to report').choices(Object.keys(REPORT_FORMATS)).default('text'))
    .option('--label <key=value>', 'what each machine says that no group selects by; repeatable', collect)
    .addHelpText('after', '\nExample:\n  pilotlight lint --site ./site --format github\n')
    .action((flags: Flags & LintFlags) => act((config) => lintCommand(config, flags, terminal, version), flags));
}

function declareExplain(program: Command, { act, terminal }: Surroundings): void {
  withLabels(withSiteOnly(program.command('explain')))
    .description('Tell which group and profile a machine gets, and why not the others.')
    .addHelpText('after', '\nExample:\n  pilotlight explain --mac 52:54:00:a1:9c:ae --label rack=r7\n')
    .action((flags: Flags & LabelFlags) => act((config) => explainCommand(config, flags, terminal), flags));
}

function declareBoot(program: Command, { act, terminal }: Surroundings): void {
  withLabels(withSite(program.command('boot')))
    .description('Print the script that the boot loader of a machine would get.')
    .argument('[profile]', 'the id of a profile; without it the groups select')
    .addOption(new Option('--format <loader>', 'the boot loader').choices(BOOT_TARGETS).default('ipxe'))
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .addHelpText('after', '\nExample:\n  pilotlight boot --mac 52:54:00:a1:9c:ae --format grub\n')
    .action((profile: string | undefined, flags: Flags & BootFlags) =>
      act((config) => bootCommand(profile, config, flags, terminal), flags),
    );
}

function declarePointer(program: Command, { act, terminal }: Surroundings): void {
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
      act((config) => pointerCommand(profile, config, flags, terminal), flags),
    );
}

function declareDiff(program: Command, { act, terminal }: Surroundings): void {
  withButane(program.command('diff'))
    .description('Show which machines get other configs from one site directory than from another.')
    .argument('<a>', 'a site directory, such as a checkout of what is served')
    .argument('<b>', 'another one, such as a checkout of what is to be served')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('--exit-code', 'exit with 1 when any machine gets another config')
    .option('--public-url <url>', 'URL under which machines reach the service (PILOTLIGHT_PUBLIC_URL)')
    .addHelpText('after', '\nExample:\n  git worktree add ../main main && pilotlight diff ../main/site ./site\n')
    .action((a: string, b: string, flags: Flags & DiffFlags) =>
      act((config) => diffCommand([a, b], config, flags, terminal), flags),
    );
}

function declareAdopt(program: Command, { act, terminal }: Surroundings): void {
  program
    .command('adopt')
    .description('Print the composed profile that a hand-written Butane file with overlaybd comes to.')
    .argument('<file>', 'a Butane file of the variant flatcar')
    .option('--release <name>', 'the Flatcar release or channel that the machines boot, such as 4593.2.0')
    .addHelpText('after', '\nExample:\n  pilotlight adopt config.bu > site/profiles/node.yaml\n')
    .action((file: string, flags: AdoptFlags) => act(() => adoptCommand(file, flags, terminal), {}));
}

function declareImport(program: Command, { act, terminal }: Surroundings): void {
  const imports = program.command('import').description('Turn what another service serves into a site.');
  withButane(imports.command('matchbox'))
    .description('Write a data directory of matchbox as a site that gives every group the same config.')
    .argument('<dir>', 'the data directory')
    .requiredOption('--out <site>', 'the directory to write, which must not exist or be empty')
    .addHelpText('after', '\nExample:\n  pilotlight import matchbox /var/lib/matchbox --out ./site\n')
    .action((dir: string, flags: Flags & ImportFlags) =>
      act((config) => importCommand(dir, config, flags, terminal), flags),
    );
}

function declareMatchbox(program: Command): void {
  program.command('matchbox').description('Run the service with the flags and the environment of matchbox.');
}

function declareAssets(program: Command, { act, terminal }: Surroundings): void {
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
      return act((config) => assetsVerifyCommand(config, keyring === undefined ? {} : { keyring }, terminal), rest);
    });
}

function declareOpenapi(program: Command, { act, terminal }: Surroundings): void {
  program
    .command('openapi')
    .description('Print the OpenAPI document of one API, or write all.')
    .addOption(
      new Option('--api <name>', 'which one to print').choices(['machine', 'matchbox', 'operator']).default('machine'),
    )
    .option('--write <dir>', 'write machine.yaml, matchbox.yaml and operator.yaml into this directory')
    .action((flags: OpenapiFlags) => act(() => openapiCommand(flags, terminal), {}));
}

/** Each declares one command; `matchbox` is here for the help alone, since it reads flags in its own way. */
const COMMANDS: readonly ((program: Command, surroundings: Surroundings) => void)[] = [
  declareServe,
  declareRender,
  declareLint,
  declareExplain,
  declareBoot,
  declarePointer,
  declareDiff,
  declareAdopt,
  declareImport,
  declareMatchbox,
  declareAssets,
  declareOpenapi,
];
