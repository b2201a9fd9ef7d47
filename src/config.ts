import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import { DIALECTS, findRivalDialects } from './metadata/dialects.ts';

/** A host and port to listen on. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Everything that can be configured; frozen. */
export interface Config {
  readonly site: string;
  /** How the site is laid out; `auto` where the directory tells. */
  readonly siteFormat: SiteFormatChoice;
  /** The folder of kernels and initrds, `assets` in the site unless another one was named; empty for none. */
  readonly assets: string;
  readonly listen: Listener;
  readonly operatorListen: Listener;
  readonly operatorTokenFile?: string;
  /** The URL under which machines reach the service, without a trailing slash. */
  readonly publicUrl: string;
  readonly stateDir: string;
  /** How edits of the site are noticed: by the system, by looking, or not at all. */
  readonly watch: WatchMode;
  readonly butane?: string;
  readonly trustedProxies: readonly string[];
  /** Dialects of metadata services that are spoken besides those of site.yaml. */
  readonly metadata: readonly string[];
  /** What session tokens and ids of instances are made with. */
  readonly metadataKeyFile?: string;
  /** Machines on the same network are known by their MAC. */
  readonly neighbourTable: boolean;
  readonly logLevel: LogLevel;
  /** `pretty` on a terminal unless it was chosen. */
  readonly logFormat: 'json' | 'pretty';
  /** The machine listener speaks TLS with this certificate; PEM files. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** What may be said of the format of a site. */
export const SITE_FORMATS = ['auto', 'pilotlight', 'matchbox'] as const;
type SiteFormatChoice = (typeof SITE_FORMATS)[number];

/** pino's levels. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** How the site directory is watched. */
export const WATCH_MODES = ['on', 'poll', 'off'] as const;
type WatchMode = (typeof WATCH_MODES)[number];

/** What was written on the command line; a key that is absent was not given. */
export interface Flags {
  readonly site?: string;
  readonly siteFormat?: string;
  readonly assets?: string;
  readonly listen?: string;
  readonly operatorListen?: string;
  readonly operatorTokenFile?: string;
  readonly publicUrl?: string;
  readonly stateDir?: string;
  readonly watch?: string;
  readonly butane?: string;
  readonly trustedProxy?: readonly string[];
  readonly metadata?: string;
  readonly metadataKeyFile?: string;
  readonly neighbourTable?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** The environment, as far as it matters here. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A config, or every fault in it; each names the flag or variable it stands in. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Puts flags before environment before defaults, and checks everything at once. Pure. */
export function readConfig(flags: Flags, environment: Environment, onTerminal: boolean): ConfigResult {
  const faults: string[] = [];
  /** An empty variable is an absent one, as in a unit file or a manifest with an unset value. */
  const pick = (flag: string | undefined, name: string): { text: string; from: string } | undefined => {
    if (flag !== undefined) return { text: flag, from: `--${name.toLowerCase().replaceAll('_', '-')}` };
    const text = environment[`PILOTLIGHT_${name}`];
    return text === undefined || text === '' ? undefined : { text, from: `PILOTLIGHT_${name}` };
  };
  const fault = (from: string, problem: string) => faults.push(`${from}: ${problem}`);

  const listener = (flag: string | undefined, name: string, fallback: Listener): Listener => {
    const given = pick(flag, name);
    if (given === undefined) return fallback;
    const parsed = parseListener(given.text);
    if (parsed === undefined) fault(given.from, 'must be HOST:PORT, such as 0.0.0.0:8080 or [::1]:8080');
    return parsed ?? fallback;
  };
  const listen = listener(flags.listen, 'LISTEN', { host: '127.0.0.1', port: 8080 });
  const operatorListen = listener(flags.operatorListen, 'OPERATOR_LISTEN', { host: '127.0.0.1', port: 8081 });
  const operatorFrom = pick(flags.operatorListen, 'OPERATOR_LISTEN')?.from ?? '--operator-listen';
  const token = pick(flags.operatorTokenFile, 'OPERATOR_TOKEN_FILE');
  if (!isLoopback(operatorListen.host) && token === undefined) {
    fault(operatorFrom, 'is not loopback, so --operator-token-file is needed');
  }
  if (listen.port !== 0 && listen.host === operatorListen.host && listen.port === operatorListen.port) {
    fault(operatorFrom, 'must not be the same as --listen');
  }

  const url = pick(flags.publicUrl, 'PUBLIC_URL');
  if (url !== undefined && !isHttpUrl(url.text)) fault(url.from, 'must be an absolute http or https URL without query');

  const proxies = flags.trustedProxy ?? splitList(environment.PILOTLIGHT_TRUSTED_PROXIES);
  const proxiesFrom = flags.trustedProxy === undefined ? 'PILOTLIGHT_TRUSTED_PROXIES' : '--trusted-proxy';
  for (const proxy of proxies) {
    if (!isNetwork(proxy)) fault(proxiesFrom, `${proxy} is no address or network in CIDR notation`);
    else if (/\/0+$/.test(proxy)) fault(proxiesFrom, `${proxy} would let every machine say which address it has`);
  }

  const certificate = pick(flags.tlsCert, 'TLS_CERT');
  const key = pick(flags.tlsKey, 'TLS_KEY');
  if (certificate !== undefined && key === undefined) fault(certificate.from, 'needs the key as well: --tls-key');
  if (certificate === undefined && key !== undefined) fault(key.from, 'needs the certificate as well: --tls-cert');
  const tls =
    certificate === undefined || key === undefined ? undefined : { certFile: certificate.text, keyFile: key.text };

  const spoken = pick(flags.metadata, 'METADATA');
  const metadata = splitList(spoken?.text);
  for (const name of metadata) {
    if (DIALECTS.some((dialect) => dialect.name === name)) continue;
    fault(spoken?.from ?? '', `${name} must be one of ${DIALECTS.map((dialect) => dialect.name).join(', ')}`);
  }
  const rivals = findRivalDialects(metadata);
  if (rivals !== undefined) fault(spoken?.from ?? '', `${rivals.join(' and ')} have the same paths; speak one of them`);
  const metadataKey = pick(flags.metadataKeyFile, 'METADATA_KEY_FILE');
  const neighbours = flags.neighbourTable ?? /^(?:1|true|yes|on)$/i.test(environment.PILOTLIGHT_NEIGHBOUR_TABLE ?? '');

  const level = pick(flags.logLevel, 'LOG_LEVEL');
  const logLevel = LOG_LEVELS.find((each) => each === (level?.text ?? 'info'));
  if (logLevel === undefined) fault(level?.from ?? '', `must be one of ${LOG_LEVELS.join(', ')}`);
  const format = pick(flags.logFormat, 'LOG_FORMAT');
  const logFormat = FORMATS.find((each) => each === (format?.text ?? (onTerminal ? 'pretty' : 'json')));
  if (logFormat === undefined) fault(format?.from ?? '', `must be ${FORMATS.join(' or ')}`);

  const mode = pick(flags.watch, 'WATCH');
  const watch = WATCH_MODES.find((each) => each === (mode?.text ?? 'on'));
  if (watch === undefined) fault(mode?.from ?? '', `must be one of ${WATCH_MODES.join(', ')}`);

  const layout = pick(flags.siteFormat, 'SITE_FORMAT');
  const siteFormat = SITE_FORMATS.find((each) => each === (layout?.text ?? 'auto'));
  if (siteFormat === undefined) fault(layout?.from ?? '', `must be one of ${SITE_FORMATS.join(', ')}`);

  const isWhole = logLevel !== undefined && logFormat !== undefined && watch !== undefined && siteFormat !== undefined;
  if (faults.length > 0 || !isWhole) return { ok: false, faults };
  const butane = pick(flags.butane, 'BUTANE');
  const site = pick(flags.site, 'SITE')?.text ?? 'site';
  const config: Config = Object.freeze({
    site,
    siteFormat,
    assets: pick(flags.assets, 'ASSETS')?.text ?? join(site, 'assets'),
    listen: Object.freeze(listen),
    operatorListen: Object.freeze(operatorListen),
    ...(token === undefined ? {} : { operatorTokenFile: token.text }),
    publicUrl: (url?.text ?? urlOf(listen, tls === undefined ? 'http' : 'https')).replace(/\/+$/, ''),
    stateDir: pick(flags.stateDir, 'STATE_DIR')?.text ?? '.pilotlight',
    watch,
    ...(butane === undefined ? {} : { butane: butane.text }),
    trustedProxies: Object.freeze([...proxies]),
    metadata: Object.freeze(metadata),
    ...(metadataKey === undefined ? {} : { metadataKeyFile: metadataKey.text }),
    neighbourTable: neighbours,
    ...(tls === undefined ? {} : { tls: Object.freeze(tls) }),
    logLevel,
    logFormat,
  });
  return { ok: true, config };
}

const FORMATS = ['json', 'pretty'] as const;

/** Writes a listener as it stands in a URL. */
export function formatListener({ host, port }: Listener): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** No URL can say which interface an address of the link is on: that is another one on each host. */
function urlOf({ host, port }: Listener, scheme: 'http' | 'https'): string {
  return `${scheme}://${formatListener({ host: host.replace(/%.*$/, ''), port })}`;
}

function parseListener(text: string): Listener | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const isHost = match?.[1] === undefined || ipaddr.IPv6.isValid(match[1].replace(/%.*$/, ''));
  return host === undefined || !isHost || port > 65_535 ? undefined : { host, port };
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}

function isHttpUrl(text: string): boolean {
  // An empty query or fragment leaves no trace in what is parsed.
  if (!URL.canParse(text) || /[\s?#]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

/** An address or a network; not what only C's `inet_aton` takes for an address, such as `10.1` or `010.0.0.1`. */
function isNetwork(text: string): boolean {
  const address = text.replace(/\/\d+$/, '');
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text);
}

function splitList(text: string | undefined): readonly string[] {
  return (text ?? '').split(/[\s,]+/).filter((part) => part !== '');
}
