import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Instance } from '../instance.ts';
import { EC2_TREE } from './ec2-tree.ts';
import { JSON_TYPE, toJsonText } from './json.ts';

const VERSION = '(?:latest|20\\d{2}-\\d{2}-\\d{2})';

/** Names that AWS has for architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x86_64' };

/** The document that tells an instance who it is; here nobody signs it. */
function identityDocument({ id, arch, type, zone, region, image, localIpv4 }: Instance): string {
  return toJsonText({
    architecture: arch === undefined ? undefined : (ARCHITECTURES[arch] ?? arch),
    availabilityZone: zone,
    imageId: image,
    instanceId: id,
    instanceType: type,
    privateIp: localIpv4,
    region: region ?? '',
    version: '2017-09-30',
  });
}

/** Amazon EC2's instance metadata service, version 2, and version 1 where a site lets machines read without a token. */
export const AWS: Dialect = {
  name: 'aws',
  platforms: ['aws'],
  address: '169.254.169.254',
  userData: { path: new RegExp(`^/${VERSION}/user-data/?$`), encoding: 'plain' },
  documents: [
    { path: new RegExp(`^/${VERSION}/dynamic/instance-identity/document/?$`), type: JSON_TYPE, make: identityDocument },
  ],
  trees: [
    { prefix: new RegExp(`^/${VERSION}/meta-data(?=/|$)`), tree: EC2_TREE, list: lines },
    {
      prefix: new RegExp(`^/${VERSION}(?=/|$)`),
      tree: {
        dynamic: { 'instance-identity': { document: identityDocument } },
        'meta-data': EC2_TREE,
        'user-data': () => '',
      },
      list: lines,
    },
  ],
  token: {
    path: '/latest/api/token',
    lifetimeHeader: 'X-aws-ec2-metadata-token-ttl-seconds',
    maxSeconds: 21_600,
    header: 'X-aws-ec2-metadata-token',
    mayBeLeftOut: true,
  },
  refusesForwarded: 'token',
  unknown: 'wait',
};
