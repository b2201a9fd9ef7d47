import type { Origin } from '../diagnostic.ts';
import type { MapNode } from '../fragment/node.ts';
import { child, childText } from '../fragment/node.ts';

/** What site.yaml says about machines that boot over the network. */
export interface BootSettings {
  /** What a machine without a boot does: it asks again, goes on to its next boot device, or boots this profile. */
  readonly unknown: 'retry' | 'exit' | { readonly profile: string; readonly origin: Origin };
  /** Seconds until a machine asks again. */
  readonly retrySeconds: number;
}

/** Bounds on `boot.retry`, in seconds: a machine that asks more often than it can read is no help to anybody. */
export const RETRY_SECONDS = { minimum: 1, maximum: 3600 } as const;

/** What holds when site.yaml says nothing. */
export const DEFAULT_BOOT_SETTINGS: BootSettings = Object.freeze({ unknown: 'retry', retrySeconds: 30 });

/** Reads `boot:` of site.yaml, which fits its schema. */
export function readBootSettings(root: MapNode): BootSettings {
  const boot = child(root, 'boot');
  const unknown = child(boot, 'unknown');
  const profile = child(unknown, 'profile');
  return {
    unknown:
      profile?.kind === 'scalar'
        ? { profile: profile.text, origin: profile.origin }
        : childText(boot, 'unknown') === 'exit'
          ? 'exit'
          : 'retry',
    retrySeconds: Number(childText(boot, 'retry') ?? DEFAULT_BOOT_SETTINGS.retrySeconds),
  };
}
