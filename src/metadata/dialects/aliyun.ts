import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { FolderOf } from '../tree.ts';
import { COMMON } from './common.ts';
import { keyFolders } from './ec2-tree.ts';

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
