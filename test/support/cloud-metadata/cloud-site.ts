import { macOf } from './cloud.ts';
import { NOISE } from './noise.ts';

/** The machines of the tests, by the last number of their address. */
export const MACHINES = { one: 11, two: 12, broken: 13, unknown: 14, neighbour: 15, linkLocal: 16 } as const;

const PROFILE = `butane:
  variant: fcos
  version: 1.4.0
  storage:
    files:
      - path: /etc/machine
        contents: { inline: "{{ parameters.name }} at {{ machine.ip }}\\n" }
parameters:
  type: object
  required: [name]
  properties: { name: { type: string } }
`;

/** The same, so long that a cloud would compress it. */
const LONG = PROFILE.replace(
  'parameters:',
  `      - path: /etc/noise\n        contents: { inline: "${NOISE}" }\nparameters:`,
);

function group(name: string, match: string, profile = 'node'): string {
  return `profile: ${profile}\nmatch: { ${match} }\nparameters: { name: ${name} }\nmetadata: { hostname: ${name}, region: north, ssh-keys: [ssh-ed25519 AAAA ${name}@example] }\n`;
}

/** A profile that renders, for the one that does not. */
export const MENDED = { 'profiles/broken.yaml': PROFILE } as const;

/** A site whose groups know machines by their addresses, and one by its MAC; one machine's profile does not render. */
export const CLOUD_SITE = {
  'profiles/node.yaml': PROFILE,
  'profiles/long.yaml': LONG,
  'profiles/broken.yaml': PROFILE.replace('path: /etc/machine', 'path: etc/machine'),
  'groups/one.yaml': group('one', `ip: 192.0.2.${MACHINES.one}`),
  'groups/two.yaml': group('two', `ip: 192.0.2.${MACHINES.two}/32`, 'long'),
  'groups/broken.yaml': group('broken', `ip: 192.0.2.${MACHINES.broken}`, 'broken'),
  'groups/neighbour.yaml': group('neighbour', `mac: '${macOf(MACHINES.neighbour)}'`),
  'groups/link-local.yaml': group('linkLocal', `mac: '${macOf(MACHINES.linkLocal)}'`),
} as const;

/** What a machine has in /etc/machine when it was provisioned by that site. */
export function textOf(name: keyof typeof MACHINES): string {
  // What the kernel makes of its MAC.
  const address = name === 'linkLocal' ? 'fe80::5054:ff:fe00:10' : `192.0.2.${MACHINES[name]}`;
  return `${name} at ${address}\n`;
}
