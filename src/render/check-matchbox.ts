import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import { checkBoot, grubScript, ipxeScript } from '../matchbox/boot-scripts.ts';
import { checkCloud } from '../matchbox/cloud-config.ts';
import { selectInMatchbox } from '../site/matchbox/selection.ts';
import type { MatchboxProfile } from '../site/revision.ts';
import { fillText } from './matchbox-profile.ts';
import type { RenderRequest } from './render.ts';
import type { Renderer } from './renderer.ts';
import type { Served } from './served.ts';

/**
 * Makes everything that a profile of matchbox has for one machine. Throws what the first of them throws. The digest is
 * that of the Ignition where this is all there is.
 */
export async function renderDocuments(
  profile: MatchboxProfile,
  served: Served,
  request: RenderRequest,
  renderer: Renderer,
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly sha512: string }> {
  const selection = selectInMatchbox(served.revision, request.machine, profile.id);
  const ignition = profile.ignition === undefined ? undefined : await renderer.render(served, request);
  const others: (Buffer | string)[] = [];
  if (profile.generic !== undefined) others.push(fillText(profile, 'generic', selection, request.machine));
  if (profile.cloud !== undefined) {
    const content = fillText(profile, 'cloud', selection, request.machine);
    refuse(profile, checkCloud(content, profile.cloud.file));
    others.push(content);
  }
  refuse(profile, checkBoot(profile));
  if (profile.boot !== undefined) others.push(ipxeScript(profile.boot), grubScript(profile.boot));
  const { diagnostics = [], sha512 } = ignition ?? {};
  if (sha512 !== undefined && others.length === 0) return { diagnostics, sha512 };
  const hash = createHash('sha512').update(sha512 ?? '');
  for (const each of others) hash.update(each);
  return { diagnostics, sha512: hash.digest('hex') };
}

function refuse({ id }: MatchboxProfile, diagnostics: readonly Diagnostic[]): void {
  if (!hasErrors(diagnostics)) return;
  throw new ProvisioningError('profile-broken', `the profile ${id} does not render`, { diagnostics });
}
