import { stringify } from 'yaml';
import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import type { Folder, Leaf } from '../tree.ts';
import { FolderOf } from '../tree.ts';
import { EC2_NAMES, EC2_TREE, keyFolders } from './ec2-tree.ts';
import { JSON_TYPE, numberOf, toJsonText } from './json.ts';

const LINK_LOCAL = '169.254.169.254';

/** Keys, one in a line. */
const KEYS = ({ sshKeys }: Instance) => (sshKeys.length === 0 ? undefined : sshKeys.join('\n'));

/** What most dialects have in common. */
const COMMON = { address: LINK_LOCAL, refusesForwarded: 'never', unknown: 'wait' } as const;

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

/** The names of CloudStack, which Exoscale has too. */
const CLOUDSTACK_NAMES = {
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

/** Exoscale has a value for each name, and clients that take 404 for a fault; what is not known is empty. */
const EXOSCALE_NAMES: Folder = Object.fromEntries(
  Object.entries<Leaf>(CLOUDSTACK_NAMES).map(([name, read]): [string, Leaf] => [
    name,
    (instance) => read(instance) ?? '',
  ]),
);

/** Exoscale. */
export const EXOSCALE: Dialect = {
  ...COMMON,
  name: 'exoscale',
  platforms: ['exoscale'],
  userData: { path: /^\/1\.0\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [{ prefix: /^\/1\.0\/meta-data(?=\/|$)/, tree: EXOSCALE_NAMES, list: lines }],
};

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

/** UpCloud. */
export const UPCLOUD: Dialect = {
  ...COMMON,
  name: 'upcloud',
  platforms: ['upcloud'],
  userData: { path: /^\/metadata\/v1\/user_data$/, encoding: 'plain' },
  documents: [],
  trees: [
    {
      prefix: /^\/metadata\/v1(?=\/|$)/,
      tree: {
        hostname: ({ hostname }) => hostname,
        instance_id: ({ id }) => id,
        public_keys: KEYS,
        region: ({ region }) => region,
      },
      list: lines,
    },
  ],
};

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

/** Alibaba Cloud. */
export const ALIYUN: Dialect = {
  ...COMMON,
  name: 'aliyun',
  platforms: ['aliyun'],
  address: '100.100.100.200',
  userData: { path: /^\/latest\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [
    {
      prefix: /^\/latest\/meta-data(?=\/|$)/,
      tree: {
        eipv4: ({ publicIpv4 }) => publicIpv4,
        hostname: ({ hostname }) => hostname,
        'image-id': ({ image }) => image,
        instance: { 'instance-type': ({ type }) => type },
        'instance-id': ({ id }) => id,
        mac: ({ mac }) => mac,
        'private-ipv4': ({ localIpv4 }) => localIpv4,
        // Folders, and not the pairs that EC2 lists.
        'public-keys': new FolderOf(keyFolders),
        'region-id': ({ region }) => region,
        'zone-id': ({ zone }) => zone,
      },
      list: lines,
    },
  ],
};

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

/** Outscale, in the way of EC2 and without tokens. */
export const OUTSCALE: Dialect = {
  ...COMMON,
  name: 'outscale',
  platforms: ['outscale'],
  userData: { path: /^\/latest\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [{ prefix: /^\/latest\/meta-data(?=\/|$)/, tree: { ...EC2_NAMES, ...EC2_TREE }, list: lines }],
};
