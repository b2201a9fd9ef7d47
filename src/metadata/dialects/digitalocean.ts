import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import type { Folder } from '../tree.ts';
import { JSON_TYPE, numberOf, toJsonText } from './json.ts';

const KEYS = ({ sshKeys }: Instance) => (sshKeys.length === 0 ? undefined : sshKeys.join('\n'));

const TREE: Folder = {
  hostname: ({ hostname }) => hostname,
  id: ({ id }) => id,
  'public-keys': KEYS,
  region: ({ region }) => region,
  tags: ({ tags }) => Object.keys(tags).join('\n') || undefined,
};

/** An interface of which the address is known; how its network is set up is its DHCP's to say. */
function network(address: string | undefined, mac: string | undefined, type: 'public' | 'private') {
  return address === undefined
    ? []
    : [{ ipv4: { ip_address: address, netmask: '255.255.255.255', gateway: '0.0.0.0' }, mac: mac ?? '', type }];
}

function whole({ id, hostname, region, sshKeys, tags, publicIpv4, localIpv4, mac }: Instance): string {
  return toJsonText({
    droplet_id: numberOf(id),
    hostname: hostname ?? id,
    region: region ?? '',
    public_keys: sshKeys,
    tags: Object.keys(tags),
    interfaces: { public: network(publicIpv4, mac, 'public'), private: network(localIpv4, mac, 'private') },
    dns: { nameservers: [] },
  });
}

/** DigitalOcean's droplet metadata. Its client stops at 404. */
export const DIGITALOCEAN: Dialect = {
  name: 'digitalocean',
  platforms: ['digitalocean'],
  address: '169.254.169.254',
  userData: { path: /^\/metadata\/v1\/user-data$/, encoding: 'plain' },
  documents: [{ path: /^\/metadata\/v1\.json$/, type: JSON_TYPE, make: whole }],
  trees: [{ prefix: /^\/metadata\/v1(?=\/|$)/, tree: TREE, list: lines }],
  refusesForwarded: 'never',
  unknown: 'stop',
};
