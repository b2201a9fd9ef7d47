/** What a cloud would say of a machine: what its groups say, and what it is. */
export interface Instance {
  readonly id: string;
  /** The profile that it gets. */
  readonly profile: string;
  readonly hostname?: string;
  readonly mac?: string;
  readonly arch?: string;
  readonly localIpv4?: string;
  readonly localIpv6?: string;
  readonly publicIpv4?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly type?: string;
  readonly image?: string;
  /** Lines as in `authorized_keys`. */
  readonly sshKeys: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** What `metadata:` of groups may say, by the keys that it has there. */
export interface InstanceMetadata {
  readonly 'instance-id'?: string;
  readonly hostname?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly 'instance-type'?: string;
  readonly image?: string;
  readonly 'local-ipv4'?: string;
  readonly 'public-ipv4'?: string;
  readonly 'ssh-keys'?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** The labels of a machine that an instance is made from. */
export interface InstanceLabels {
  readonly mac?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly hostname?: string;
  readonly arch?: string;
  readonly ip?: string;
}

/** An instance from what its groups say, the least specific first, and what the machine says of itself. */
export function makeInstance(
  profile: string,
  group: string | undefined,
  said: readonly InstanceMetadata[],
  labels: InstanceLabels,
): Instance {
  const { tags: _, ...own }: InstanceMetadata = Object.assign({}, ...said);
  const tags: Record<string, string> = Object.assign(Object.create(null), ...said.map((each) => each.tags ?? {}));
  const { ip } = labels;
  const isV6 = ip?.includes(':') ?? false;
  const found = {
    hostname: own.hostname ?? labels.hostname,
    mac: labels.mac,
    arch: labels.arch,
    localIpv4: own['local-ipv4'] ?? (isV6 ? undefined : ip),
    localIpv6: isV6 ? ip : undefined,
    publicIpv4: own['public-ipv4'],
    region: own.region,
    zone: own.zone,
    type: own['instance-type'],
    image: own.image,
  };
  const id = own['instance-id'] ?? labels.uuid ?? labels.serial ?? labels.mac?.replaceAll(':', '') ?? group ?? ip;
  const present = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  return { ...present, id: id ?? profile, profile, sshKeys: own['ssh-keys'] ?? [], tags };
}
