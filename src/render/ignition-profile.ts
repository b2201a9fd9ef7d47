import type { ReportEntry } from '../butane/butane.ts';
import { wrappingFcosVersion } from '../butane/variants.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { locateText } from '../fragment/locate.ts';
import type { Node } from '../fragment/node.ts';
import { reportOrigin } from '../fragment/report-origin.ts';
import { parseDocument } from '../site/definition.ts';
import type { IgnitionProfile } from '../site/revision.ts';
import type { Served } from './served.ts';
import type { Finished, Translator } from './translate.ts';
import { finishBody } from './translate.ts';

/** A hand-written config that Ignition's own parser was asked about; with an error among the diagnostics it is broken. */
export interface CheckedIgnition extends Finished {
  readonly diagnostics: readonly Diagnostic[];
}

const CHECKED = new WeakMap<IgnitionProfile, Promise<CheckedIgnition>>();

/**
 * Checks and hashes a hand-written config, once for as long as its revision is served. What is nobody's fault, such as a
 * butane that took too long, rejects with what the translator throws, and is tried again at the next call.
 */
export function checkIgnition(profile: IgnitionProfile, served: Served, translator: Translator) {
  const known = CHECKED.get(profile);
  if (known !== undefined) return known;
  const checking = check(profile, served, translator);
  CHECKED.set(profile, checking);
  checking.catch(() => CHECKED.delete(profile));
  return checking;
}

async function check(profile: IgnitionProfile, served: Served, translator: Translator): Promise<CheckedIgnition> {
  const { specVersion, diagnostics } = profile;
  if (specVersion === undefined || hasErrors(diagnostics)) {
    return { body: profile.bytes, specVersion: '', sha512: '', diagnostics };
  }
  const found = await askIgnition(profile, specVersion, served, translator);
  return { ...finishBody(profile.bytes), diagnostics: [...diagnostics, ...found] };
}

/**
 * Asks Ignition's own parser. butane holds that parser and runs it over inline merge configs whose version is the one it
 * translates to, so the profile is wrapped into one and the result thrown away.
 */
async function askIgnition(
  profile: IgnitionProfile,
  specVersion: string,
  { revision, filesDir }: Served,
  translator: Translator,
): Promise<readonly Diagnostic[]> {
  const root = parseDocument(profile.bytes, profile.file).value;
  const start = { file: profile.file, line: 1, column: 1 };
  const version = wrappingFcosVersion(specVersion);
  if (version === undefined) {
    const path = '$.ignition.version';
    const origin = root === undefined ? start : locateText(root, path).node.origin;
    const message = `spec version ${specVersion} is not known to this butane, or is experimental`;
    const hint = 'use a stable spec version from 3.0.0 on';
    return [{ severity: 'error', code: 'ignition', message, path, origin, hint }];
  }
  const inline = profile.bytes.toString('utf8');
  const wrapper = { variant: 'fcos', version, ignition: { config: { merge: [{ inline }] } } };
  const source = escapeForYaml(JSON.stringify(wrapper));
  const { filesDigest } = revision;
  const { content } = await translator.translate({ source, strict: false, filesDir, filesDigest });
  const entries = content.ok ? content.entries : content.failure.entries;
  const diagnostics = entries.map((entry) => mapEntry(entry, root, profile.file, revision.settings.strict));
  if (content.ok || hasErrors(diagnostics)) return diagnostics;
  return [...diagnostics, { severity: 'error', code: 'ignition', message: content.failure.failure, origin: start }];
}

function mapEntry(entry: ReportEntry, root: Node | undefined, file: string, strict: boolean): Diagnostic {
  return {
    severity: strict && entry.severity === 'warning' ? 'error' : entry.severity,
    code: 'ignition',
    message: entry.message,
    ...(entry.path === undefined ? {} : { path: entry.path }),
    origin: root === undefined ? { file, line: 1, column: 1 } : reportOrigin(root, entry.path, entry.message),
  };
}

/** JSON is YAML, but for a few characters that YAML wants escaped. */
function escapeForYaml(json: string): string {
  return json.replace(
    /[\u007f-\u009f\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
