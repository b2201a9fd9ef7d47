import type { Flags } from '../config.ts';
import { readConfig } from '../config.ts';
import { findMatchboxFaults, hostForEverywhere } from '../service/matchbox-process.ts';
import { EXIT } from './exit.ts';
import { failWith } from './failure.ts';
import type { MatchboxFlagName } from './matchbox-flags.ts';
import { MATCHBOX_FLAGS, readMatchboxFlags, variableOf } from './matchbox-flags.ts';
import { serveCommand } from './serve.ts';
import type { Terminal } from './terminal.ts';

/** logrus has levels that pino has not, and other names. */
const LOG_LEVELS: Readonly<Record<string, string>> = { panic: 'fatal', warning: 'warn' };

/** What this service does not do yet, and what it then says. */
const NOT_THERE: Partial<Readonly<Record<MatchboxFlagName, string>>> = {
  'rpc-address': 'the gRPC API is not served; leave this out and write the data directory',
  'key-ring-path': 'signatures are not made; leave this out',
};

/** Runs the service on a data directory of matchbox, with matchbox's own flags and environment. */
export async function matchboxCommand(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const flags = readMatchboxFlags(argv, terminal.environment);
  if (!flags.ok) {
    terminal.err(`error: ${flags.fault}\n${USAGE}`);
    return EXIT.usage;
  }
  const { values } = flags;
  if (values.help === 'true') {
    await terminal.out(USAGE);
    return EXIT.fine;
  }
  if (values.version === 'true') {
    await terminal.out(`${version}\n`);
    return EXIT.fine;
  }
  const faults = [...notThere(values), ...(await findMatchboxFaults(values))];
  // Whether it speaks TLS is said by its own flags.
  const environment = { ...terminal.environment, PILOTLIGHT_TLS_CERT: undefined, PILOTLIGHT_TLS_KEY: undefined };
  const result = readConfig(await toFlags(values, environment), environment, terminal.onTerminal);
  if (!result.ok) faults.push(...result.faults.map(inFlagsOfMatchbox));
  if (faults.length > 0 || !result.ok) {
    const bare = readMatchboxFlags(argv, {});
    for (const fault of faults) terminal.err(`error: ${asGiven(fault, values, bare.ok ? bare.values : values)}\n`);
    return EXIT.faults;
  }
  return serveCommand(result.config, terminal).catch((error: unknown) => failWith(error, terminal));
}

/** What a setting is called here; others come from the environment, and are called as there. */
const OWN_NAMES: Readonly<Record<string, MatchboxFlagName>> = { '--listen': 'address', '--log-level': 'log-level' };

/** A fault of a setting as one of the flag that it was made from. */
function inFlagsOfMatchbox(fault: string): string {
  const [name = ''] = fault.split(':', 1);
  const own = OWN_NAMES[name];
  if (own === 'log-level') return `-${own}: must be one of panic, fatal, error, warning, warn, info, debug, trace`;
  return own === undefined ? fault : `-${own}${fault.slice(name.length)}`;
}

/** A fault of a flag as one of its variable, where that is what somebody wrote: without variables it has another value. */
function asGiven(
  fault: string,
  values: Readonly<Record<MatchboxFlagName, string>>,
  withoutVariables: Readonly<Record<MatchboxFlagName, string>>,
): string {
  const name = MATCHBOX_FLAGS.find((flag) => fault.startsWith(`-${flag.name}: `))?.name;
  if (name === undefined || values[name] === withoutVariables[name]) return fault;
  return `${variableOf(name)}${fault.slice(name.length + 1)}`;
}

function notThere(values: Readonly<Record<MatchboxFlagName, string>>): readonly string[] {
  return Object.entries(NOT_THERE).flatMap(([name, fault]) => {
    const { [name as MatchboxFlagName]: value } = values;
    return value === '' ? [] : [`-${name}: ${fault}`];
  });
}

/** The same as flags of `pilotlight serve`; what matchbox has no flag for comes from `PILOTLIGHT_*`. */
async function toFlags(
  values: Readonly<Record<MatchboxFlagName, string>>,
  environment: Terminal['environment'],
): Promise<Flags> {
  const { address } = values;
  const [, port] = /^:(\d+)$/.exec(address) ?? [];
  const listen = port === undefined ? address : `${await hostForEverywhere()}:${port}`;
  const level = values['log-level'].toLowerCase();
  // The port that people and tools ask at by default may be the one that machines ask at.
  const isTaken = /:8081$/.test(address) && environment.PILOTLIGHT_OPERATOR_LISTEN === undefined;
  return {
    site: values['data-path'],
    siteFormat: 'matchbox',
    listen,
    ...(isTaken ? { operatorListen: '127.0.0.1:8080' } : {}),
    assets: values['assets-path'],
    ...(values['web-ssl'] === 'true' ? { tlsCert: values['web-cert-file'], tlsKey: values['web-key-file'] } : {}),
    logLevel: LOG_LEVELS[level] ?? level,
  };
}

const USAGE = `Usage: pilotlight matchbox [flags]

Runs the service with the flags and the environment of matchbox. Every flag may stand after one dash or two, and
MATCHBOX_ with its name in capitals (MATCHBOX_DATA_PATH) stands in for one that is not given. What matchbox has no flag
for is taken from PILOTLIGHT_*, such as PILOTLIGHT_OPERATOR_LISTEN and PILOTLIGHT_STATE_DIR.

Flags:
${MATCHBOX_FLAGS.map(({ name, fallback, help }) => `  -${name.padEnd(16)}${help}${fallback === '' || fallback === 'false' ? '' : ` (default ${fallback})`}`).join('\n')}
`;
