/** What the machine of the tests is known by. */
export const NODE = { mac: '52:54:00:a1:9c:ae', uuid: '5f6e2a10-1b7c-4c5d-9e0f-8a7b6c5d4e3f' } as const;

const PROFILE = `boot:
  kernel: /assets/vmlinuz
  initrd: [/assets/initrd]
  args: [console=ttyS0, quiet, panic=-1]
butane:
  variant: fcos
  version: 1.4.0
  storage:
    files:
      - path: /etc/hostname
        contents: { inline: "{{ parameters.hostname }}\\n" }
      - path: /etc/asked
        contents: { inline: "{{ machine.mac }} {{ machine.uuid }}\\n" }
parameters:
  type: object
  required: [hostname]
  properties:
    hostname: { type: string, format: hostname }
`;

/** A site with one profile, which boots what `writeBootAssets` wrote, and one group, which has it for the machine. */
export const BOOT_SITE = {
  // A test waits no longer than it has to for a machine that asks again.
  'site.yaml': 'boot: { retry: 2 }\n',
  'profiles/node.yaml': PROFILE,
  'groups/node.yaml': `profile: node\nmatch: { mac: '${NODE.mac}', uuid: ${NODE.uuid} }\nparameters: { hostname: node1 }\n`,
} as const;

/** What the machine has when it was provisioned by that site. */
export const NODE_FILES = { '/etc/hostname': 'node1\n', '/etc/asked': `${NODE.mac} ${NODE.uuid}\n` } as const;
