import { createHash } from 'node:crypto';
import type { BootTarget } from '../boot/plan.ts';
import { retryOf } from '../boot/retry.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { Profile } from '../site/revision.ts';
import type { Boot } from './boot.ts';
import type { RenderRequest } from './render.ts';
import type { Renderer } from './renderer.ts';
import type { Served } from './served.ts';

/** What is wrong with the boot of one machine, and the SHA-512 of its iPXE script if there is one. */
export interface CheckedBoot {
  readonly diagnostics: readonly Diagnostic[];
  readonly sha512?: string;
}

/** True for a profile that says something about booting it, right or wrong. */
export function hasBoot(profile: Profile): boolean {
  return profile.kind === 'composed' && profile.boot !== undefined;
}

/** The iPXE script that a machine of a case would get; throws what `Renderer.boot` and `Boot.write` do. */
export function scriptFor(served: Served, request: RenderRequest, renderer: Renderer): string {
  return writeFor(renderer.boot(served, request), 'ipxe', served, request);
}

function writeFor(boot: Boot, target: BootTarget, { revision }: Served, { machine }: RenderRequest): string {
  const asked = { target, profileId: boot.profile, machine, serviceUrl: undefined };
  return boot.write(target, retryOf(asked, revision.settings.boot.retrySeconds));
}

/**
 * Writes the boot of a machine for every boot loader. What only a boot loader knows of a machine, its UUID say, is no
 * fault of the site, and leaves the check without a result; what GRUB alone cannot take is a remark.
 */
export function checkBoot(served: Served, request: RenderRequest, renderer: Renderer): CheckedBoot | undefined {
  let boot: Boot;
  let script: string;
  try {
    boot = renderer.boot(served, request);
    script = writeFor(boot, 'ipxe', served, request);
  } catch (error) {
    if (!(error instanceof ProvisioningError) || error.code === 'internal') throw error;
    const diagnostics = error.diagnostics.filter(({ code }) => code !== 'parameter-missing');
    return diagnostics.length === 0 ? undefined : { diagnostics };
  }
  const sha512 = createHash('sha512').update(script).digest('hex');
  if (boot.kind === 'script') return { diagnostics: [], sha512 };
  try {
    writeFor(boot, 'grub', served, request);
    return { diagnostics: [], sha512 };
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
    return { diagnostics: error.diagnostics.map((each) => ({ ...each, severity: 'info' })), sha512 };
  }
}
