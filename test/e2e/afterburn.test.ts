import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DIALECTS } from '../../src/metadata/dialects.ts';
import { makeCertificate } from '../support/cloud-metadata/certificates.ts';
import { PACKET_NAME } from '../support/cloud-metadata/cloud.ts';
import { addLease, addName, type Host, startLoneHost } from '../support/network-boot/network.ts';
import { requireProgram } from '../support/programs.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

/** The address that the machine asks from, by which its group knows it. */
const MACHINE = '192.0.2.7';

const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5PVCBBIFJFQUwgS0VZOiBSRVBMQUNFIElUIEZJUlNU alice@example.invalid',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5PVCBBIFJFQUwgS0VZOiBSRVBMQUNFIElUIEZJUlNV bob@example.invalid',
];

/** Where the service is in a cloud whose clients ask a name, or who gave them their lease. */
const SERVICE = '192.0.2.10';

/** All that a group can say of a machine. */
const METADATA = {
  'instance-id': '4711',
  hostname: 'web1.example.invalid',
  region: 'region-1',
  zone: 'zone-1a',
  'instance-type': 'm5.large',
  image: 'image-7',
  'public-ipv4': '198.51.100.7',
  'ssh-keys': KEYS,
  tags: { role: 'web' },
};

interface Expectation {
  /** What Afterburn calls the provider, where that is not what the dialect is called. */
  readonly provider?: string;
  /** Without the prefix that all have. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether Afterburn asks this cloud for a host name. */
  readonly hostname?: false;
}

