import { ProvisioningError } from '../errors.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { parseSpecVersion } from '../ignition/spec-version.ts';

/** Reads the flag `--spec`; undefined where it was not given. Throws `request-invalid`. */
export function readSpecFlag(spec: string | undefined): SpecVersion | undefined {
  const version = spec === undefined ? undefined : parseSpecVersion(spec);
  if (spec !== undefined && version === undefined) {
    throw new ProvisioningError('request-invalid', '--spec must be a version such as 3.3.0');
  }
  return version;
}
