import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import type { Folder } from '../tree.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

const COMPUTE: Folder = {
  location: ({ region }) => region,
  name: ({ hostname }) => hostname,
  tags: ({ tags }) => tagText(tags),
  vmId: ({ id }) => id,
  vmSize: ({ type }) => type,
  zone: ({ zone }) => zone,
};

function tagText(tags: Instance['tags']): string | undefined {
  const all = Object.entries(tags).map(([name, value]) => `${name}:${value}`);
  return all.length === 0 ? undefined : all.join(';');
}

function instanceDocument(instance: Instance): string {
  const { id, hostname, region, zone, type, tags, sshKeys, localIpv4, publicIpv4, mac } = instance;
  return toJsonText({
    compute: {
      location: region,
      name: hostname,
      publicKeys: sshKeys.map((keyData) => ({ keyData, path: '/home/core/.ssh/authorized_keys' })),
      tags: tagText(tags) ?? '',
      tagsList: Object.entries(tags).map(([name, value]) => ({ name, value })),
      vmId: id,
      vmSize: type,
      zone: zone ?? '',
    },
    network: {
      interface: [
        {
          ipv4: { ipAddress: [{ privateIpAddress: localIpv4, publicIpAddress: publicIpv4 ?? '' }] },
          macAddress: mac?.replaceAll(':', '').toUpperCase(),
        },
      ],
    },
  });
}

/** Azure's instance metadata service. Its client asks again on 404, so that is how it waits as well. */
export const AZURE: Dialect = {
  name: 'azure',
  platforms: ['azure'],
  address: '169.254.169.254',
  userData: { path: /^\/metadata\/instance\/compute\/userData$/, encoding: 'base64' },
  documents: [{ path: /^\/metadata\/instance\/?$/, type: JSON_TYPE, make: instanceDocument }],
  trees: [{ prefix: /^\/metadata\/instance\/compute(?=\/)/, tree: COMPUTE, list: lines }],
  flavour: { header: 'Metadata', value: 'true', status: 'invalid' },
  refusesForwarded: 'always',
  unknown: 'wait',
};
