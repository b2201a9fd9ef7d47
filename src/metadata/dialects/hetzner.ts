import { stringify } from 'yaml';
import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { COMMON } from './common.ts';
import { JSON_TYPE, numberOf, toJsonText } from './json.ts';

/** Hetzner Cloud: a document in YAML, and its parts. */
export const HETZNER: Dialect = {
  ...COMMON,
  name: 'hetzner',
  platforms: ['hetzner'],
  userData: { path: /^\/hetzner\/v1\/userdata$/, encoding: 'plain' },
  documents: [
    {
      path: /^\/hetzner\/v1\/metadata\/?$/,
      type: 'application/yaml; charset=utf-8',
      make: ({ id, hostname, zone, region, publicIpv4, sshKeys }) =>
        stringify({
          'availability-zone': zone,
          hostname,
          'instance-id': numberOf(id),
          'public-ipv4': publicIpv4,
          'public-keys': sshKeys,
          region,
        }),
    },
    { path: /^\/hetzner\/v1\/metadata\/public-keys$/, type: JSON_TYPE, make: ({ sshKeys }) => toJsonText(sshKeys) },
    {
      path: /^\/hetzner\/v1\/metadata\/private-networks$/,
      type: 'application/yaml; charset=utf-8',
      make: ({ localIpv4, mac }) => stringify(localIpv4 === undefined ? [] : [{ ip: localIpv4, mac_address: mac }]),
    },
  ],
  trees: [
    {
      prefix: /^\/hetzner\/v1\/metadata(?=\/)/,
      tree: {
        'availability-zone': ({ zone }) => zone,
        // Clients take 404 for a fault here, and nothing for none.
        hostname: ({ hostname }) => hostname ?? '',
        'instance-id': ({ id }) => id,
        'public-ipv4': ({ publicIpv4 }) => publicIpv4,
        region: ({ region }) => region,
      },
      list: lines,
    },
  ],
};
