/** The media type of an Ignition config, without its version. */
export const IGNITION_MEDIA_TYPE = 'application/vnd.coreos.ignition+json';

/** The Content-Type of a config of the given spec version. Ignition ignores it; people, caches and tests do not. */
export function ignitionMediaType(version: string): string {
  return `${IGNITION_MEDIA_TYPE}; version=${version}`;
}
