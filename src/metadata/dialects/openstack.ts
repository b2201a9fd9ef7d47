import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import { EC2_TREE, keyName } from './ec2-tree.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

const VERSION = '(?:latest|20\\d{2}-\\d{2}-\\d{2})';

function metaData({ id, hostname, zone, sshKeys, tags }: Instance): string {
  return toJsonText({
    uuid: id,
    name: hostname?.split('.')[0],
    hostname,
    availability_zone: zone,
    launch_index: 0,
    meta: tags,
    public_keys: Object.fromEntries(sshKeys.map((key) => [keyName(key), key])),
    keys: sshKeys.map((data) => ({ name: keyName(data), type: 'ssh', data })),
  });
}

/** OpenStack Nova's metadata service, with the part that it has in the way of EC2. */
export const OPENSTACK: Dialect = {
  name: 'openstack',
  platforms: ['openstack', 'brightbox'],
  address: '169.254.169.254',
  userData: { path: new RegExp(`^/(?:openstack/${VERSION}/user_data|${VERSION}/user-data)$`), encoding: 'plain' },
  documents: [
    { path: new RegExp(`^/openstack/${VERSION}/meta_data\\.json$`), type: JSON_TYPE, make: metaData },
    { path: new RegExp(`^/openstack/${VERSION}/vendor_data\\.json$`), type: JSON_TYPE, make: () => '{}\n' },
    { path: /^\/openstack\/?$/, type: 'text/plain; charset=utf-8', make: () => 'latest' },
    {
      path: new RegExp(`^/openstack/${VERSION}/?$`),
      type: 'text/plain; charset=utf-8',
      make: () => lines(['meta_data.json', 'user_data', 'vendor_data.json']),
    },
  ],
  trees: [{ prefix: new RegExp(`^/${VERSION}/meta-data(?=/|$)`), tree: EC2_TREE, list: lines }],
  refusesForwarded: 'never',
  unknown: 'wait',
};
