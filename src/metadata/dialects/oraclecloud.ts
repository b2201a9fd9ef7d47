import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { COMMON, KEYS } from './common.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

/** Oracle Cloud: a fixed header instead of a token, and user data in base64. */
export const ORACLECLOUD: Dialect = {
  ...COMMON,
  name: 'oraclecloud',
  platforms: ['oraclecloud'],
  userData: { path: /^\/opc\/v2\/instance\/metadata\/user_data$/, encoding: 'base64' },
  documents: [
    {
      path: /^\/opc\/v2\/instance\/?$/,
      type: JSON_TYPE,
      make: ({ id, hostname, region, zone, type, image, sshKeys, tags }) =>
        toJsonText({
          availabilityDomain: zone ?? '',
          canonicalRegionName: region ?? '',
          compartmentId: '',
          displayName: hostname ?? id,
          faultDomain: '',
          freeformTags: tags,
          hostname: hostname ?? id,
          id,
          image: image ?? '',
          metadata: { ssh_authorized_keys: sshKeys.join('\n') },
          region: region ?? '',
          shape: type ?? '',
        }),
    },
  ],
  trees: [
    {
      prefix: /^\/opc\/v2\/instance(?=\/)/,
      tree: {
        availabilityDomain: ({ zone }) => zone,
        hostname: ({ hostname }) => hostname,
        id: ({ id }) => id,
        metadata: { ssh_authorized_keys: KEYS },
        region: ({ region }) => region,
        shape: ({ type }) => type,
      },
      list: lines,
    },
  ],
  flavour: { header: 'Authorization', value: 'Bearer Oracle', status: 'forbidden' },
};