/** What Afterburn makes of the same machine on each cloud. */
const EXPECTED: Readonly<Record<string, Expectation>> = {
  akamai: {
    attributes: {
      AKAMAI_INSTANCE_HOST_UUID: '4711',
      AKAMAI_INSTANCE_ID: '4711',
      AKAMAI_INSTANCE_LABEL: 'web1.example.invalid',
      AKAMAI_INSTANCE_REGION: 'region-1',
      AKAMAI_INSTANCE_TAGS: 'role=web',
      AKAMAI_INSTANCE_TYPE: 'm5.large',
      AKAMAI_IPV6_LINK_LOCAL: '',
      AKAMAI_IPV6_SLAAC: '',
      AKAMAI_PRIVATE_IPV4_0: '192.0.2.7/32',
      AKAMAI_PUBLIC_IPV4_0: '198.51.100.7/32',
    },
    hostname: false,
  },
  aliyun: {
    attributes: {
      ALIYUN_EIPV4: '198.51.100.7',
      ALIYUN_HOSTNAME: 'web1.example.invalid',
      ALIYUN_IMAGE_ID: 'image-7',
      ALIYUN_INSTANCE_ID: '4711',
      ALIYUN_INSTANCE_TYPE: 'm5.large',
      ALIYUN_IPV4_PRIVATE: '192.0.2.7',
      ALIYUN_REGION_ID: 'region-1',
      ALIYUN_ZONE_ID: 'zone-1a',
    },
  },
  aws: {
    attributes: {
      AWS_AVAILABILITY_ZONE: 'zone-1a',
      AWS_HOSTNAME: 'web1.example.invalid',
      AWS_INSTANCE_ID: '4711',
      AWS_INSTANCE_TYPE: 'm5.large',
      AWS_IPV4_LOCAL: '192.0.2.7',
      AWS_IPV4_PUBLIC: '198.51.100.7',
      AWS_PUBLIC_HOSTNAME: 'web1.example.invalid',
      AWS_REGION: 'region-1',
    },
  },
  cloudstack: {
    attributes: {
      CLOUDSTACK_AVAILABILITY_ZONE: 'zone-1a',
      CLOUDSTACK_CLOUD_IDENTIFIER: 'region-1',
      CLOUDSTACK_INSTANCE_ID: '4711',
      CLOUDSTACK_IPV4_LOCAL: '192.0.2.7',
      CLOUDSTACK_IPV4_PUBLIC: '198.51.100.7',
      CLOUDSTACK_LOCAL_HOSTNAME: 'web1.example.invalid',
      CLOUDSTACK_PUBLIC_HOSTNAME: 'web1.example.invalid',
      CLOUDSTACK_SERVICE_OFFERING: 'm5.large',
      CLOUDSTACK_VM_ID: '4711',
    },
    provider: 'cloudstack-metadata',
    hostname: false,
  },
  digitalocean: {
    attributes: {
      DIGITALOCEAN_HOSTNAME: 'web1.example.invalid',
      DIGITALOCEAN_IPV4_PRIVATE_0: '192.0.2.7',
      DIGITALOCEAN_IPV4_PUBLIC_0: '198.51.100.7',
      DIGITALOCEAN_REGION: 'region-1',
    },
  },
  exoscale: {
    attributes: {
      EXOSCALE_AVAILABILITY_ZONE: 'zone-1a',
      EXOSCALE_CLOUD_IDENTIFIER: 'region-1',
      EXOSCALE_INSTANCE_ID: '4711',
      EXOSCALE_LOCAL_HOSTNAME: 'web1.example.invalid',
      EXOSCALE_LOCAL_IPV4: '192.0.2.7',
      EXOSCALE_PUBLIC_HOSTNAME: 'web1.example.invalid',
      EXOSCALE_PUBLIC_IPV4: '198.51.100.7',
      EXOSCALE_SERVICE_OFFERING: 'm5.large',
      EXOSCALE_VM_ID: '4711',
    },
  },
  gcp: {
    attributes: {
      GCP_HOSTNAME: 'web1.example.invalid',
      GCP_IP_EXTERNAL_0: '198.51.100.7',
      GCP_IP_LOCAL_0: '192.0.2.7',
      GCP_MACHINE_TYPE: 'projects/0/machineTypes/m5.large',
    },
  },
  hetzner: {
    attributes: {
      HETZNER_AVAILABILITY_ZONE: 'zone-1a',
      HETZNER_HOSTNAME: 'web1.example.invalid',
      HETZNER_INSTANCE_ID: '4711',
      HETZNER_PRIVATE_IPV4_0: '192.0.2.7',
      HETZNER_PUBLIC_IPV4: '198.51.100.7',
      HETZNER_REGION: 'region-1',
    },
  },
  openstack: {
    attributes: {
      OPENSTACK_HOSTNAME: 'web1.example.invalid',
      OPENSTACK_INSTANCE_ID: '4711',
      OPENSTACK_INSTANCE_TYPE: 'm5.large',
      OPENSTACK_INSTANCE_UUID: '4711',
      OPENSTACK_IPV4_LOCAL: '192.0.2.7',
      OPENSTACK_IPV4_PUBLIC: '198.51.100.7',
    },
    // It would look for a disk with the config first.
    provider: 'openstack-metadata',
  },
  oraclecloud: {
    attributes: {
      ORACLECLOUD_AVAILABILITY_DOMAIN: 'zone-1a',
      ORACLECLOUD_COMPARTMENT_ID: '',
      ORACLECLOUD_FAULT_DOMAIN: '',
      ORACLECLOUD_HOSTNAME: 'web1.example.invalid',
      ORACLECLOUD_INSTANCE_ID: '4711',
      ORACLECLOUD_INSTANCE_SHAPE: 'm5.large',
      ORACLECLOUD_REGION_ID: 'region-1',
    },
  },
  packet: {
    attributes: {
      PACKET_HOSTNAME: 'web1.example.invalid',
      PACKET_PHONE_HOME_URL: 'https://metadata.packet.net/phone-home',
      PACKET_PLAN: 'm5.large',
    },
  },
  scaleway: {
    attributes: {
      SCALEWAY_HOSTNAME: 'web1.example.invalid',
      SCALEWAY_INSTANCE_ID: '4711',
      SCALEWAY_INSTANCE_TYPE: 'm5.large',
      SCALEWAY_IPV4_PRIVATE: '192.0.2.7',
      SCALEWAY_IPV4_PUBLIC: '198.51.100.7',
      SCALEWAY_ZONE_ID: 'zone-1a',
    },
  },
  upcloud: {
    attributes: {
      UPCLOUD_HOSTNAME: 'web1.example.invalid',
      UPCLOUD_INSTANCE_ID: '4711',
      UPCLOUD_REGION: 'region-1',
    },
  },
  vultr: {
    attributes: {
      VULTR_HOSTNAME: 'web1.example.invalid',
      VULTR_INSTANCE_ID: '4711',
      VULTR_REGION_CODE: 'region-1',
    },
  },
};

