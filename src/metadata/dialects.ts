import type { Dialect } from './dialect.ts';
import { AKAMAI } from './dialects/akamai.ts';
import { ALIYUN } from './dialects/aliyun.ts';
import { AWS } from './dialects/aws.ts';
import { AZURE } from './dialects/azure.ts';
import { CLOUDSTACK } from './dialects/cloudstack.ts';
import { DIGITALOCEAN } from './dialects/digitalocean.ts';
import { EXOSCALE } from './dialects/exoscale.ts';
import { GCP } from './dialects/gcp.ts';
import { HETZNER } from './dialects/hetzner.ts';
import { OPENSTACK } from './dialects/openstack.ts';
import { ORACLECLOUD } from './dialects/oraclecloud.ts';
import { OUTSCALE } from './dialects/outscale.ts';
import { PACKET } from './dialects/packet.ts';
import { SCALEWAY } from './dialects/scaleway.ts';
import { UPCLOUD } from './dialects/upcloud.ts';
import { VULTR } from './dialects/vultr.ts';
import { wantedOf } from './engine.ts';

/** Every dialect that can be turned on, by its name. */
export const DIALECTS: readonly Dialect[] = [
  AKAMAI,
  ALIYUN,
  AWS,
  AZURE,
  CLOUDSTACK,
  DIGITALOCEAN,
  EXOSCALE,
  GCP,
  HETZNER,
  OPENSTACK,
  ORACLECLOUD,
  OUTSCALE,
  PACKET,
  SCALEWAY,
  UPCLOUD,
  VULTR,
];

/** Paths that tell which dialects get in each other's way: the user data of each. */
const PROBES = DIALECTS.map(({ userData }) => samplePath(userData.path));

/** The first two of some dialects that answer one path, each in its way. */
export function findRivalDialects(names: readonly string[]): readonly [string, string] | undefined {
  const chosen = DIALECTS.filter(({ name }) => names.includes(name));
  for (const probe of PROBES) {
    const [first, second] = chosen.filter((dialect) => wantedOf(dialect, probe) !== undefined);
    if (first !== undefined && second !== undefined) return [first.name, second.name];
  }
  return undefined;
}

/** A path that an expression of a dialect matches, the first of its alternatives. */
function samplePath(path: RegExp): string {
  let source = path.source.replace(/^\^|\/?\??\$$/g, '');
  // From the inside out.
  for (let before = ''; before !== source; ) {
    before = source;
    source = source.replace(/\(\?:([^|()]*)[^()]*\)/g, '$1');
  }
  return source.replace(/\\(.)/g, '$1');
}
