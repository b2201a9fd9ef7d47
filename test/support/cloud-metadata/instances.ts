import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Answer, type AskOptions, ask, startTestService, type TestService } from '../service.ts';
import { scratchDirectory, writeSite } from '../site.ts';
import { NOISE } from './noise.ts';

/** The key of the services of the tests. */
export const KEY = 'a key that all replicas of the tests have';

/** Addresses of the machines that the site knows, and of one that it does not. */
export const ADDRESSES = { one: '127.0.0.11', two: '127.0.0.12', nobody: '127.0.0.99', rack: '127.0.0.200' } as const;

const PROFILE = `butane:
  variant: fcos
  version: 1.4.0
  storage: { files: [{ path: /etc/machine, contents: { inline: "{{ parameters.secret }}" } }] }
parameters: { type: object, required: [secret], properties: { secret: { type: string } } }
`;

/** A config that clouds would call long. */
const LONG = PROFILE.replace('}] }\n', `}, { path: /etc/long, contents: { inline: "${NOISE}" } }] }\n`);

const ONE = `profile: node
match: { ip: ${ADDRESSES.one} }
parameters: { secret: secret-of-one }
metadata:
  instance-id: i-0011
  hostname: one.example
  region: north
  zone: north-1
  instance-type: big
  image: image-7
  public-ipv4: 198.51.100.11
  ssh-keys: [ssh-ed25519 AAAA1 admin@example, ssh-ed25519 AAAA2]
  tags: { role: db, rack: 7 }
`;

/** What a site knows of two machines and a rack, and the parts of their configs that nobody else may see. */
const SITE = {
  'profiles/node.yaml': PROFILE,
  'profiles/long.yaml': LONG,
  'groups/one.yaml': ONE,
  'groups/two.yaml': `profile: node\nmatch: { ip: ${ADDRESSES.two} }\nparameters: { secret: secret-of-two }\nmetadata: { instance-id: i-0012 }\n`,
  'groups/rack.yaml': 'profile: long\nmatch: { ip: 127.0.0.200-127.0.0.210 }\nparameters: { secret: secret-of-rack }\n',
};

/** A service in clouds, and how its machines ask it. */
export interface MetadataTest {
  readonly service: TestService;
  readonly askAs: (machine: keyof typeof ADDRESSES, path: string, options?: AskOptions) => Promise<Answer>;
}

/** Starts a service that speaks some dialects; those of `settings` stand in its site.yaml. Undefined when skipped. */
export async function startInstances(
  t: TestContext,
  metadata: readonly string[],
  settings = '',
  trustedProxies: readonly string[] = [],
): Promise<MetadataTest | undefined> {
  const site = await writeSite(t, { ...SITE, ...(settings === '' ? {} : { 'site.yaml': settings }) });
  const metadataKeyFile = join(await scratchDirectory(t), 'key');
  await writeFile(metadataKeyFile, `${KEY}\n`);
  const service = await startTestService(t, { site, metadata, metadataKeyFile, trustedProxies });
  if (service === undefined) return undefined;
  return {
    service,
    askAs: (machine, path, options = {}) =>
      ask(service.machine, path, { localAddress: ADDRESSES[machine], ...options }),
  };
}

/** A session token as a client fetches it. */
export async function fetchToken(
  { askAs }: MetadataTest,
  machine: keyof typeof ADDRESSES,
  dialect: 'aws' | 'akamai',
): Promise<string> {
  const [path, header] =
    dialect === 'aws'
      ? ['/latest/api/token', 'X-aws-ec2-metadata-token-ttl-seconds']
      : ['/v1/token', 'Metadata-Token-Expiry-Seconds'];
  const answer = await askAs(machine, path, { method: 'PUT', headers: { [header]: '60' } });
  return answer.body.toString();
}
