import type { Encoding } from './encode.ts';

/** How much user data a platform takes. */
export interface SizeLimit {
  readonly bytes: number;
  /** What is counted: the config itself, its base64 whatever is uploaded, or the value as it is uploaded. */
  readonly of: 'config' | 'base64' | 'value';
  /** Where the platform says so. */
  readonly source: string;
}

/** What is known about the user data of a platform. */
export interface Platform {
  readonly title: string;
  /** What the platform's own tools take; the first is what they take without further ado, the others are for its API. */
  readonly encodings: readonly [Encoding, ...Encoding[]];
  /** Absent where no limit is known, and where there is none. */
  readonly limit?: SizeLimit;
  /** Why there is no limit, where that is known. */
  readonly unlimited?: string;
  /** Where the user data goes, in the words of the platform. */
  readonly place: string;
  /** The page that says how Ignition, or its user, comes by the user data there. */
  readonly source: string;
}

const KIB = 1024;
const FCOS = 'https://docs.fedoraproject.org/en-US/fedora-coreos';
const FLATCAR = 'https://www.flatcar.org/docs/latest/installing';
const IGNITION = 'https://coreos.github.io/ignition/supported-platforms/';

/** The platforms, by the id that Ignition knows them by (`ignition.platform.id`). */
export const PLATFORMS = {
  akamai: {
    title: 'Akamai (Linode)',
    encodings: ['base64', 'gzip+base64'],
    place: '`metadata.user_data`',
    source: `${FLATCAR}/cloud/akamai/`,
  },
  aliyun: {
    title: 'Alibaba Cloud',
    encodings: ['base64'],
    place: '`UserData`',
    source: `${FCOS}/provisioning-aliyun/`,
  },
  aws: {
    title: 'Amazon Web Services',
    encodings: ['plain', 'base64'],
    limit: {
      bytes: 16 * KIB,
      of: 'config',
      source: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html',
    },
    place: 'user data; a launch template takes base64',
    source: `${FCOS}/provisioning-aws/`,
  },
  azure: {
    title: 'Microsoft Azure',
    encodings: ['plain', 'base64'],
    limit: {
      bytes: 65_535,
      of: 'base64',
      source: 'https://learn.microsoft.com/azure/virtual-machines/user-data',
    },
    place: 'user data, or custom data where there is none; the API takes base64',
    source: `${FCOS}/provisioning-azure/`,
  },
  cloudstack: {
    title: 'Apache CloudStack',
    encodings: ['base64'],
    place: '`userdata`',
    source: IGNITION,
  },
  digitalocean: {
    title: 'DigitalOcean',
    encodings: ['plain'],
    place: 'user data',
    source: `${FCOS}/provisioning-digitalocean/`,
  },
  exoscale: {
    title: 'Exoscale',
    encodings: ['plain', 'base64'],
    place: 'user data; the API takes base64',
    source: `${FCOS}/provisioning-exoscale/`,
  },
  gcp: {
    title: 'Google Cloud',
    encodings: ['plain'],
    limit: {
      bytes: 256 * KIB,
      of: 'value',
      source: 'https://cloud.google.com/compute/docs/metadata/setting-custom-metadata',
    },
    place: 'the metadata key `user-data`',
    source: `${FCOS}/provisioning-gcp/`,
  },
  hetzner: {
    title: 'Hetzner Cloud',
    encodings: ['plain'],
    limit: {
      bytes: 32 * KIB,
      of: 'value',
      source: 'https://docs.hetzner.cloud/reference/cloud#servers-create-a-server',
    },
    place: 'user data',
    source: `${FCOS}/provisioning-hetzner/`,
  },
  hyperv: {
    title: 'Microsoft Hyper-V',
    encodings: ['plain'],
    unlimited: 'it is split at about 1 KiB',
    place: 'the key-value pairs `ignition.config.0` and so on',
    source: `${FCOS}/provisioning-hyperv/`,
  },
  kubevirt: {
    title: 'KubeVirt',
    encodings: ['plain', 'base64'],
    place: '`cloudInitConfigDrive`: `userData`, a Secret, or `userDataBase64`',
    source: `${FCOS}/provisioning-kubevirt/`,
  },
  metal: {
    title: 'bare metal',
    encodings: ['plain'],
    unlimited: 'it is a file',
    place: '`user.ign` in the initrd, or a live image',
    source: IGNITION,
  },
  nutanix: {
    title: 'Nutanix AHV',
    encodings: ['base64'],
    place: '`guest_customization.cloud_init.user_data`',
    source: `${FCOS}/provisioning-nutanix/`,
  },
  openstack: {
    title: 'OpenStack',
    encodings: ['plain', 'base64'],
    limit: { bytes: 65_535, of: 'base64', source: 'https://docs.openstack.org/nova/latest/user/metadata.html' },
    place: 'user data; the API takes base64',
    source: `${FCOS}/provisioning-openstack/`,
  },
  oraclecloud: {
    title: 'Oracle Cloud',
    encodings: ['plain', 'base64'],
    place: '`--user-data-file`; `metadata.user_data` of the API takes base64',
    source: `${FCOS}/provisioning-oraclecloud/`,
  },
  outscale: {
    title: '3DS Outscale',
    encodings: ['base64'],
    place: '`UserData`',
    source: 'https://docs.outscale.com/api#createvms',
  },
  packet: {
    title: 'Equinix Metal',
    encodings: ['plain'],
    place: 'user data',
    source: `${FLATCAR}/cloud/equinix-metal/`,
  },
  proxmoxve: {
    title: 'Proxmox VE',
    encodings: ['plain'],
    place: 'a snippet for `cicustom`',
    source: `${FCOS}/provisioning-proxmoxve/`,
  },
  qemu: {
    title: 'QEMU',
    encodings: ['plain'],
    unlimited: 'it is a file, slow to read when it is large',
    place: 'the fw_cfg file `opt/com.coreos/config`, or `opt/org.flatcar-linux/config` of Flatcar',
    source: `${FCOS}/provisioning-qemu/`,
  },
  scaleway: {
    title: 'Scaleway',
    encodings: ['plain'],
    place: 'the user data key `cloud-init`',
    source: IGNITION,
  },
  upcloud: {
    title: 'UpCloud',
    encodings: ['plain'],
    place: 'user data',
    source: IGNITION,
  },
  vmware: {
    title: 'VMware',
    encodings: ['base64', 'gzip+base64', 'plain'],
    limit: {
      bytes: 64 * KIB,
      of: 'value',
      source:
        'https://github.com/vmware/open-vm-tools/blob/42ce53f39be45b7795a9f1adf892af84629b4a19/open-vm-tools/lib/include/guest_msg_def.h#L100-L104',
    },
    place:
      '`guestinfo.ignition.config.data`, with the name of the encoding in `guestinfo.ignition.config.data.encoding`',
    source: `${FCOS}/provisioning-vmware/`,
  },
  vultr: {
    title: 'Vultr',
    encodings: ['plain', 'base64'],
    place: 'user data; the API takes base64',
    source: `${FCOS}/provisioning-vultr/`,
  },
} as const satisfies Readonly<Record<string, Platform>>;

/** A platform that pointers are made for. */
export type PlatformId = keyof typeof PLATFORMS;

/** Where nobody said which platform it is: no limit is known, and every encoding may be asked for. */
const ANY: Platform = {
  title: 'any platform',
  encodings: ['plain', 'base64', 'gzip+base64'],
  place: '',
  source: IGNITION,
};

/** The ids of all platforms, in the order of the alphabet. */
export const PLATFORM_IDS: readonly string[] = Object.freeze(Object.keys(PLATFORMS).sort());

/** True for the id of a platform. */
export function isPlatform(id: string): id is PlatformId {
  return Object.hasOwn(PLATFORMS, id);
}

/** What is known about a platform, or what holds where none is named. */
export function platformOf(id: PlatformId | undefined): Platform {
  return id === undefined ? ANY : PLATFORMS[id];
}
