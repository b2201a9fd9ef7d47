import { knownVersions, specOf } from '../butane/variants.ts';

/** The spec version to which matchbox raises whatever is older. */
const MATCHBOX_SPEC = '3.4.0';

const SPEC_BELOW = /^3\.[0-3]\.0$/;

/** Butane with the version whose spec is the one that matchbox raises it to; as it is where it is that new already. */
export function raisedButane(butane: string): string {
  const variant = /^variant:[ \t]*["']?(\w+)/m.exec(butane)?.[1] ?? '';
  return butane.replace(
    /^(version:[ \t]*["']?)(\d+\.\d+\.\d+)(?=["' \t\r\n#]|$)/m,
    (whole, key: string, version: string) => {
      if (!SPEC_BELOW.test(specOf(variant, version) ?? '')) return whole;
      const raised = knownVersions(variant).find((each) => specOf(variant, each) === MATCHBOX_SPEC);
      return raised === undefined ? whole : `${key}${raised}`;
    },
  );
}
