import type { Dialect } from '../dialect.ts';
import { COMMON } from './common.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

/** Equinix Metal (Packet). Its client stops at 404. */
export const PACKET: Dialect = {
  ...COMMON,
  name: 'packet',
  platforms: ['packet'],
  address: 'metadata.packet.net',
  userData: { path: /^\/userdata$/, encoding: 'plain' },
  documents: [
    {
      path: /^\/metadata$/,
      type: JSON_TYPE,
      make: ({ id, hostname, type, zone, region, tags, sshKeys, mac }) =>
        toJsonText({
          id,
          hostname: hostname ?? id,
          iqn: '',
          plan: type ?? '',
          facility: zone ?? region ?? '',
          tags: Object.keys(tags),
          ssh_keys: sshKeys,
          network: {
            bonding: { mode: 0 },
            interfaces: mac === undefined ? [] : [{ name: 'eth0', mac, bond: null }],
            addresses: [],
          },
          phone_home_url: 'https://metadata.packet.net/phone-home',
        }),
    },
  ],
  trees: [],
  // Images report with an empty body, and Ignition with a state at the second path, which it makes of the first.
  reports: { method: 'POST', path: /^\/(?:phone-home|events)$/, key: 'state' },
  unknown: 'stop',
};
