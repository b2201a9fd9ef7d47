import type { FeatureContext, Part } from '../feature.ts';
import type { Overlaybd } from './block.ts';

/** Where the disk goes: containerd's content and snapshots, and beside them the caches of the backing store. */
export const DISK_MOUNT = '/var/lib/containerd';

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
    // A quota of a root file system is a project quota of the file system below it.
    ...(snapshotter?.rootfsQuota === undefined ? {} : { mount_options: ['prjquota'] }),
    with_mount_unit: true,
  };
  return [{ section: 'filesystems', origin: context.at('disk'), value }];
}
