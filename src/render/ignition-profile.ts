import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { IgnitionProfile } from '../site/revision.ts';
import { askIgnition } from './ask-ignition.ts';
import type { Served } from './served.ts';
import type { Finished, Translator } from './translate.ts';
import { finishBody } from './translate.ts';

/** A hand-written config that Ignition's own parser was asked about. */
export type CheckedIgnition =
  | ({ readonly ok: true; readonly diagnostics: readonly Diagnostic[] } & Finished)
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

interface Checking {
  readonly settings: string;
  readonly checked: Promise<CheckedIgnition>;
}

const CHECKED = new WeakMap<IgnitionProfile, Checking>();

/**
 * Checks and hashes a hand-written config, once for as long as neither it nor site.yaml changes. What is nobody's fault, such as a
 * butane that took too long, rejects with what the translator throws, and is tried again at the next call.
 */
export function checkIgnition(
  profile: IgnitionProfile,
  served: Served,
  translator: Translator,
): Promise<CheckedIgnition> {
  const settings = served.revision.settingsDigest;
  const known = CHECKED.get(profile);
  if (known?.settings === settings) return known.checked;
  const checked = check(profile, served, translator);
  CHECKED.set(profile, { settings, checked });
  checked.catch(() => CHECKED.delete(profile));
  return checked;
}

async function check(profile: IgnitionProfile, served: Served, translator: Translator): Promise<CheckedIgnition> {
  const diagnostics = await askIgnition(profile.bytes, profile.file, served, translator);
  return hasErrors(diagnostics) ? { ok: false, diagnostics } : { ok: true, diagnostics, ...finishBody(profile.bytes) };
}
