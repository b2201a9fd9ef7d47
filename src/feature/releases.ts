/** A release channel of Flatcar, or its long-term support. */
export type Channel = 'alpha' | 'beta' | 'stable' | 'lts';

/** What a line of Flatcar releases holds that a config depends on. */
export interface ReleaseLine {
  /** The first release of the line, as three numbers. */
  readonly version: Version;
  /** The channels that the line reached, the newest of which is what a channel's name stands for. */
  readonly channels: readonly Channel[];
  readonly containerd: string;
  /** The overlaybd package; absent where the release has no such system extension. */
  readonly overlaybd?: string;
  /** accelerated-container-image, which holds the snapshotter. */
  readonly snapshotter?: string;
}

/** Three numbers, compared from the left. */
export type Version = readonly [number, number, number];

/**
 * Lines of Flatcar releases, the oldest first, as their release notes and package lists tell; state of August 2026. A
 * release between two lines has what the older one has. Add a line when a new release changes one of these packages.
 */
export const RELEASE_LINES: readonly ReleaseLine[] = [
  { version: [3510, 3, 0], channels: ['lts'], containerd: '1.6.16' },
  { version: [4081, 3, 0], channels: ['lts'], containerd: '1.7.21' },
  { version: [4230, 2, 0], channels: ['stable'], containerd: '1.7.23' },
  {
    version: [4426, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.0.5',
    overlaybd: '1.0.15',
    snapshotter: '1.3.0',
  },
  { version: [4459, 2, 0], channels: ['stable'], containerd: '2.0.7', overlaybd: '1.0.15', snapshotter: '1.3.0' },
  {
    version: [4515, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.1.5',
    overlaybd: '1.0.15',
    snapshotter: '1.3.0',
  },
  {
    version: [4547, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.1.5',
    overlaybd: '1.0.16',
    snapshotter: '1.3.0',
  },
  {
    version: [4593, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.1.5',
    overlaybd: '1.0.16',
    snapshotter: '1.3.0',
  },
  { version: [4593, 2, 0], channels: ['stable'], containerd: '2.1.5', overlaybd: '1.0.16', snapshotter: '1.3.0' },
  {
    version: [4628, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.2.0',
    overlaybd: '1.0.16',
    snapshotter: '1.3.0',
  },
  { version: [4669, 0, 0], channels: ['alpha'], containerd: '2.2.1', overlaybd: '1.0.16', snapshotter: '1.4.3' },
  {
    version: [4694, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.2.1',
    overlaybd: '1.0.16',
    snapshotter: '1.4.3',
  },
  {
    version: [4722, 0, 0],
    channels: ['alpha', 'beta'],
    containerd: '2.2.2',
    overlaybd: '1.0.17',
    snapshotter: '1.4.3',
  },
  { version: [4757, 1, 0], channels: ['beta'], containerd: '2.2.5', overlaybd: '1.0.17', snapshotter: '1.4.3' },
  { version: [4790, 0, 0], channels: ['alpha'], containerd: '2.2.5', overlaybd: '1.0.17', snapshotter: '1.4.3' },
  // Nightly builds; no channel has it yet.
  { version: [4799, 0, 0], channels: [], containerd: '2.2.5', overlaybd: '1.0.18', snapshotter: '1.4.4' },
];
