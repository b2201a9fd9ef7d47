import type { Dialect } from '../dialect.ts';
import { COMMON } from './common.ts';
import { JSON_TYPE, numberOf, toJsonText } from './json.ts';

/** Akamai (Linode): a token first, and user data in base64, which may be compressed. */
export const AKAMAI: Dialect = {
  ...COMMON,
  name: 'akamai',
  platforms: ['akamai'],
  userData: { path: /^\/v1\/user-data$/, encoding: 'base64-gzip' },
  documents: [
    {
      path: /^\/v1\/instance$/,
      type: JSON_TYPE,
      make: ({ id, hostname, region, type, tags }) =>
        toJsonText({
          id: numberOf(id),
          host_uuid: id,
          label: hostname ?? id,
          region: region ?? '',
          type: type ?? '',
          tags: Object.entries(tags).map(([name, value]) => (value === '' ? name : `${name}=${value}`)),
          specs: { vcpus: 0, memory: 0, disk: 0, transfer: 0, gpus: 0 },
          backups: { enabled: false, status: null },
        }),
    },
    {
      path: /^\/v1\/network$/,
      type: JSON_TYPE,
      make: ({ publicIpv4, localIpv4, localIpv6 }) =>
        toJsonText({
          interfaces: [],
          ipv4: {
            public: publicIpv4 === undefined ? [] : [`${publicIpv4}/32`],
            private: localIpv4 === undefined ? [] : [`${localIpv4}/32`],
            shared: [],
          },
          ipv6: {
            slaac: localIpv6 === undefined ? '' : `${localIpv6}/128`,
            ranges: [],
            link_local: '',
            shared_ranges: [],
          },
        }),
    },
    { path: /^\/v1\/ssh-keys$/, type: JSON_TYPE, make: ({ sshKeys }) => toJsonText({ users: { core: sshKeys } }) },
  ],
  trees: [],
  token: {
    path: '/v1/token',
    lifetimeHeader: 'Metadata-Token-Expiry-Seconds',
    maxSeconds: 86_400,
    defaultSeconds: 3600,
    header: 'Metadata-Token',
    mayBeLeftOut: false,
  },
  // Any 4xx is the end for this client.
  unknown: 'stop',
};
