import type { Dialect } from '../dialect.ts';
import { COMMON } from './common.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

/** Scaleway, which tells user data to nobody but root. */
export const SCALEWAY: Dialect = {
  ...COMMON,
  name: 'scaleway',
  platforms: ['scaleway'],
  address: '169.254.42.42',
  userData: { path: /^\/user_data\/cloud-init$/, encoding: 'plain' },
  documents: [
    {
      path: /^\/conf$/,
      type: JSON_TYPE,
      make: ({ id, hostname, type, zone, localIpv4, publicIpv4, localIpv6, sshKeys, tags }) =>
        toJsonText({
          commercial_type: type ?? '',
          hostname: hostname ?? id,
          id,
          interfaces: null,
          private_ip: localIpv4 ?? null,
          public_ip: publicIpv4 === undefined ? null : { address: publicIpv4 },
          ipv6: localIpv6 === undefined ? null : { address: localIpv6 },
          location: { zone_id: zone ?? '' },
          ssh_public_keys: sshKeys.map((key) => ({ key })),
          tags: Object.keys(tags),
        }),
    },
  ],
  trees: [],
  reports: { method: 'PATCH', path: /^\/state$/, key: 'state_detail' },
  lowPort: true,
};