for (const [dialect, { provider = dialect, attributes, hostname }] of Object.entries(EXPECTED)) {
  test(`Afterburn reads who the machine is from the metadata service of ${dialect}`, async (t) => {
    const machine = await startMachine(t, dialect, METADATA);
    if (machine === undefined) return;
    const read = await machine.burn(provider);
    const prefixed = Object.entries(attributes).map(([name, value]) => `AFTERBURN_${name}=${value}`);
    assert.deepEqual(read.attributes, prefixed.sort());
    assert.equal(read.hostname, hostname === false ? undefined : 'web1.example.invalid\n');
    assert.deepEqual(read.keys.sort(), [...KEYS].sort());
  });

  test(`Afterburn reads of ${dialect} what is known of a machine of which a group says nothing`, async (t) => {
    const machine = await startMachine(t, dialect, undefined);
    if (machine === undefined) return;
    const read = await machine.burn(provider);
    const id = read.attributes.find((line) => /_(?:INSTANCE_ID|HOSTNAME|IP_LOCAL_0)=/.test(line));
    assert.ok(id !== undefined, read.attributes.join('\n'));
    assert.deepEqual(read.keys, []);
  });
}

interface Machine {
  /** Has Afterburn do what its units do on a machine. */
  readonly burn: (provider: string) => Promise<{
    /** In the order of their names. */
    readonly attributes: readonly string[];
    readonly hostname: string | undefined;
    readonly keys: string[];
  }>;
}

/** A machine with an account of its own, and the service at the address where the cloud has its metadata. */
async function startMachine(t: TestContext, name: string, metadata: object | undefined): Promise<Machine | undefined> {
  const afterburn = requireProgram(t, 'afterburn');
  const place = DIALECTS.find((dialect) => dialect.name === name)?.address ?? '';
  const address = isIP(place) === 0 ? SERVICE : place;
  const host = afterburn === undefined ? undefined : await startLoneHost(t, address, MACHINE);
  const tls = host === undefined ? undefined : await makeCertificate(t, PACKET_NAME);
  if (afterburn === undefined || host === undefined || tls === undefined) return undefined;
  await addName(host, t, SERVICE, PACKET_NAME);
  await addLease(host, t, 'lo', SERVICE);
  await addAccount(t, host);
  const group = { profile: 'web', match: { ip: MACHINE }, ...(metadata === undefined ? {} : { metadata }) };
  const site = await writeSite(t, {
    'profiles/web.bu': butaneProfile('flatcar', '1.1.0'),
    'groups/web1.yaml': JSON.stringify(group),
  });
  const listen =
    place === PACKET_NAME
      ? ['--listen', `${address}:443`, '--tls-cert', tls.certificate, '--tls-key', tls.key]
      : ['--listen', `${address}:80`];
  const flags = [...listen, '--metadata', name];
  const service = await startServiceProcess(t, { site, flags, launcher: host.launcher });
  if (service === undefined) return undefined;
  return {
    async burn(provider) {
      const files = ['--attributes', '/srv/attributes', '--hostname', '/srv/hostname'];
      const environment = ['env', `SSL_CERT_FILE=${tls.certificate}`];
      await host.run([
        ...environment,
        afterburn,
        'multi',
        '--check-in',
        '--provider',
        provider,
        ...files,
        '--ssh-keys',
        'core',
      ]);
      const [attributes, hostname, keys] = [
        await readIfThere(host, '/srv/attributes'),
        await readIfThere(host, '/srv/hostname'),
        await readIfThere(host, '/srv/core/.ssh/authorized_keys.d/afterburn'),
      ];
      return { attributes: linesOf(attributes).sort(), hostname, keys: linesOf(keys) };
    },
  };
}

/** The account exists in the mount namespace of this host alone. */
async function addAccount(t: TestContext, host: Host): Promise<void> {
  const folder = await scratchDirectory(t);
  await chmod(folder, 0o755);
  const accounts = {
    passwd: 'root:x:0:0::/root:/bin/sh\ncore:x:4711:4711::/srv/core:/bin/sh\n',
    group: 'root:x:0:\ncore:x:4711:\n',
  };
  for (const [name, text] of Object.entries(accounts)) {
    await writeFile(join(folder, name), text, { mode: 0o644 });
    await host.run(['mount', '--bind', join(folder, name), `/etc/${name}`]);
  }
  await host.run(['install', '--directory', '--owner=core', '--group=core', '/srv/core']);
}

async function readIfThere(host: Host, path: string): Promise<string | undefined> {
  return await host.run(['cat', path]).catch(() => undefined);
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '').split('\n').filter((line) => line !== '');
}
