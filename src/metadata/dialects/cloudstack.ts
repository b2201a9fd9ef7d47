import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import type { Leaf } from '../tree.ts';
import { COMMON, KEYS } from './common.ts';

/** The names of CloudStack, which Exoscale has too. */
export const CLOUDSTACK_NAMES = {
  'availability-zone': ({ zone }: Instance) => zone,
  'cloud-identifier': ({ region }: Instance) => region,
  'instance-id': ({ id }: Instance) => id,
  'local-hostname': ({ hostname }: Instance) => hostname,
  'local-ipv4': ({ localIpv4 }: Instance) => localIpv4,
  'public-hostname': ({ hostname }: Instance) => hostname,
  'public-ipv4': ({ publicIpv4 }: Instance) => publicIpv4,
  'public-keys': KEYS,
  'service-offering': ({ type }: Instance) => type,
  'vm-id': ({ id }: Instance) => id,
} satisfies Readonly<Record<string, Leaf>>;

/** CloudStack's virtual router, which the client finds by its DHCP lease. */
export const CLOUDSTACK: Dialect = {
  ...COMMON,
  name: 'cloudstack',
  platforms: ['cloudstack'],
  address: 'the DHCP server',
  userData: { path: /^\/latest\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [{ prefix: /^\/latest\/meta-data(?=\/|$)/, tree: CLOUDSTACK_NAMES, list: lines }],
};
