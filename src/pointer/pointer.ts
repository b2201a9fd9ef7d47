import { ProvisioningError } from '../errors.ts';
import type { JsonObject } from '../ignition/json.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { compareSpecVersions, formatSpecVersion } from '../ignition/spec-version.ts';
import { dataUrl } from './data-url.ts';
import type { Header } from './header.ts';

/** What becomes of the pointer once the config is there: it is dropped, or the config is merged over it. */
export type Following = 'replace' | 'merge';

/** Which bytes a pointer is bound to. */
export interface Pin {
  /** In hexadecimal digits. */
  readonly sha512: string;
  /** The spec version of these bytes; a client that gets another version gets other bytes. */
  readonly specVersion: string;
}

/** What a pointer is made of. */
export interface PointerParts {
  /** Where the config is. */
  readonly url: string;
  readonly following: Following;
  /** The config that the machine is to take, and no other. */
  readonly pin?: Pin;
  /** Certificates in PEM that the machine trusts beside those of its image, each a document of its own. */
  readonly authorities: readonly string[];
  readonly headers: readonly Header[];
  /** Seconds for which the machine tries to get the config; 0 is for ever. */
  readonly httpTotalSeconds: number;
}

/** The smallest config that leads to another one. */
export interface Pointer {
  readonly config: JsonObject;
  readonly specVersion: SpecVersion;
}

/**
 * Seconds for which a machine tries to get its config through a pointer, unless told otherwise. Ignition's own default is
 * for ever, which hides a wrong URL or certificate; its two minutes for a config on the kernel command line are less than
 * a restart of a service on another node can take.
 */
export const DEFAULT_HTTP_TOTAL_SECONDS = 600;

/** The longest time that can be asked for, a day: whoever wants more wants 0. */
export const MAX_HTTP_TOTAL_SECONDS = 86_400;

const FIRST: SpecVersion = { major: 3, minor: 0, patch: 0 };

/**
 * What a pointer may use that the first spec of its line does not have. Spec 3.0.0 has `merge`, `replace`, sha512 hashes,
 * `timeouts` and authorities with a data URL; 3.1.0 brought `httpHeaders`, and `compression` and sha256, which no pointer
 * needs (https://coreos.github.io/ignition/migrating-configs/).
 */
const NEWER: readonly {
  readonly key: string;
  readonly since: SpecVersion;
  readonly used: (parts: PointerParts) => boolean;
}[] = [
  {
    key: 'ignition.config.*.httpHeaders',
    since: { major: 3, minor: 1, patch: 0 },
    used: ({ headers }) => headers.length > 0,
  },
];

/** The oldest spec version that has all that a pointer is made of. */
export function specVersionOf(parts: PointerParts): SpecVersion {
  return NEWER.filter(({ used }) => used(parts)).reduce(
    (newest, { since }) => (compareSpecVersions(since, newest) > 0 ? since : newest),
    FIRST,
  );
}

/**
 * Makes a pointer of the oldest spec version that has all it needs. Pure. Throws `spec-not-acceptable` where the client
 * reads no spec that new.
 */
export function makePointer(parts: PointerParts, accepts?: SpecVersion): Pointer {
  const specVersion = specVersionOf(parts);
  if (accepts !== undefined && compareSpecVersions(specVersion, accepts) > 0) {
    const keys = NEWER.filter(({ used, since }) => used(parts) && compareSpecVersions(since, accepts) > 0);
    throw new ProvisioningError(
      'spec-not-acceptable',
      `the client accepts Ignition specs up to ${formatSpecVersion(accepts)}, and the pointer needs ${formatSpecVersion(specVersion)}${keys.length === 0 ? '' : ` for ${keys.map(({ key }) => key).join(', ')}`}`,
    );
  }
  const { url, following, pin, authorities, headers, httpTotalSeconds } = parts;
  const child = {
    source: url,
    ...(headers.length === 0 ? {} : { httpHeaders: headers.map(({ name, value }) => ({ name, value })) }),
    ...(pin === undefined ? {} : { verification: { hash: `sha512-${pin.sha512}` } }),
  };
  const certificateAuthorities = authorities.map((pem) => ({ source: dataUrl(pem) }));
  return {
    specVersion,
    config: {
      ignition: {
        version: formatSpecVersion(specVersion),
        config: following === 'replace' ? { replace: child } : { merge: [child] },
        timeouts: { httpTotal: httpTotalSeconds },
        ...(certificateAuthorities.length === 0 ? {} : { security: { tls: { certificateAuthorities } } }),
      },
    },
  };
}
