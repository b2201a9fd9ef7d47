import type { Version } from '../releases.ts';

/** What Flatcar's images exist for. */
export type Architecture = 'amd64' | 'arm64';

/** A system extension that Flatcar builds and signs with each of its releases. */
export interface OfficialExtension {
  /** The first release that has it; a machine of an older one looks for it, does not find it, and stops its boot. */
  readonly first: Version;
  readonly architectures: readonly Architecture[];
}

const BOTH: readonly Architecture[] = ['amd64', 'arm64'];
const NVIDIA: OfficialExtension = { first: [4344, 0, 0], architectures: ['amd64'] };

/** The official extensions by their names in the list; state of August 2026. Add a line for a new one. */
export const OFFICIAL_EXTENSIONS: Readonly<Record<string, OfficialExtension>> = {
  incus: { first: [4285, 0, 0], architectures: BOTH },
  'nvidia-drivers-535': NVIDIA,
  'nvidia-drivers-535-open': NVIDIA,
  'nvidia-drivers-550': NVIDIA,
  'nvidia-drivers-550-open': NVIDIA,
  'nvidia-drivers-570': NVIDIA,
  'nvidia-drivers-570-open': NVIDIA,
  overlaybd: { first: [4426, 0, 0], architectures: BOTH },
  podman: { first: [3941, 0, 0], architectures: BOTH },
  python: { first: [4012, 0, 0], architectures: BOTH },
  zfs: { first: [3913, 0, 0], architectures: BOTH },
};

/** The extensions that are part of the image, and on unless they are disabled. */
export const DEFAULT_EXTENSIONS = ['containerd-flatcar', 'docker-flatcar'] as const;

/** The newest line of releases that does not read the list of extensions, by its first number. */
export const LAST_WITHOUT_LIST = 3510;
