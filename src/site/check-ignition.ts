import type { Butane } from '../butane/butane.ts';
import { wrappingFcosVersion } from '../butane/variants.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { locateText } from '../fragment/locate.ts';
import { reportOrigin } from '../fragment/report-origin.ts';
import { parseDocument } from './definition.ts';
import type { IgnitionProfile, Revision } from './revision.ts';

/**
 * Asks Ignition's own parser about every hand-written Ignition profile. butane holds that parser and runs it over inline
 * merge configs whose version is the one it translates to, so the profile is wrapped into one and the result thrown away.
 * Returns a revision in which the faults stand with their profiles.
 */
export async function checkIgnitionProfiles(revision: Revision, butane: Butane): Promise<Revision> {
  const profiles = new Map(revision.profiles);
  for (const profile of revision.profiles.values()) {
    if (profile.kind !== 'ignition' || profile.specVersion === undefined || profile.diagnostics.length > 0) continue;
    const diagnostics = await checkIgnition(profile, profile.specVersion, revision, butane);
    profiles.set(profile.id, { ...profile, diagnostics });
  }
  return Object.freeze({ ...revision, profiles });
}

async function checkIgnition(
  profile: IgnitionProfile,
  specVersion: string,
  revision: Revision,
  butane: Butane,
): Promise<readonly Diagnostic[]> {
  const root = parseDocument(profile.bytes, profile.file).value;
  const origin = { file: profile.file, line: 1, column: 1 };
  const version = wrappingFcosVersion(specVersion);
  if (version === undefined) {
    const message = `spec version ${specVersion} is not known to this butane, or is experimental`;
    const hint = 'use a stable spec version from 3.0.0 on';
    const place = root === undefined ? origin : locateText(root, '$.ignition.version').node.origin;
    return [{ severity: 'error', code: 'ignition', message, path: '$.ignition.version', origin: place, hint }];
  }
  const inline = profile.bytes.toString('utf8');
  const wrapper = { variant: 'fcos', version, ignition: { config: { merge: [{ inline }] } } };
  const result = await butane.translate({ source: escapeForYaml(JSON.stringify(wrapper)), strict: false });
  const entries = result.ok ? result.entries : result.entries.filter((entry) => entry.severity !== 'info');
  const diagnostics = entries.map((entry): Diagnostic => {
    const strictly = revision.settings.strict && entry.severity === 'warning';
    const place = root === undefined ? origin : reportOrigin(root, entry.path, entry.message);
    return {
      severity: strictly ? 'error' : entry.severity,
      code: 'ignition',
      message: entry.message,
      ...(entry.path === undefined ? {} : { path: entry.path }),
      origin: place,
    };
  });
  if (!result.ok && diagnostics.length === 0) {
    return [{ severity: 'error', code: 'ignition', message: result.failure, origin }];
  }
  return diagnostics;
}

/** JSON is YAML, but for a few characters that YAML wants escaped. */
function escapeForYaml(json: string): string {
  return json.replace(
    /[\u007f-\u009f\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
