import type { Dialect, ReportRules, WholeDocument } from './dialect.ts';
import type { Instance } from './instance.ts';
import type { SessionTokens } from './tokens.ts';
import { findInTree } from './tree.ts';

/** A request, as far as a metadata service looks at it. */
export interface MetadataRequest {
  readonly method: string;
  /** Without the query, as it was written. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The address that the machine asks from. */
  readonly address: string;
  readonly port: number;
  /** Somebody passed it on whom nobody vouches for. */
  readonly forwarded: boolean;
}

/** What a request comes to, before anything is known of its machine. */
export type Asked =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly dialect: Dialect }
  | { readonly kind: 'token'; readonly token: string; readonly dialect: Dialect; readonly seconds: number }
  | { readonly kind: 'user-data'; readonly dialect: Dialect }
  | { readonly kind: 'report'; readonly dialect: Dialect; readonly rules: ReportRules }
  | { readonly kind: 'data'; readonly dialect: Dialect; readonly read: (instance: Instance) => Data | undefined };

/** Why a request is refused, whoever asks. */
export type Refusal =
  | 'forwarded'
  | 'flavour-missing'
  | 'flavour-invalid'
  | 'token-missing'
  | 'token-invalid'
  | 'lifetime-invalid'
  | 'high-port'
  | 'method';

/** A text about an instance, and what it is. */
export interface Data {
  readonly text: string;
  readonly type: string;
}

/** What a metadata service is set up with. */
export interface MetadataSetup {
  readonly dialects: readonly Dialect[];
  readonly tokens: SessionTokens;
  /** Machines may read without a token where their dialect allows that. */
  readonly withoutToken: boolean;
}

const TEXT = 'text/plain; charset=utf-8';

/** What a request asks for, by the tables of the dialects that are turned on. */
export function readMetadataRequest(request: MetadataRequest, setup: MetadataSetup): Asked {
  for (const dialect of setup.dialects) {
    if (request.path === dialect.token?.path) return askToken(request, dialect, dialect.token, setup);
    const wanted = reportOf(dialect, request.path) ?? wantedOf(dialect, request.path);
    if (wanted === undefined) continue;
    const reason = refusalOf(request, dialect, wanted, setup);
    return reason === undefined ? wanted : { kind: 'refused', reason, dialect };
  }
  return { kind: 'nothing' };
}

function reportOf(dialect: Dialect, path: string): Asked | undefined {
  const { reports } = dialect;
  return reports?.path.test(path) ? { kind: 'report', dialect, rules: reports } : undefined;
}

/** What a path asks for in a dialect; undefined where it is none of it. */
export function wantedOf(dialect: Dialect, path: string): Asked | undefined {
  if (dialect.userData.path.test(path)) return { kind: 'user-data', dialect };
  const document = dialect.documents.find((each) => each.path.test(path));
  if (document !== undefined) return { kind: 'data', dialect, read: (instance) => whole(document, instance) };
  for (const { prefix, tree, list } of dialect.trees) {
    const [start] = prefix.exec(path) ?? [];
    if (start === undefined) continue;
    const parts = path
      .slice(start.length)
      .split('/')
      .filter((part) => part !== '');
    const read = (instance: Instance): Data | undefined => {
      const found = findInTree(tree, parts, instance);
      if (found === undefined) return undefined;
      return { text: found.kind === 'value' ? found.text : list(found.names), type: TEXT };
    };
    return { kind: 'data', dialect, read };
  }
  return undefined;
}

function whole({ make, type }: WholeDocument, instance: Instance): Data | undefined {
  const text = make(instance);
  return text === undefined ? undefined : { text, type };
}

function refusalOf(
  request: MetadataRequest,
  dialect: Dialect,
  wanted: Asked,
  setup: MetadataSetup,
): Refusal | undefined {
  const { flavour, token, lowPort } = dialect;
  const methods = wanted.kind === 'report' ? [wanted.rules.method] : READING;
  if (!methods.includes(request.method)) return 'method';
  if (dialect.refusesForwarded === 'always' && request.forwarded) return 'forwarded';
  if (lowPort && wanted.kind === 'user-data' && request.port >= 1024) return 'high-port';
  if (flavour !== undefined && headerOf(request, flavour.header)?.toLowerCase() !== flavour.value.toLowerCase()) {
    return flavour.status === 'forbidden' ? 'flavour-missing' : 'flavour-invalid';
  }
  if (token === undefined) return undefined;
  const given = headerOf(request, token.header);
  if (given === undefined) return token.mayBeLeftOut && setup.withoutToken ? undefined : 'token-missing';
  return setup.tokens.accepts(given, holderOf(request, dialect)) ? undefined : 'token-invalid';
}

const READING: readonly string[] = ['GET', 'HEAD'];

function askToken(
  request: MetadataRequest,
  dialect: Dialect,
  rules: NonNullable<Dialect['token']>,
  { tokens }: MetadataSetup,
): Asked {
  if (request.method !== 'PUT') return { kind: 'refused', reason: 'method', dialect };
  if (dialect.refusesForwarded !== 'never' && request.forwarded)
    return { kind: 'refused', reason: 'forwarded', dialect };
  const written = headerOf(request, rules.lifetimeHeader) ?? rules.defaultSeconds?.toString();
  const seconds = /^[1-9]\d{0,5}$/.test(written ?? '') ? Number(written) : 0;
  if (seconds < 1 || seconds > rules.maxSeconds) return { kind: 'refused', reason: 'lifetime-invalid', dialect };
  return { kind: 'token', token: tokens.issue(holderOf(request, dialect), seconds), dialect, seconds };
}

/** A token is for one machine: whoever has another address cannot use it. */
function holderOf({ address }: MetadataRequest, { name }: Dialect): string {
  return `${name} ${address}`;
}

function headerOf({ headers }: MetadataRequest, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}
