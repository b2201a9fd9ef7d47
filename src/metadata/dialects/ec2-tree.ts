import type { Instance } from '../instance.ts';
import type { Folder } from '../tree.ts';
import { FolderOf } from '../tree.ts';

/** The names that EC2 gave to what many clouds tell. */
export const EC2_NAMES = {
  'ami-id': ({ image }: Instance) => image,
  hostname: ({ hostname }: Instance) => hostname,
  'instance-id': ({ id }: Instance) => id,
  'instance-type': ({ type }: Instance) => type,
  ipv6: ({ localIpv6 }: Instance) => localIpv6,
  'local-hostname': ({ hostname }: Instance) => hostname,
  'local-ipv4': ({ localIpv4 }: Instance) => localIpv4,
  mac: ({ mac }: Instance) => mac,
  'public-hostname': ({ publicIpv4, hostname }: Instance) => (publicIpv4 === undefined ? undefined : hostname),
  'public-ipv4': ({ publicIpv4 }: Instance) => publicIpv4,
} satisfies Folder;

/** Keys as EC2 lists them: `0=NAME`, and the key in a folder of that number. */
export const EC2_KEYS = new FolderOf(keyFolders, ({ sshKeys }) =>
  sshKeys.map((key, index) => `${index}=${keyName(key)}`),
);

/** Tags, one name for each. */
export const EC2_TAGS = new FolderOf(({ tags }) =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, () => value])),
);

/** The whole tree, as EC2 has it. */
export const EC2_TREE: Folder = {
  ...EC2_NAMES,
  placement: {
    'availability-zone': ({ zone }) => zone,
    region: ({ region }) => region,
  },
  'public-keys': EC2_KEYS,
  tags: { instance: EC2_TAGS },
};

/** A folder for each key, by its number. */
export function keyFolders({ sshKeys }: Instance): Folder {
  return Object.fromEntries(sshKeys.map((key, index) => [String(index), { 'openssh-key': () => key }]));
}

/** What a key is called: its comment, or what it is. */
export function keyName(key: string): string {
  const [type = '', , ...comment] = key.split(/\s+/);
  return (comment.join('-') || type).replace(/[^\w.@+-]/g, '-');
}
