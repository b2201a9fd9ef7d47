import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { COMMON, KEYS } from './common.ts';

/** Vultr. */
export const VULTR: Dialect = {
  ...COMMON,
  name: 'vultr',
  platforms: ['vultr'],
  userData: { path: /^\/user-data\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [
    {
      prefix: /^\/v1(?=\/|$)/,
      tree: {
        hostname: ({ hostname }) => hostname,
        instanceid: ({ id }) => id,
        interfaces: {
          '0': { ipv4: { address: ({ publicIpv4, localIpv4 }) => publicIpv4 ?? localIpv4 }, mac: ({ mac }) => mac },
        },
        'public-keys': KEYS,
        region: { regioncode: ({ region }) => region },
      },
      list: lines,
    },
  ],
};
