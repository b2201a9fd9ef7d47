import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { toJson } from '../keys.ts';
import { filePart } from '../parts.ts';
import type { CredentialService, Overlaybd, RegistryCredential } from './block.ts';

/** Where the credentials of registries are written; the extension links `/opt/overlaybd/cred.json` into read-only /usr. */
export const CREDENTIALS_FILE = '/etc/overlaybd/cred.json';

/** A registry's credentials with the key under which overlaybd finds them. */
export interface Login {
  /** Host and, where there is one, port. */
  readonly host: string;
  /** Namespace and repository, as far as they are given. */
  readonly path: readonly string[];
  /** `user:password` in base64. */
  readonly auth: string;
  readonly wants: 'basic' | 'token';
  /** Its place in the block's list. */
  readonly index: number;
}

/** The credentials of a block. */
export interface Credentials {
  readonly logins: readonly Login[];
  readonly fragment: readonly Part[];
  /** Keys of `credentialConfig`; none where the author sets it. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads `credentials`. A list becomes the file that overlaybd-tcmu reads at each authentication, readable by root alone;
 * a mapping names the service that it asks instead. Without either the file holds none, since it must exist for public
 * images as well. Messages quote nothing of a credential.
 */
export function renderCredentials({ credentials, backstore }: Overlaybd, context: FeatureContext): Credentials {
  const own = backstore?.credentialConfig ?? backstore?.credentialFilePath;
  if (credentials !== undefined && own !== undefined) {
    const message = '`credentials` and `backstore` both say where credentials come from';
    const diagnostic = context.report('error', ['credentials'], message, 'leave one of the two out');
    return { logins: [], fragment: [], diagnostics: [diagnostic] };
  }
  if (isService(credentials)) {
    return { logins: [], fragment: [], config: { ...credentials }, diagnostics: [] };
  }
  if (own !== undefined) return { logins: [], fragment: [], diagnostics: [] };
  const { logins, diagnostics } = readLogins(credentials ?? [], context);
  const auths = Object.fromEntries(logins.map((login) => [keyOf(login), { auth: login.auth }]));
  const origin = context.at('credentials');
  return {
    logins,
    fragment: [filePart(origin, CREDENTIALS_FILE, toJson({ auths }), 0o600)],
    config: { mode: 'file', path: CREDENTIALS_FILE },
    diagnostics,
  };
}

function isService(credentials: Overlaybd['credentials']): credentials is CredentialService {
  return credentials !== undefined && 'mode' in credentials;
}

/** overlaybd takes the first key that fits, in the order of the file, so the most specific come first. */
function readLogins(
  credentials: readonly RegistryCredential[],
  context: FeatureContext,
): { readonly logins: readonly Login[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const byKey = new Map<string, Login>();
  for (const [index, credential] of credentials.entries()) {
    const read = readLogin(credential, index, context);
    if ('severity' in read) {
      diagnostics.push(read);
    } else if (byKey.has(keyOf(read))) {
      const message = 'these credentials are for the same place as others before them';
      const hint = 'overlaybd takes the first: name a namespace, or remove one of the two';
      diagnostics.push(context.report('error', ['credentials', index, 'registry'], message, hint));
    } else {
      byKey.set(keyOf(read), read);
    }
  }
  const logins = [...byKey.values()].sort((a, b) => b.path.length - a.path.length || a.index - b.index);
  return { logins, diagnostics };
}

function readLogin(credential: RegistryCredential, index: number, context: FeatureContext): Login | Diagnostic {
  const fault = (key: string, message: string, hint: string) =>
    context.report('error', ['credentials', index, key], message, hint);
  const place = parseRegistry(credential.registry);
  if (place === undefined) {
    const hint = 'write a host, with port, namespace and repository as needed: registry.example.com/team';
    return fault('registry', 'this is no registry', hint);
  }
  const { username, password, auth: given } = credential;
  if ((given === undefined) === (username === undefined || password === undefined)) {
    return fault('registry', 'credentials are `username` and `password`, or `auth`', 'give one of the two');
  }
  const auth = given ?? Buffer.from(`${username}:${password}`).toString('base64');
  const plain = Buffer.from(auth, 'base64').toString('utf8');
  if (Buffer.from(plain).toString('base64') !== auth || !plain.includes(':')) {
    return fault('auth', '`auth` must be the base64 of user:password', "printf '%s' 'user:password' | base64 -w0");
  }
  if (/\s$/.test(plain)) {
    const hint = "a line break would become a part of it: printf '%s' 'user:password' | base64 -w0";
    return fault(given === undefined ? 'password' : 'auth', 'the password ends in white space', hint);
  }
  return { ...place, auth, wants: credential.login ?? (TOKEN_REGISTRIES.test(place.host) ? 'token' : 'basic'), index };
}

/** Registries that take credentials for a token only, and the token for an image. */
const TOKEN_REGISTRIES =
  /^(?:registry-1\.docker\.io|ghcr\.io|quay\.io|nvcr\.io|public\.ecr\.aws|registry\.gitlab\.com|(?:.+-docker\.pkg\.dev)|(?:.*\.)?gcr\.io)$/;

/** Names that mean Docker Hub, and none of which is the host that its layers come from. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'hub.docker.com']);

/** What Docker Hub's layers come from. */
export const DOCKER_HUB_HOST = 'registry-1.docker.io';

/**
 * Reads a key as people write it: docker's own keys are URLs with an API version. overlaybd compares whole segments with
 * those of the URL that a layer is read from, so what is no part of that URL has to go.
 */
export function parseRegistry(text: string): Pick<Login, 'host' | 'path'> | undefined {
  const [host = '', ...path] = text
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/^([^/]+)\/v[12]$/, '$1')
    .split('/');
  const named = host.toLowerCase();
  if (!/^(?:[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(named)) return undefined;
  if (!path.every((segment) => /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(segment))) return undefined;
  return { host: DOCKER_HUB.has(named) ? DOCKER_HUB_HOST : named, path };
}

/** The key of credentials in the file: the beginning of a layer's host and path. */
export function keyOf({ host, path }: Pick<Login, 'host' | 'path'>): string {
  return [host, ...path].join('/');
}
