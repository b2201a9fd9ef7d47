import type { Feature } from './feature.ts';
import { overlaybd } from './overlaybd/overlaybd.ts';
import { sysext } from './sysext/sysext.ts';
import { update } from './update/update.ts';

/** All features, in the order in which they are the base of the merge. */
export const FEATURES: readonly Feature[] = [overlaybd, sysext, update];
