import type { Dialect } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import type { Folder } from '../tree.ts';
import { FolderOf, treeToJson } from '../tree.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

/** Google names zones and machine types by their place in a project. */
const PROJECT = 'projects/0';

function keysOf({ sshKeys }: Instance): string | undefined {
  return sshKeys.length === 0 ? undefined : sshKeys.map((key) => `core:${key}`).join('\n');
}

const TREE: Folder = {
  instance: {
    attributes: new FolderOf((instance) => ({
      ...Object.fromEntries(Object.entries(instance.tags).map(([name, value]) => [name, () => value])),
      'ssh-keys': keysOf,
    })),
    hostname: ({ hostname }) => hostname,
    id: ({ id }) => id,
    image: ({ image }) => image,
    'machine-type': ({ type }) => (type === undefined ? undefined : `${PROJECT}/machineTypes/${type}`),
    name: ({ hostname }) => hostname?.split('.')[0],
    'network-interfaces': {
      '0': {
        'access-configs': { '0': { 'external-ip': ({ publicIpv4 }) => publicIpv4 } },
        ip: ({ localIpv4 }) => localIpv4,
        mac: ({ mac }) => mac,
      },
    },
    zone: ({ zone }) => (zone === undefined ? undefined : `${PROJECT}/zones/${zone}`),
  },
};

/** The metadata server of Google Compute Engine. */
export const GCP: Dialect = {
  name: 'gcp',
  platforms: ['gcp'],
  address: '169.254.169.254',
  userData: { path: /^\/computeMetadata\/v1\/instance\/attributes\/user-data$/, encoding: 'plain' },
  documents: [
    {
      path: /^\/computeMetadata\/v1\/instance\.json$/,
      type: JSON_TYPE,
      make: (instance) => toJsonText(treeToJson(TREE, instance).instance),
    },
  ],
  trees: [
    {
      prefix: /^\/computeMetadata\/v1(?=\/|$)/,
      tree: TREE,
      // Google ends the last line of a list, and no value.
      list: (names) => names.map((name) => `${name}\n`).join(''),
    },
  ],
  flavour: { header: 'Metadata-Flavor', value: 'Google', status: 'forbidden' },
  headers: { 'Metadata-Flavor': 'Google' },
  refusesForwarded: 'always',
  unknown: 'wait',
};
