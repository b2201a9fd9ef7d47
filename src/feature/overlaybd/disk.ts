import type { FeatureContext, Part } from '../feature.ts';
import type { Overlaybd } from './block.ts';

/** Where the disk goes: containerd's content and snapshots, and beside them the caches of the backing store. */
export const DISK_MOUNT = '/var/lib/containerd';

/** A quota of a root file system is a project quota of the file system below it, which ext4 has to be made for. */
const QUOTA = {
  ext4: { mount_options: ['prjquota'], options: ['-O', 'project,quota', '-E', 'quotatype=prjquota'] },
  xfs: { mount_options: ['prjquota'] },
  btrfs: {},
} as const;

/** The file system on the disk, with the unit that mounts it. */
export function renderDisk({ disk, snapshotter }: Overlaybd, context: FeatureContext): readonly Part[] {
  if (disk === undefined) return [];
  const { device, format = 'ext4', wipe = false, label } = disk;
  const value = {
    device,
    path: DISK_MOUNT,
    format,
    wipe_filesystem: wipe,
    ...(label === undefined ? {} : { label }),
    ...(snapshotter?.rootfsQuota === undefined ? {} : QUOTA[format]),
    with_mount_unit: true,
  };
  return [{ section: 'filesystems', origin: context.at('disk'), value }];
}
