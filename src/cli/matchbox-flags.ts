import { nearest } from '../fragment/nearest.ts';

/** A flag of matchbox: its default, what it means here, and the environment variable that its name makes. */
interface MatchboxFlag {
  readonly name: string;
  readonly fallback: string;
  readonly help: string;
  readonly boolean?: boolean;
}

/** The flags of matchbox 0.11, with their defaults. */
export const MATCHBOX_FLAGS = [
  { name: 'address', fallback: '127.0.0.1:8080', help: 'where machines ask' },
  { name: 'rpc-address', fallback: '', help: 'the gRPC API, which is not served: only empty is taken' },
  { name: 'data-path', fallback: '/var/lib/matchbox', help: 'the data directory' },
  {
    name: 'assets-path',
    fallback: '/var/lib/matchbox/assets',
    help: 'what is served below /assets/; empty for nothing',
  },
  { name: 'log-level', fallback: 'info', help: 'panic, fatal, error, warn, info, debug or trace' },
  { name: 'cert-file', fallback: '/etc/matchbox/server.crt', help: 'of the gRPC API, and not read' },
  { name: 'key-file', fallback: '/etc/matchbox/server.key', help: 'of the gRPC API, and not read' },
  { name: 'ca-file', fallback: '/etc/matchbox/ca.crt', help: 'of the gRPC API, and not read' },
  { name: 'web-ssl', fallback: 'false', help: 'serve HTTPS', boolean: true },
  { name: 'web-cert-file', fallback: '/etc/matchbox/ssl/server.crt', help: 'the certificate for HTTPS' },
  { name: 'web-key-file', fallback: '/etc/matchbox/ssl/server.key', help: 'its key' },
  { name: 'key-ring-path', fallback: '', help: 'signatures, which are not made: only empty is taken' },
  { name: 'version', fallback: 'false', help: 'print the version', boolean: true },
  { name: 'help', fallback: 'false', help: 'print this', boolean: true },
] as const satisfies readonly MatchboxFlag[];

const FLAGS: readonly MatchboxFlag[] = MATCHBOX_FLAGS;

/** The name of a flag of matchbox. */
export type MatchboxFlagName = (typeof MATCHBOX_FLAGS)[number]['name'];

/** The value of every flag, or what is wrong with the command line. */
export type MatchboxFlags =
  | { readonly ok: true; readonly values: Readonly<Record<MatchboxFlagName, string>> }
  | { readonly ok: false; readonly fault: string };

/** What Go's strconv.ParseBool takes. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/**
 * Reads flags as Go's package flag does: after one dash or two, with their value behind `=` or as the next argument, and
 * the last of repeated ones counts. An argument that is no flag is a fault, where matchbox ignores it and all behind it. A
 * flag goes before `MATCHBOX_` and its name in capitals with `_` for `-`, which counts
 * only where it is not empty.
 */
export function readMatchboxFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): MatchboxFlags {
  const fromVariables = new Map<string, string>();
  for (const { name } of MATCHBOX_FLAGS) {
    const value = environment[variableOf(name)];
    if (value !== undefined && value !== '' && name !== 'help' && name !== 'version') fromVariables.set(name, value);
  }
  const given = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    const [, written, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (written === undefined) return { ok: false, fault: `${argument}: matchbox takes flags only` };
    const flag = FLAGS.find(({ name }) => name === (written === 'h' ? 'help' : written));
    if (flag === undefined) return { ok: false, fault: `flag provided but not defined: -${written}${meant(written)}` };
    if (flag.boolean) given.set(flag.name, value ?? 'true');
    else if (value !== undefined) given.set(flag.name, value);
    else {
      index += 1;
      const next = argv[index];
      if (next === undefined) return { ok: false, fault: `flag needs an argument: -${flag.name}` };
      given.set(flag.name, next);
    }
  }
  const values = new Map([...fromVariables, ...given]);
  for (const { name, boolean } of FLAGS) {
    const value = values.get(name);
    if (!boolean || value === undefined) continue;
    const read = BOOLEANS.get(value);
    const from = given.has(name) ? `-${name}` : variableOf(name);
    if (read === undefined) return { ok: false, fault: `${from}: ${value} is neither true nor false` };
    values.set(name, String(read));
  }
  const read = MATCHBOX_FLAGS.map(({ name, fallback }) => [name, values.get(name) ?? fallback] as const);
  return { ok: true, values: Object.fromEntries(read) as Record<MatchboxFlagName, string> };
}

/** The variable that stands in for a flag. */
export function variableOf(name: string): string {
  return `MATCHBOX_${name.toUpperCase().replaceAll('-', '_')}`;
}

function meant(written: string): string {
  const name = nearest(
    written,
    FLAGS.map((flag) => flag.name),
  );
  return name === undefined ? '' : `; did you mean -${name}?`;
}
