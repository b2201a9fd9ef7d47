import { compareVersions } from '../version.ts';

/**
 * The spec version of what butane makes of each variant and version: `butane/config/config.go` of Ignition 2.27, and the
 * openshift 5.x versions of 2.28. The real program is asked about every stable one of its own by a test.
 */
const SPEC_BY_VERSION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  fcos: {
    '1.0.0': '3.0.0',
    '1.1.0': '3.1.0',
    '1.2.0': '3.2.0',
    '1.3.0': '3.2.0',
    '1.4.0': '3.3.0',
    '1.5.0': '3.4.0',
    '1.6.0': '3.5.0',
    '1.7.0': '3.6.0',
    '1.8.0-experimental': '3.7.0-experimental',
  },
  flatcar: { '1.0.0': '3.3.0', '1.1.0': '3.4.0', '1.2.0-experimental': '3.7.0-experimental' },
  openshift: {
    '4.8.0': '3.2.0',
    '4.9.0': '3.2.0',
    '4.10.0': '3.2.0',
    '4.11.0': '3.2.0',
    '4.12.0': '3.2.0',
    '4.13.0': '3.2.0',
    '4.14.0': '3.4.0',
    '4.15.0': '3.4.0',
    '4.16.0': '3.4.0',
    '4.17.0': '3.4.0',
    '4.18.0': '3.4.0',
    '4.19.0': '3.5.0',
    '4.20.0': '3.5.0',
    '4.21.0': '3.5.0',
    '4.22.0': '3.5.0',
    '4.23.0-experimental': '3.7.0-experimental',
    '5.0.0': '3.5.0',
    '5.1.0-experimental': '3.7.0-experimental',
  },
  r4e: { '1.0.0': '3.3.0', '1.1.0': '3.4.0', '1.2.0-experimental': '3.7.0-experimental' },
  fiot: { '1.0.0': '3.4.0', '1.1.0-experimental': '3.7.0-experimental' },
};

/** The variants that butane translates, in the order of its documentation. */
export const VARIANTS: readonly string[] = Object.freeze(Object.keys(SPEC_BY_VERSION));

/** The Ignition spec version that a Butane version of a variant becomes; undefined for a pair that is not known. */
export function specOf(variant: string, version: string): string | undefined {
  const versions = versionsOf(variant);
  return Object.hasOwn(versions, version) ? versions[version] : undefined;
}

/** Every version of a variant that is known, the oldest first, experimental ones included; empty for an unknown variant. */
export function knownVersions(variant: string): readonly string[] {
  return Object.keys(versionsOf(variant)).sort(compareVersions);
}

/** True for a version that only a single release of Ignition understands, of Butane as well as of Ignition's spec. */
export function isExperimental(version: string): boolean {
  return version.endsWith('-experimental');
}

/**
 * The stable versions of a variant that are older than `version` and become a spec version of at most `maxSpec`, the
 * newest first and only the newest one for each spec version. What an experimental or unknown version can fall back to
 * is counted from its number, so 1.8.0-experimental is newer than 1.7.0.
 */
export function olderVersions(variant: string, version: string, maxSpec: string): readonly string[] {
  const taken = new Set<string>();
  return Object.entries(versionsOf(variant))
    .filter(([older, spec]) => !isExperimental(older) && !isExperimental(spec))
    .filter(([older, spec]) => compareVersions(older, version) < 0 && compareVersions(spec, maxSpec) <= 0)
    .sort(([a], [b]) => compareVersions(b, a))
    .filter(([, spec]) => !taken.has(spec) && taken.add(spec))
    .map(([older]) => older);
}

/**
 * The newest stable fcos version that becomes exactly this spec version. butane validates an inline merge config only
 * when its version is the one it translates to, so this is the version for a document that wraps one.
 */
export function wrappingFcosVersion(spec: string): string | undefined {
  return olderVersions('fcos', '999.0.0', spec).find((version) => specOf('fcos', version) === spec);
}

function versionsOf(variant: string): Readonly<Record<string, string>> {
  return Object.hasOwn(SPEC_BY_VERSION, variant) ? (SPEC_BY_VERSION[variant] ?? {}) : {};
}
