/** A version of Ignition's config spec. */
export interface SpecVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `experimental` is the only one there is. */
  readonly prerelease?: 'experimental';
}

const SPEC_VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-experimental)?$/;

/** Reads `3.4.0` or `3.7.0-experimental`; undefined for everything else. */
export function parseSpecVersion(text: string): SpecVersion | undefined {
  const match = SPEC_VERSION.exec(text);
  if (match === null) return undefined;
  const numbers = { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
  return match[4] === undefined ? numbers : { ...numbers, prerelease: 'experimental' };
}

/** Negative when `a` is older than `b`; an experimental version is older than the stable one it becomes (semver 2.0.0, 11). */
export function compareSpecVersions(a: SpecVersion, b: SpecVersion): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    Number(b.prerelease !== undefined) - Number(a.prerelease !== undefined)
  );
}

/** The spelling in `ignition.version`: what {@link parseSpecVersion} reads. */
export function formatSpecVersion(version: SpecVersion): string {
  const { major, minor, patch, prerelease } = version;
  return `${major}.${minor}.${patch}${prerelease === undefined ? '' : `-${prerelease}`}`;
}
